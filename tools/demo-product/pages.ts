/** What the demo product shows: plain pages without a file beside them. */

/** Who is signed in. */
export interface Session {
  readonly userName: string;
  /** As they were at sign-in. */
  readonly roles: readonly string[];
}

export function signInPage(): string {
  return page(
    "Sign in",
    `<form method="post" action="/sign-in"><label>Work e-mail <input name="userName" required autofocus></label>
    <button>Sign in</button></form>`,
  );
}

export function homePage({ userName, roles }: Session): string {
  const may =
    roles.length === 0 ? "You have no particular role." : `Your roles: ${roles.map(escaped).join(", ")}.`;
  return page(
    `Hello, ${escaped(userName)}`,
    `<p>Your reviews, your team, your pay slips.</p><p>${may}</p><form method="post" action="/sign-out"><button>Sign out</button></form>
    <script>setInterval(async () => {
      const response = await fetch("/session");
      if (response.status === 403) document.documentElement.innerHTML = await response.text();
    }, 500);</script>`,
  );
}

export function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>${title}</title>
    <style>${STYLE}</style>
  </head>
  <body>
    <main>
      <h1>${title}</h1>
      ${body}
    </main>
  </body>
</html>`;
}

const STYLE = `
  :root { color-scheme: light dark; --accent: light-dark(#2453c9, #8fb0ff); --on-accent: light-dark(#fff, #0d1730) }
  body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#f6f7f9, #0f131a);
    color: light-dark(#1b2130, #e6e9ef) }
  main { box-sizing: border-box; max-width: 28rem; margin: 10vh auto; padding: 2rem;
    background: light-dark(#fff, #171c26); border: 1px solid light-dark(#dde1e8, #2a3140); border-radius: 12px;
    overflow-wrap: anywhere }
  h1 { margin: 0 0 1rem; font-size: 1.5rem; line-height: 1.25 }
  a { color: var(--accent) }
  label { display: block; font-weight: 600 }
  input { box-sizing: border-box; width: 100%; margin: .25rem 0 1rem; padding: .5rem .75rem; font: inherit;
    color: inherit; background: transparent; border: 1px solid light-dark(#8a93a3, #6d788c); border-radius: 8px }
  button { padding: .5rem 1.25rem; font: inherit; font-weight: 600; color: var(--on-accent); background: var(--accent);
    border: 0; border-radius: 8px; cursor: pointer }
  :focus-visible { outline: 2px solid var(--accent); outline-offset: 2px }`;

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
