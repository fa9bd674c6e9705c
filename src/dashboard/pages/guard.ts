/** A connection's deactivation guard: its limits, whom it holds and why, and the way to release or reject. */
import { describeGuard, findGuard, type Guard, type GuardSettings } from "../../store/deactivation-guards.ts";
import { findGuardCycles, type GuardCycle } from "../../store/guard-cycles.ts";
import { countHeld, type HeldUser, listHeld } from "../../store/held-deactivations.ts";
import type { Connection } from "../../store/tenants.ts";
import { ago, count, counted, shortTime } from "../format.ts";
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
  connectionPath,
  crumbs,
  cyclePath,
  emptyState,
  notice,
  problem,
  resourcePath,
  table,
} from "../parts.ts";
import { connectionOf, NO_CONNECTION } from "./connection.ts";

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
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${connection.tenantName} · ${connection.name}`, connectionPath(connection.tenantSlug, connection.id)],
    ])}
    <div class="title-row">
      <h1>Deactivation guard</h1>
      ${stateBadge(guard, waiting.total)}
    </div>
    <p class="lead">
      A scoping filter changed by mistake takes access away from many within one cycle. Beyond the limit the
      guard holds deactivations and deletions until somebody decides; all other changes go on.
    </p>
    ${wrong === undefined ? doneNotice(visit.query) : problem(wrong)}
    ${released > 0 && notice(`${counted(released, "released user")} will be applied soon, many of them in turns.`)}
    ${waitingSection(at, waiting)} ${rejected.length > 0 && rejectedSection(at, rejected)}
    ${settingsSection(at, guard)}`;
  const status = wrong === undefined ? 200 : 422;
  return page("Deactivation guard", body, { status, section: "overview" });
}

function stateBadge(guard: Guard | undefined, waiting: number): Html {
  if (waiting > 0) return badge("bad", `${count(waiting)} held`);
  return guard ? badge("good", "On") : badge("idle", "Off");
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
  const users = counted(Number(query.get("count") ?? 0) || 0, "user");
  const said = new Map([
    ["released", `${users} released; the workers apply it now.`],
    ["rejected", `${users} rejected; they keep their access.`],
    ["set", "The guard is set; it holds for every write from now on."],
    ["off", "The guard is off. What it holds already still waits for a decision."],
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
      <h2>Held</h2>
      ${emptyState("Nothing is held", "What a cycle wants beyond the limit waits here for a decision.")}
    </section>`;
  const { connection, isAdmin, now } = at;
  const slug = connection.tenantSlug;
  const columns = ["User", "What", "Since", "Asked", "Cycle"].map((label) => ({ label }));
  const rows = shown.map((user) => [
    html`${isAdmin && checkbox(user)}
      <a href="${resourcePath(slug, "User", user.userId)}">${user.userName}</a>`,
    user.kind === "delete" ? "Deletion" : "Deactivation",
    ago(user.heldAt, now),
    user.attempts === 1 ? "once" : `${count(user.attempts)} times`,
    html`<a href="${cyclePath(slug, user.cycleId)}">Show</a>`,
  ]);
  const path = guardPath(connection);
  const body = html`${table("Held users", columns, rows)}
  ${hasMore && html`<p><a href="${path}?after=${shown.at(-1)?.userId ?? ""}">Show the next ones</a></p>`}`;
  return html`<section>
    <h2>Held <span class="muted">${count(total)}</span></h2>
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
  return html`<input type="checkbox" name="user-${userId}" aria-label="Choose ${userName}" />`;
}

function whyHeld(slug: string, cycle: GuardCycle): Html {
  const { usersLimit, activeUsers, counted: applied } = cycle;
  return html`<p>
    In <a href="${cyclePath(slug, cycle.cycleId)}">this cycle</a> ${counted(applied, "user")} of
    ${count(activeUsers)} active lost their access; the limit is
    ${usersLimit === null ? "lifted" : count(usersLimit)}. It held ${count(cycle.held)}.
  </p>`;
}

function decisionFields(total: number): Html {
  return html`<div class="card stack">
    <div class="field">
      <label for="reason">Reason</label>
      <input
        id="reason"
        name="reason"
        required
        maxlength="${REASON_CHARS_MAX}"
        aria-describedby="reason-hint"
      />
      <p class="hint" id="reason-hint">
        It stays in the audit. If it was a mistake, have it mended in Azure before you reject: what Azure
        still wants in a later cycle is held again.
      </p>
    </div>
    <label class="check">
      <input type="checkbox" name="rest" />
      <span>When releasing, let the rest of the running cycle pass too</span>
    </label>
    <div class="actions">
      <button type="submit" name="decision" value="release-all">Release all ${count(total)}</button>
      <button class="danger" type="submit" name="decision" value="reject-all">
        Reject all ${count(total)}
      </button>
      <button class="quiet" type="submit" name="decision" value="release">Release the chosen</button>
      <button class="quiet" type="submit" name="decision" value="reject">Reject the chosen</button>
    </div>
  </div>`;
}

function rejectedSection({ connection, now }: At, rejected: readonly HeldUser[]): Html {
  const columns = ["User", "What", "Rejected", "By", "Why", "Asked last"].map((label) => ({ label }));
  const rows = rejected.map((user) => [
    html`<a href="${resourcePath(connection.tenantSlug, "User", user.userId)}">${user.userName}</a>`,
    user.kind === "delete" ? "Deletion" : "Deactivation",
    user.decidedAt && shortTime(user.decidedAt),
    user.decidedBy,
    user.reason,
    ago(user.lastAttemptAt, now),
  ]);
  return html`<section>
    <h2>Rejected</h2>
    <p class="muted">
      Turned away in their cycle and in the next that repeats them; after that they are held again. Forgotten
      30 days after Azure asked last, or when it makes the user active.
    </p>
    ${table("Rejected users", columns, rows)}
  </section>`;
}

function settingsSection({ visit, connection, isAdmin }: At, guard: Guard | undefined): Html {
  const now = html`<p>
    ${guard ? html`On: ${describeGuard(guard)}.` : "Off: whatever a cycle deactivates or deletes is applied."}
  </p>`;
  if (!isAdmin)
    return html`<section>
      <h2>Limits</h2>
      ${now}
    </section>`;
  const { usersMax, percentMax, answer } = guard ?? PROPOSED;
  const path = guardPath(connection);
  const option = (value: GuardSettings["answer"], label: string): Html =>
    value === answer
      ? html`<option value="${value}" selected>${label}</option>`
      : html`<option value="${value}">${label}</option>`;
  return html`<section>
    <h2>Limits</h2>
    ${now} ${!guard && html`<p>Recommended for every connection; these are good limits to begin with.</p>`}
    <form class="card stack medium" method="post" action="${path}">
      ${csrfField(visit)}
      <div class="field">
        <label for="users">Users in one cycle</label>
        <input id="users" name="users" inputmode="numeric" pattern="[0-9]*" value="${usersMax ?? ""}" />
      </div>
      <div class="field">
        <label for="percent">Percent of the active users in one cycle</label>
        <input
          id="percent"
          name="percent"
          inputmode="decimal"
          value="${percentMax ?? ""}"
          aria-describedby="percent-hint"
        />
        <p class="hint" id="percent-hint">
          Where both are set, the smaller counts. An empty field sets no limit.
        </p>
      </div>
      <div class="field">
        <label for="answer">Beyond the limit Azure is answered</label>
        <select id="answer" name="answer" aria-describedby="answer-hint">
          ${option("accept", "as though it were applied")} ${option("retry", "503, to come again")}
        </select>
        <p class="hint" id="answer-hint">
          503 is honest, but many of them put the connection into quarantine, which slows everything down.
          Answered as applied, Azure asks again only when it compares anew; the product sees the truth either
          way.
        </p>
      </div>
      <div class="actions">
        <button type="submit">${guard ? "Save" : "Turn on"}</button>
      </div>
    </form>
    ${
      guard &&
      html`<form method="post" action="${path}/off">
        ${csrfField(visit)} <button class="danger" type="submit">Turn off</button>
      </form>`
    }
  </section>`;
}
