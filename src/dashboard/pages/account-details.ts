/** One account, as an owner changes it: role, a new way in, sessions, disabled and enabled. */
import {
  type AccountChange,
  type AccountDetails,
  disableAccount,
  enableAccount,
  findAccount,
  setRole,
} from "../../store/account-changes.ts";
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import { endSessions, listSessions } from "../../store/sessions.ts";
import { date, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  isId,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { crumbs, facts, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { sessionsSection } from "./account.ts";
import { accountState, linkOnce, makeLink, roleField, roleIn } from "./accounts.ts";

const words = texts.accounts;

async function accountOf(visit: MemberVisit, { database }: Console): Promise<AccountDetails | undefined> {
  const id = visit.params["id"] ?? "";
  return isId(id) ? findAccount(database, id) : undefined;
}

export async function showAccountDetails(visit: MemberVisit, deps: Console): Promise<Answer> {
  const account = await accountOf(visit, deps);
  return account === undefined ? notFound(words.one.noSuch) : detailsPage(visit, deps, account);
}

async function detailsPage(
  visit: MemberVisit,
  { database, now }: Console,
  account: AccountDetails,
  wrong?: { readonly status: number; readonly text: string },
): Promise<Answer> {
  const sessions = await listSessions(database, account.id);
  const path = `/settings/accounts/${account.id}`;
  const said = words.one;
  const body = html`${crumbs([
      [said.settings, "/settings"],
      [words.title, "/settings/accounts"],
    ])}
    <div class="title-row">
      <h1>${account.login}</h1>
      ${accountState(account)}
    </div>
    ${wrong && problem(wrong.text)}
    ${facts([
      [words.role, texts.common.roles[account.role]],
      [said.created, date(account.createdAt)],
      [words.lastSignIn, account.lastSignInAt === null ? words.never : time(account.lastSignInAt)],
      [words.signsInBy, account.oidcIssuer ?? (account.hasPassword ? words.byPassword : words.byNothing)],
      [said.linkUntil, account.linkExpiresAt === null ? said.noLink : time(account.linkExpiresAt)],
      [
        said.audit,
        html`<a href="/settings/audit?actor=${account.login}">${said.whatTheyDid(account.login)}</a>`,
      ],
    ])}
    ${account.disabledAt === null ? changes(visit, account, path) : enableForm(visit, path)}
    ${sessionsSection(sessions, {
      visit,
      now: now(),
      path: `${path}/sessions`,
      currentId: visit.session.sessionId,
    })}`;
  return page(account.login, body, { status: wrong?.status ?? 200, section: "settings" });
}

function changes(visit: MemberVisit, account: AccountDetails, path: string): Html {
  const said = words.one;
  return html`<section class="card stack medium">
    <h2>${said.change}</h2>
    ${
      account.oidcIssuer === null
        ? html`<form class="stack" method="post" action="${path}/role">
              ${csrfField(visit)} ${roleField(account.role)}
              <button type="submit">${said.saveRole}</button>
            </form>
            <form class="actions" method="post" action="${path}/link">
              ${csrfField(visit)}
              <button class="quiet" type="submit">${said.makeLink}</button>
              <span class="muted small">${said.makeLinkMore}</span>
            </form>`
        : html`<p class="muted">${said.byProvider}</p>`
    }
    <form class="actions" method="post" action="${path}/disable">
      ${csrfField(visit)}
      <button class="danger" type="submit">${said.disable}</button>
      <span class="muted small">${said.disableMore(account.login)}</span>
    </form>
  </section>`;
}

function enableForm(visit: MemberVisit, path: string): Html {
  return html`<form class="actions" method="post" action="${path}/enable">
    ${csrfField(visit)}
    <button type="submit">${words.one.enable}</button>
    <span class="muted small">${words.one.enableMore}</span>
  </form>`;
}

interface Change {
  readonly action: AuditAction;
  /** What stands in the audit, after the login. */
  readonly more?: string;
  readonly change: (tx: Transaction, id: string) => Promise<AccountChange>;
}

async function submit(visit: MemberVisit, deps: Console, { action, more, change }: Change): Promise<Answer> {
  const account = await accountOf(visit, deps);
  if (account === undefined) return notFound(words.one.noSuch);
  const done = await deps.database.transaction(async (tx) => {
    const result = await change(tx, account.id);
    const subject = more === undefined ? account.login : `${account.login}: ${more}`;
    if (result === "changed")
      await recordAudit(tx, [{ tenantId: null, actor: visit.session.login, action, subject }]);
    return result;
  });
  if (done === "last_owner")
    return detailsPage(visit, deps, account, { status: 409, text: words.one.lastOwner });
  return redirect(`/settings/accounts/${account.id}`);
}

export async function submitRole(visit: MemberVisit, deps: Console): Promise<Answer> {
  const role = roleIn(visit.form);
  const account = await accountOf(visit, deps);
  if (account === undefined) return notFound(words.one.noSuch);
  if (role === undefined) return detailsPage(visit, deps, account, { status: 422, text: words.noRole });
  return submit(visit, deps, {
    action: "account.role_changed",
    more: `${account.role} → ${role}`,
    change: (tx, id) => setRole(tx, id, role),
  });
}

export function submitDisable(visit: MemberVisit, deps: Console): Promise<Answer> {
  return submit(visit, deps, { action: "account.disabled", change: disableAccount });
}

export function submitEnable(visit: MemberVisit, deps: Console): Promise<Answer> {
  return submit(visit, deps, { action: "account.enabled", change: enableAccount });
}

export async function submitLink(visit: MemberVisit, deps: Console): Promise<Answer> {
  const account = await accountOf(visit, deps);
  if (account === undefined || account.disabledAt !== null || account.oidcIssuer !== null)
    return notFound(words.one.noSuch);
  const actor = visit.session.login;
  const code = await deps.database.transaction((tx) => makeLink(tx, deps, { account, actor }));
  return linkOnce(deps, { login: account.login, code, title: words.one.wayIn(account.login) });
}

export async function submitEndAccountSession(visit: MemberVisit, deps: Console): Promise<Answer> {
  const account = await accountOf(visit, deps);
  const sessionId = visit.params["session"] ?? "";
  if (account === undefined || !isId(sessionId)) return notFound(words.one.noSuch);
  return submit(visit, deps, {
    action: "session.ended",
    change: async (tx, id) => ((await endSessions(tx, id, sessionId)) > 0 ? "changed" : "unchanged"),
  });
}
