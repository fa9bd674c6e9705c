/** Everybody who may sign in: who they are, what they may, and a form for another one. */
import { randomBytes } from "node:crypto";
import { type AccountDetails, createLink, listAccounts } from "../../store/account-changes.ts";
import { createAccount, LOGIN_PATTERN, type Role, ROLES } from "../../store/accounts.ts";
import { recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import { ago, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { settingsTabs } from "../navigation.ts";
import { type Answer, type Console, csrfField, type MemberVisit, page } from "../page.ts";
import { badge, copyable, facts, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { hashLink } from "./welcome.ts";

const words = texts.accounts;

const LINK_BYTES = 32;
const LINK_TTL_SECONDS = 3 * 24 * 3600;

export async function showAccounts(visit: MemberVisit, deps: Console): Promise<Answer> {
  return accountsPage(visit, deps, { login: "", role: "viewer" });
}

interface Fields {
  readonly login: string;
  readonly role: Role;
}

async function accountsPage(
  visit: MemberVisit,
  { database, now }: Console,
  fields: Fields,
  wrong?: { readonly status: number; readonly text: string },
): Promise<Answer> {
  const accounts = await listAccounts(database);
  const at = now();
  const { login, role, state, signsInBy, lastSignIn, sessions } = words;
  const columns = [login, role, state, signsInBy, lastSignIn, sessions].map((label) => ({
    label,
    isNumber: label === sessions,
  }));
  const rows = accounts.map((account) => [
    html`<a href="/settings/accounts/${account.id}">${account.login}</a>`,
    texts.common.roles[account.role],
    accountState(account),
    account.oidcIssuer ?? (account.hasPassword ? words.byPassword : words.byNothing),
    account.lastSignInAt === null ? words.never : ago(account.lastSignInAt, at),
    account.sessions,
  ]);
  const body = html`<h1>${words.title}</h1>
    ${settingsTabs("/settings/accounts", visit.session.role)} ${wrong && problem(wrong.text)}
    ${table(words.title, columns, rows)}
    <section class="medium">
      <h2>${words.invite}</h2>
      <form class="card stack" method="post" action="/settings/accounts">
        ${csrfField(visit)}
        <div class="field">
          <label for="login">${words.login}</label>
          <input
            id="login"
            name="login"
            required
            maxlength="100"
            autocapitalize="none"
            autocomplete="off"
            spellcheck="false"
            aria-describedby="login-hint"
            value="${fields.login}"
          />
          <p class="hint" id="login-hint">${words.loginMore}</p>
        </div>
        ${roleField(fields.role)}
        <button type="submit">${words.create}</button>
      </form>
    </section>`;
  return page(words.title, body, { status: wrong?.status ?? 200, section: "settings" });
}

export function accountState({
  disabledAt,
  lockedUntil,
  linkExpiresAt,
  hasPassword,
  oidcIssuer,
}: AccountDetails) {
  const { states } = words;
  if (disabledAt !== null) return badge("idle", states.disabled);
  if (lockedUntil !== null) return badge("bad", states.locked);
  if (hasPassword || oidcIssuer !== null) return badge("good", states.active);
  return linkExpiresAt === null ? badge("bad", states.noWayIn) : badge("warn", states.invited);
}

export function roleField(chosen: Role): Html {
  return html`<div class="field">
    <label for="role">${words.role}</label>
    <select id="role" name="role">
      ${ROLES.map((role) =>
        role === chosen
          ? html`<option value="${role}" selected>${words.roles[role]}</option>`
          : html`<option value="${role}">${words.roles[role]}</option>`,
      )}
    </select>
  </div>`;
}

/** @returns undefined for what is no role */
export function roleIn(form: URLSearchParams): Role | undefined {
  return ROLES.find((role) => role === form.get("role"));
}

export async function submitAccount(visit: MemberVisit, deps: Console): Promise<Answer> {
  const login = (visit.form.get("login") ?? "").trim().toLowerCase();
  const role = roleIn(visit.form);
  const refuse = (status: number, text: string): Promise<Answer> =>
    accountsPage(visit, deps, { login, role: role ?? "viewer" }, { status, text });
  if (role === undefined) return refuse(422, words.noRole);
  if (!LOGIN_PATTERN.test(login)) return refuse(422, words.wrongLogin);
  const actor = visit.session.login;
  const code = await deps.database.transaction(async (tx) => {
    const account = await createAccount(tx, { login, role, passwordHash: null });
    if (account === undefined) return undefined;
    await recordAudit(tx, [
      { tenantId: null, actor, action: "account.created", subject: `${login}: ${role}` },
    ]);
    return makeLink(tx, deps, { account, actor });
  });
  if (code === undefined) return refuse(409, words.takenLogin(login));
  return linkOnce(deps, { login, code, title: words.invited(login) });
}

/** A new link of an account; what it had before ends. @returns what the link holds, which is stored as a hash alone */
export async function makeLink(
  tx: Transaction,
  { secret }: Pick<Console, "secret">,
  {
    account,
    actor,
  }: { readonly account: { readonly id: string; readonly login: string }; readonly actor: string },
): Promise<string> {
  const code = randomBytes(LINK_BYTES).toString("base64url");
  await createLink(tx, {
    accountId: account.id,
    hash: hashLink(secret, code),
    ttlSeconds: LINK_TTL_SECONDS,
  });
  await recordAudit(tx, [{ tenantId: null, actor, action: "account.link_created", subject: account.login }]);
  return code;
}

/** The page that shows a link: once, as the answer to the post that made it. */
export function linkOnce(
  { consoleUrl, now }: Console,
  { login, code, title }: { readonly login: string; readonly code: string; readonly title: string },
): Answer {
  const said = words.link;
  const body = html`<div class="medium">
    <h1>${title}</h1>
    <section class="card stack secret">
      <h2>${said.send(login)}</h2>
      ${facts([
        [said.link, copyable("link", `${consoleUrl()}/welcome?code=${code}`)],
        [said.goodUntil, time(new Date(now().getTime() + LINK_TTL_SECONDS * 1000))],
      ])}
      <p class="caution"><strong>${said.once}</strong> ${said.onceMore(login)}</p>
    </section>
    <p><a class="button" href="/settings/accounts">${said.back}</a></p>
  </div>`;
  return page(title, body, { section: "settings" });
}
