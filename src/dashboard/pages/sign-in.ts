/** The sign-in page. It says the same whether the login is unknown, the password wrong or the account locked. */
import type { Client } from "../../store/sessions.ts";
import { html } from "../html.ts";
import { type Answer, csrfField, page, redirect, type Visit } from "../page.ts";
import { problem } from "../parts.ts";
import type { SignIn } from "../session.ts";
import { texts } from "../texts/texts.ts";

const words = texts.signIn;

/** @param provider - what the operator's OpenID provider is called, where there is one */
export function showSignIn(visit: Visit, provider?: string): Answer {
  return signInPage(visit, { next: visit.query.get("next"), status: 200, provider });
}

export async function submitSignIn(
  visit: Visit,
  signIn: (login: string, password: string, client: Client) => Promise<SignIn>,
  provider?: string,
): Promise<Answer> {
  const next = visit.form.get("next");
  const login = visit.form.get("login") ?? "";
  const result = await signIn(login, visit.form.get("password") ?? "", visit.client);
  switch (result.kind) {
    case "signed-in":
      return redirect(ownPath(next), { kind: "begin", id: result.sessionId });
    case "refused":
      return signInPage(visit, { next, login, problem: words.refused, status: 401, provider });
    case "busy":
      return signInPage(visit, { next, login, problem: words.busy, status: 503, provider });
  }
}

interface Shown {
  readonly next: string | null;
  readonly login?: string;
  readonly problem?: string;
  readonly status: number;
  readonly provider: string | undefined;
}

function signInPage(visit: Visit, shown: Shown): Answer {
  const body = html`<div class="narrow">
    <h1>${words.title}</h1>
    <p class="lead">${words.lead}</p>
    ${shown.problem && problem(shown.problem)}
    ${
      shown.provider !== undefined &&
      html`<p>
          <a class="button wide" href="/sign-in/oidc?next=${encodeURIComponent(ownPath(shown.next))}"
            >${words.withProvider(shown.provider)}</a
          >
        </p>
        <p class="muted small">${words.orOwnAccount}</p>`
    }
    <form class="card stack" method="post" action="/sign-in">
      ${csrfField(visit)}
      <input type="hidden" name="next" value="${ownPath(shown.next)}" />
      <div class="field">
        <label for="login">${words.login}</label>
        <input
          id="login"
          name="login"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          value="${shown.login ?? ""}"
        />
      </div>
      <div class="field">
        <label for="password">${words.password}</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required />
      </div>
      <button type="submit">${words.title}</button>
    </form>
    <p class="note">${words.firstAccount}</p>
  </div>`;
  return page(words.title, body, { status: shown.status });
}

/** Only a path of this console, or sign-in could be made to send people elsewhere. */
export function ownPath(next: string | null): string {
  return next !== null && /^\/(?![/\\])[\w\-./?=&%]*$/.test(next) ? next : "/";
}
