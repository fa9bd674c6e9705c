/** Where a one-time link leads: whoever has it sets the account's password, and may then sign in. */
import { hashPassword } from "../../platform/passwords.ts";
import { hashToken } from "../../platform/secrets.ts";
import { findLink, setPassword, takeLink } from "../../store/account-changes.ts";
import type { Account } from "../../store/accounts.ts";
import { recordAudit } from "../../store/audit.ts";
import { html } from "../html.ts";
import { passwordFields, passwordProblem } from "../new-password.ts";
import { type Answer, type Console, csrfField, page, redirect, type Visit } from "../page.ts";
import { problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.signIn;

/** Tokens are hashed under the same secret: the prefix keeps them apart. */
export function hashLink(secret: string, code: string): Buffer {
  return hashToken(secret, `console link ${code}`);
}

export async function showWelcome(visit: Visit, { database, secret }: Console): Promise<Answer> {
  const code = visit.query.get("code") ?? "";
  const account = await findLink(database, hashLink(secret, code));
  return account === undefined ? linkEnded() : form(visit, account, { code });
}

export async function submitWelcome(visit: Visit, { database, secret }: Console): Promise<Answer> {
  const code = visit.form.get("code") ?? "";
  const hash = hashLink(secret, code);
  const account = await findLink(database, hash);
  if (account === undefined) return linkEnded();
  const { id, login } = account;
  const wrong = await passwordProblem(visit.form, login);
  if (wrong !== undefined) return form(visit, account, { code, wrong });
  const passwordHash = await hashPassword(visit.form.get("password") ?? "");
  const isTaken = await database.transaction(async (tx) => {
    // Of two who use it at once, one is first.
    if (!(await takeLink(tx, hash))) return false;
    await setPassword(tx, { id, passwordHash });
    await recordAudit(tx, [{ tenantId: null, actor: login, action: "account.password_set", subject: login }]);
    return true;
  });
  return isTaken ? redirect("/sign-in") : linkEnded();
}

function linkEnded(): Answer {
  const body = html`<h1>${words.linkEnded}</h1>
    <p>${words.linkEndedMeans}</p>
    <p><a href="/sign-in">${words.toSignIn}</a></p>`;
  return page(words.linkEndedTitle, body, { status: 404 });
}

function form(
  visit: Visit,
  { login }: Account,
  { code, wrong }: { readonly code: string; readonly wrong?: string },
): Answer {
  const body = html`<div class="narrow">
    <h1>${words.welcome}</h1>
    <p class="lead">${words.welcomeLead(login)}</p>
    ${wrong !== undefined && problem(wrong)}
    <form class="card stack" method="post" action="/welcome">
      ${csrfField(visit)}
      <input type="hidden" name="code" value="${code}" />
      ${passwordFields()}
      <button type="submit">${words.setPassword}</button>
    </form>
  </div>`;
  return page(words.welcome, body, { status: wrong === undefined ? 200 : 422 });
}
