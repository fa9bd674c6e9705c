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
import { hashLink } from "./welcome.ts";

const LINK_BYTES = 32;
const LINK_TTL_SECONDS = 3 * 24 * 3600;

const ROLE_SUMMARIES: Readonly<Record<Role, string>> = {
  viewer: "Viewer: sees everything but secrets and people's values",
  admin: "Admin: activates, rotates tokens, mends what failed",
  owner: "Owner: accounts, tenants and erasure besides",
};

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
  const columns = ["Login", "Role", "State", "Signs in by", "Last sign-in", "Sessions"].map((label) => ({
    label,
    isNumber: label === "Sessions",
  }));
  const rows = accounts.map((account) => [
    html`<a href="/settings/accounts/${account.id}">${account.login}</a>`,
    account.role,
    accountState(account),
    account.oidcIssuer ?? (account.hasPassword ? "Password" : "Nothing yet"),
    account.lastSignInAt === null ? "Never" : ago(account.lastSignInAt, at),
    account.sessions,
  ]);
  const body = html`<h1>Accounts</h1>
    ${settingsTabs("/settings/accounts", visit.session.role)} ${wrong && problem(wrong.text)}
    ${table("Accounts", columns, rows)}
    <section class="medium">
      <h2>Invite somebody</h2>
      <form class="card stack" method="post" action="/settings/accounts">
        ${csrfField(visit)}
        <div class="field">
          <label for="login">Login</label>
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
          <p class="hint" id="login-hint">
            A name or an e-mail address, in lower case; it stands in the audit.
          </p>
        </div>
        ${roleField(fields.role)}
        <button type="submit">Create account</button>
      </form>
    </section>`;
  return page("Accounts", body, { status: wrong?.status ?? 200, section: "settings" });
}

export function accountState({
  disabledAt,
  lockedUntil,
  linkExpiresAt,
  hasPassword,
  oidcIssuer,
}: AccountDetails) {
  if (disabledAt !== null) return badge("idle", "Disabled");
  if (lockedUntil !== null) return badge("bad", "Locked for a while");
  if (hasPassword || oidcIssuer !== null) return badge("good", "Active");
  return linkExpiresAt === null ? badge("bad", "No way in") : badge("warn", "Invited");
}

export function roleField(chosen: Role): Html {
  return html`<div class="field">
    <label for="role">Role</label>
    <select id="role" name="role">
      ${ROLES.map((role) =>
        role === chosen
          ? html`<option value="${role}" selected>${ROLE_SUMMARIES[role]}</option>`
          : html`<option value="${role}">${ROLE_SUMMARIES[role]}</option>`,
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
  if (role === undefined) return refuse(422, "Choose a role.");
  if (!LOGIN_PATTERN.test(login))
    return refuse(
      422,
      "A login has letters, digits and . _ @ + -, 100 at most, and begins with a letter or digit.",
    );
  const actor = visit.session.login;
  const code = await deps.database.transaction(async (tx) => {
    const account = await createAccount(tx, { login, role, passwordHash: null });
    if (account === undefined) return undefined;
    await recordAudit(tx, [
      { tenantId: null, actor, action: "account.created", subject: `${login}: ${role}` },
    ]);
    return makeLink(tx, deps, { account, actor });
  });
  if (code === undefined) return refuse(409, `There is an account “${login}” already.`);
  return linkOnce(deps, { login, code, title: `${login} is invited` });
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
  const body = html`<div class="medium">
    <h1>${title}</h1>
    <section class="card stack secret">
      <h2>Send this link to ${login}</h2>
      ${facts([
        ["Link", copyable("link", `${consoleUrl()}/welcome?code=${code}`)],
        ["Good until", time(new Date(now().getTime() + LINK_TTL_SECONDS * 1000))],
      ])}
      <p class="caution">
        <strong>The link is shown this once, and works once.</strong> Whoever has it chooses the password:
        send it by a way that only ${login} reads.
      </p>
    </section>
    <p><a class="button" href="/settings/accounts">Back to the accounts</a></p>
  </div>`;
  return page(title, body, { section: "settings" });
}
