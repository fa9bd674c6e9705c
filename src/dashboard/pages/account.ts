/** One's own account: password, and the sessions that are open under it. */
import { hashPassword, verifyPassword } from "../../platform/passwords.ts";
import { findAccount, findPasswordHash, setPassword } from "../../store/account-changes.ts";
import { recordAudit } from "../../store/audit.ts";
import { endSessions, listSessions, type OpenSession } from "../../store/sessions.ts";
import { ago, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { passwordFields, passwordProblem } from "../new-password.ts";
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
import { badge, emptyState, facts, notice, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.account;

export function showAccount(visit: MemberVisit, deps: Console): Promise<Answer> {
  return accountPage(visit, deps);
}

async function accountPage(visit: MemberVisit, { database, now }: Console, wrong?: string): Promise<Answer> {
  const { id, login, role, sessionId } = visit.session;
  const [account, sessions] = await Promise.all([findAccount(database, id), listSessions(database, id)]);
  const body = html`<h1>${words.title}</h1>
    ${wrong !== undefined && problem(wrong)}
    ${visit.query.get("done") === "password" && notice(words.passwordChanged)}
    ${facts([
      [words.login, login],
      [words.role, texts.common.roles[role]],
      [words.signedInBy, account?.oidcIssuer ?? words.byPassword],
      [words.lastSignIn, account?.lastSignInAt ? time(account.lastSignInAt) : words.noneYet],
    ])}
    ${
      account?.hasPassword === true &&
      html`<section class="medium">
        <h2>${words.password}</h2>
        <form class="card stack" method="post" action="/account/password">
          ${csrfField(visit)}
          <input type="text" name="login" value="${login}" autocomplete="username" hidden />
          <div class="field">
            <label for="old">${words.oldPassword}</label>
            <input id="old" name="old" type="password" autocomplete="current-password" required />
          </div>
          ${passwordFields()}
          <button type="submit">${words.changePassword}</button>
        </form>
      </section>`
    }
    ${sessionsSection(sessions, { visit, now: now(), path: "/account/sessions", currentId: sessionId })}`;
  return page(words.title, body, { status: wrong === undefined ? 200 : 422 });
}

/** @param shown - `path`: where the forms that end one are posted to, followed by its id */
export function sessionsSection(
  sessions: readonly OpenSession[],
  shown: {
    readonly visit: MemberVisit;
    readonly now: Date;
    readonly path: string;
    readonly currentId: string;
  },
): Html {
  const { visit, now, path, currentId } = shown;
  const said = words.sessions;
  const labels = [said.lastUsed, said.begun, said.ends, said.browser, said.address, said.change];
  const columns = labels.map((label) => ({ label }));
  const rows = sessions.map(({ sessionId, lastSeenAt, createdAt, expiresAt, userAgent, address }) => [
    sessionId === currentId ? badge("good", said.thisOne) : ago(lastSeenAt, now),
    ago(createdAt, now),
    ago(expiresAt, now),
    html`<span class="wraps">${browserOf(userAgent)}</span>`,
    html`<code>${address ?? said.unknown}</code>`,
    html`<form method="post" action="${path}/${sessionId}/end">
      ${csrfField(visit)}
      <button class="quiet slim" type="submit">
        ${said.end}<span class="unseen">${said.endWhich(createdAt.toISOString())}</span>
      </button>
    </form>`,
  ]);
  return html`<section>
    <h2>${said.title}</h2>
    ${sessions.length === 0 ? emptyState(said.none, said.noneMore) : table(said.title, columns, rows)}
  </section>`;
}

const BROWSERS = [/Edg\/[\d.]+/, /Firefox\/[\d.]+/, /Chrome\/[\d.]+/, /Version\/[\d.]+ Safari/];

/** The part of a user agent by which people know their browser. */
function browserOf(userAgent: string | null): string {
  if (userAgent === null) return words.sessions.unknown;
  const [name] = BROWSERS.flatMap((known) => known.exec(userAgent) ?? []);
  const system = /\(([^;)]+)/.exec(userAgent)?.[1];
  if (name === undefined) return userAgent.slice(0, 60);
  const browser = name.replace("/", " ");
  return system ? words.sessions.browserOn(browser, system) : browser;
}

export async function submitPassword(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database } = deps;
  const { id, login, sessionId } = visit.session;
  const stored = await findPasswordHash(database, id);
  if (stored === undefined || !(await verifyPassword(visit.form.get("old") ?? "", stored)))
    return accountPage(visit, deps, words.wrongPassword);
  const wrong = await passwordProblem(visit.form, login);
  if (wrong !== undefined) return accountPage(visit, deps, wrong);
  const passwordHash = await hashPassword(visit.form.get("password") ?? "");
  await database.transaction(async (tx) => {
    await setPassword(tx, { id, passwordHash }, sessionId);
    await recordAudit(tx, [{ tenantId: null, actor: login, action: "account.password_set", subject: login }]);
  });
  return redirect("/account?done=password");
}

export async function submitEndSession(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const { id, login, sessionId: current } = visit.session;
  const sessionId = visit.params["session"] ?? "";
  if (!isId(sessionId)) return notFound(words.sessions.noSuch);
  const ended = await database.transaction(async (tx) => {
    const count = await endSessions(tx, id, sessionId);
    if (count > 0)
      await recordAudit(tx, [{ tenantId: null, actor: login, action: "session.ended", subject: login }]);
    return count;
  });
  if (ended === 0) return notFound(words.sessions.noSuch);
  return sessionId === current ? redirect("/sign-in", { kind: "end" }) : redirect("/account");
}
