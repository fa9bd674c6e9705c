/**
 * A small HR product as a customer of Rollcall would write it: a sign-in page, a session, and Rollcall as the only source
 * of who may use it. A real one checks a password or an identity provider's token first; this one believes the address.
 */
import { randomBytes } from "node:crypto";
import express, { type Express, type Request, type Response } from "express";
import {
  type LoginAnswer,
  type LoginReason,
  loginGuard,
  type RollcallClient,
} from "../../src/client/index.ts";

interface Session {
  readonly userName: string;
  /** As they were at sign-in. */
  readonly roles: readonly string[];
}

const COOKIE = "demo_session";

/** What a person who is turned away can do about it. */
const HELP: Readonly<Record<LoginReason, string>> = {
  active: "",
  exempt: "",
  not_provisioned:
    "Your company has not given you access yet. Ask your IT department to assign you to this product.",
  deactivated:
    "Your company has ended your access. If that is a mistake, your IT department can give it back.",
  ambiguous: "Two accounts have this address. Ask your IT department which one is yours.",
  not_activated: "Your company has not connected its directory to this product yet.",
  unreachable: "We cannot check your access at the moment. Please try again in a minute.",
};

export function createDemoProduct(rollcall: RollcallClient): Express {
  const sessions = new Map<string, Session>();
  const app = express();
  app.disable("x-powered-by");
  app.use(express.urlencoded({ extended: false }));

  // Every request of a session is checked, so that it ends when the access does.
  app.use(
    loginGuard<Request, Response>(rollcall, {
      person: (request) => {
        const session = sessions.get(sessionIdOf(request));
        return session && { userName: session.userName };
      },
      refuse: (answer, request, response) => {
        sessions.delete(sessionIdOf(request));
        turnAway(answer, response.clearCookie(COOKIE));
      },
    }),
  );

  app.get("/", (request, response) => {
    const session = sessions.get(sessionIdOf(request));
    response.send(session ? homePage(session) : signInPage());
  });

  app.post("/sign-in", async (request, response) => {
    const { userName = "" } = request.body as { userName?: string };
    const answer = await rollcall.mayLogIn({ userName: userName.trim() || "nobody" });
    if (!answer.allowed) {
      turnAway(answer, response);
      return;
    }
    const id = randomBytes(32).toString("base64url");
    sessions.set(id, { userName: userName.trim(), roles: answer.roles ?? [] });
    response.cookie(COOKIE, id, { httpOnly: true, sameSite: "lax" }).redirect(303, "/");
  });

  app.post("/sign-out", (request, response) => {
    sessions.delete(sessionIdOf(request));
    response.clearCookie(COOKIE).redirect(303, "/");
  });

  // Asked by the open page every half second: the guard above has the answer.
  app.get("/session", (request, response) => {
    response.status(sessions.has(sessionIdOf(request)) ? 204 : 401).end();
  });
  return app;
}

function sessionIdOf(request: Request): string {
  return new RegExp(`(?:^|; )${COOKIE}=([\\w-]+)`).exec(request.headers.cookie ?? "")?.[1] ?? "";
}

function turnAway({ reason }: LoginAnswer, response: Response): void {
  response
    .status(403)
    .send(
      page("No access", `<p role="alert">${HELP[reason]}</p><p><a href="/">Sign in as somebody else</a></p>`),
    );
}

function signInPage(): string {
  return page(
    "Sign in",
    `<form method="post" action="/sign-in"><label>Work e-mail <input name="userName" required autofocus></label>
    <button>Sign in</button></form>`,
  );
}

function homePage({ userName, roles }: Session): string {
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

function page(title: string, body: string): string {
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
