/** A connection's deactivation guard: its limits, whom it holds and why, and the way to release or reject. */
import { describeGuard, findGuard, type Guard, type GuardSettings } from "../../store/deactivation-guards.ts";
import { findGuardCycles, type GuardCycle } from "../../store/guard-cycles.ts";
import { countHeld, type HeldUser, listHeld } from "../../store/held-deactivations.ts";
import type { Connection } from "../../store/tenants.ts";
import { ago, count, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  isId,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
} from "../page.ts";
import {
  badge,
  connectionCrumbs,
  connectionPath,
  cyclePath,
  emptyState,
  notice,
  problem,
  resourcePath,
  table,
} from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";

const { common, guard: words } = texts;

export const REASON_CHARS_MAX = 500;

const SHOWN_MAX = 100;

/** What is proposed where nothing is set: little enough to notice a mistake, enough for an ordinary week. */
const PROPOSED: GuardSettings = { usersMax: 50, percentMax: 10, answer: "accept" };

export function guardPath({ tenantSlug, id }: Pick<Connection, "tenantSlug" | "id">): string {
  return `${connectionPath(tenantSlug, id)}/guard`;
}

export async function showGuard(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connection = await connectionOf(deps.database, visit.params);
  return connection === undefined ? notFound(NO_CONNECTION) : guardPage(visit, deps, { connection });
}

export interface GuardAnswer {
  readonly connection: Connection;
  /** What is wrong with what was sent. */
  readonly wrong?: string;
}

export async function guardPage(
  visit: MemberVisit,
  deps: Console,
  { connection, wrong }: GuardAnswer,
): Promise<Answer> {
  const view = await readView(visit, deps, connection);
  const at = { visit, connection, now: deps.now(), isAdmin: mayActAs(visit.session.role, "admin") };
  const { guard, waiting, released, rejected } = view;
  const body = html`${connectionCrumbs(connection)}
    <div class="title-row">
      <h1>${words.title}</h1>
      ${stateBadge(guard, waiting.total)}
    </div>
    <p class="lead">${words.lead}</p>
    ${wrong === undefined ? doneNotice(visit.query) : problem(wrong)}
    ${released > 0 && notice(words.inTurns(released))} ${waitingSection(at, waiting)}
    ${rejected.length > 0 && rejectedSection(at, rejected)} ${settingsSection(at, guard)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(words.title, body, { status, section: "overview" });
}

function stateBadge(guard: Guard | undefined, waiting: number): Html {
  if (waiting > 0) return badge("bad", words.held(waiting));
  return guard ? badge("good", words.on) : badge("idle", words.off);
}

interface View {
  readonly guard: Guard | undefined;
  readonly waiting: Waiting;
  readonly released: number;
  readonly rejected: readonly HeldUser[];
}

async function readView(visit: MemberVisit, { database }: Console, connection: Connection): Promise<View> {
  const { tenantId, id: connectionId } = connection;
  const key = { tenantId, connectionId };
  const after = visit.query.get("after") ?? "";
  const paging = { limit: SHOWN_MAX + 1, ...(isId(after) && { after }) };
  const [guard, counts, held, rejected] = await Promise.all([
    findGuard(database, key),
    countHeld(database, tenantId),
    listHeld(database, key, { state: "waiting", ...paging }),
    listHeld(database, key, { state: "rejected", limit: SHOWN_MAX }),
  ]);
  const { waiting: total = 0, released = 0 } =
    counts.find((each) => each.connectionId === connectionId) ?? {};
  const shown = held.slice(0, SHOWN_MAX);
  const cycleIds = [...new Set(shown.map(({ cycleId }) => cycleId))];
  const cycles = await findGuardCycles(database, tenantId, cycleIds);
  return { guard, released, rejected, waiting: { shown, total, cycles, hasMore: held.length > SHOWN_MAX } };
}

interface At {
  readonly visit: MemberVisit;
  readonly connection: Connection;
  readonly now: Date;
  readonly isAdmin: boolean;
}

function doneNotice(query: URLSearchParams): Html | undefined {
  const users = Number(query.get("count") ?? 0) || 0;
  const said = new Map([
    ["released", words.done.released(users)],
    ["rejected", words.done.rejected(users)],
    ["set", words.done.set],
    ["off", words.done.off],
  ]).get(query.get("done") ?? "");
  return said === undefined ? undefined : notice(said);
}

interface Waiting {
  readonly shown: readonly HeldUser[];
  readonly total: number;
  readonly cycles: ReadonlyMap<string, GuardCycle>;
  readonly hasMore: boolean;
}

function waitingSection(at: At, { shown, total, cycles, hasMore }: Waiting): Html {
  if (shown.length === 0)
    return html`<section>
      <h2>${words.waiting}</h2>
      ${emptyState(words.nothingHeld, words.nothingHeldHint)}
    </section>`;
  const { connection, isAdmin, now } = at;
  const slug = connection.tenantSlug;
  const columns = words.heldColumns.map((label) => ({ label }));
  const rows = shown.map((user) => [
    html`${isAdmin && checkbox(user)}
      <a href="${resourcePath(slug, "User", user.userId)}">${user.userName}</a>`,
    words.kinds[user.kind],
    ago(user.heldAt, now),
    words.asked(user.attempts),
    html`<a href="${cyclePath(slug, user.cycleId)}">${common.show}</a>`,
  ]);
  const path = guardPath(connection);
  const body = html`${table(words.heldUsers, columns, rows)}
  ${hasMore && html`<p><a href="${path}?after=${shown.at(-1)?.userId ?? ""}">${words.nextOnes}</a></p>`}`;
  return html`<section>
    <h2>${words.waiting} <span class="muted">${count(total)}</span></h2>
    ${[...cycles.values()].map((cycle) => whyHeld(slug, cycle))}
    ${
      isAdmin
        ? html`<form class="stack" method="post" action="${path}/decide">
            ${csrfField(at.visit)} ${decisionFields(total)} ${body}
          </form>`
        : body
    }
  </section>`;
}

function checkbox({ userId, userName }: HeldUser): Html {
  return html`<input type="checkbox" name="user-${userId}" aria-label="${words.choose(userName)}" />`;
}

function whyHeld(slug: string, cycle: GuardCycle): Html {
  const { cycleId, counted: lost, activeUsers: active, usersLimit: limit, held } = cycle;
  return html`<p>${words.whyHeld(cyclePath(slug, cycleId), { lost, active, limit, held })}</p>`;
}

function decisionFields(total: number): Html {
  return html`<div class="card stack">
    <div class="field">
      <label for="reason">${words.reason}</label>
      <input
        id="reason"
        name="reason"
        required
        maxlength="${REASON_CHARS_MAX}"
        aria-describedby="reason-hint"
      />
      <p class="hint" id="reason-hint">${words.reasonHint}</p>
    </div>
    <label class="check">
      <input type="checkbox" name="rest" />
      <span>${words.liftRest}</span>
    </label>
    <div class="actions">
      <button type="submit" name="decision" value="release-all">${words.releaseAll(total)}</button>
      <button class="danger" type="submit" name="decision" value="reject-all">
        ${words.rejectAll(total)}
      </button>
      <button class="quiet" type="submit" name="decision" value="release">${words.releaseChosen}</button>
      <button class="quiet" type="submit" name="decision" value="reject">${words.rejectChosen}</button>
    </div>
  </div>`;
}

function rejectedSection({ connection, now }: At, rejected: readonly HeldUser[]): Html {
  const columns = words.rejectedColumns.map((label) => ({ label }));
  const rows = rejected.map((user) => [
    html`<a href="${resourcePath(connection.tenantSlug, "User", user.userId)}">${user.userName}</a>`,
    words.kinds[user.kind],
    user.decidedAt && shortTime(user.decidedAt),
    user.decidedBy,
    user.reason,
    ago(user.lastAttemptAt, now),
  ]);
  return html`<section>
    <h2>${words.rejected}</h2>
    <p class="muted">${words.rejectedHint}</p>
    ${table(words.rejectedUsers, columns, rows)}
  </section>`;
}

function settingsSection({ visit, connection, isAdmin }: At, guard: Guard | undefined): Html {
  const now = html`<p>${guard ? words.isOn(describeGuard(guard)) : words.isOff}</p>`;
  if (!isAdmin)
    return html`<section>
      <h2>${words.limits}</h2>
      ${now}
    </section>`;
  const { usersMax, percentMax, answer } = guard ?? PROPOSED;
  const path = guardPath(connection);
  const option = (value: GuardSettings["answer"]): Html =>
    value === answer
      ? html`<option value="${value}" selected>${words.answers[value]}</option>`
      : html`<option value="${value}">${words.answers[value]}</option>`;
  return html`<section>
    <h2>${words.limits}</h2>
    ${now} ${!guard && html`<p>${words.recommended}</p>`}
    <form class="card stack medium" method="post" action="${path}">
      ${csrfField(visit)}
      <div class="field">
        <label for="users">${words.usersMax}</label>
        <input id="users" name="users" inputmode="numeric" pattern="[0-9]*" value="${usersMax ?? ""}" />
      </div>
      <div class="field">
        <label for="percent">${words.percentMax}</label>
        <input
          id="percent"
          name="percent"
          inputmode="decimal"
          value="${percentMax ?? ""}"
          aria-describedby="percent-hint"
        />
        <p class="hint" id="percent-hint">${words.limitsHint}</p>
      </div>
      <div class="field">
        <label for="answer">${words.answer}</label>
        <select id="answer" name="answer" aria-describedby="answer-hint">
          ${option("accept")} ${option("retry")}
        </select>
        <p class="hint" id="answer-hint">${words.answerHint}</p>
      </div>
      <div class="actions">
        <button type="submit">${guard ? common.save : words.turnOn}</button>
      </div>
    </form>
    ${
      guard &&
      html`<form method="post" action="${path}/off">
        ${csrfField(visit)} <button class="danger" type="submit">${words.turnOff}</button>
      </form>`
    }
  </section>`;
}
