/** Failures of one cause in one tenant: what to do about all of them, and each by itself. */
import { type Cycle, findCycle } from "../../store/cycle-history.ts";
import {
  type Cause,
  type FailedWrite,
  type FailedWritesQuery,
  listFailedWrites,
} from "../../store/failed-writes.ts";
import { dismissFailures } from "../../store/failures.ts";
import { recordAudit } from "../../store/audit.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import {
  type Answer,
  type Console,
  csrfField,
  isId,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { crumbs, emptyState, notice, problem } from "../parts.ts";
import { awaitRetries, retryFailures } from "../retry-failures.ts";
import { texts } from "../texts/texts.ts";
import { advice, REASON_CHARS_MAX } from "./failure.ts";
import { pages } from "./failed.ts";
import { causePath, cycleNote, failedPath } from "./failed-filter.ts";
import { failedList, titleOf } from "./failed-list.ts";

const words = texts.cause;

const PAGE_LENGTH = 25;
// One press must not fill the queue; the rest is a second press away.
const AT_ONCE_MAX = 500;

interface CausePage {
  readonly tenant: Tenant;
  readonly cause: Cause;
  /** Only those of this cycle, where one is named. */
  readonly cycle: Cycle | undefined;
  readonly path: string;
}

async function pageOf(fields: URLSearchParams, slug: string, deps: Console): Promise<CausePage | undefined> {
  const tenant = await findTenant(deps.database, slug);
  const [code, resourceType, operation] = ["code", "type", "operation"].map((name) => fields.get(name) ?? "");
  if (tenant === undefined || !code || !resourceType || !operation) return undefined;
  const cause = { code, resourceType, operation };
  const cycleId = fields.get("cycle") ?? "";
  const cycle = isId(cycleId) ? await findCycle(deps.database, tenant.id, cycleId) : undefined;
  if (cycleId !== "" && cycle === undefined) return undefined;
  return { tenant, cause, cycle, path: causePath({ ...cause, tenantSlug: slug }, cycle?.id) };
}

export async function showCause(visit: MemberVisit, deps: Console): Promise<Answer> {
  const at = await pageOf(visit.query, visit.params["slug"] ?? "", deps);
  if (at === undefined) return notFound(texts.failed.noCause);
  return causePage(visit, deps, at);
}

interface Said {
  readonly status?: number;
  readonly problem?: string;
}

async function causePage(visit: MemberVisit, deps: Console, at: CausePage, said: Said = {}): Promise<Answer> {
  const olderThan = visit.query.get("before") ?? "";
  const { tenant, cause, cycle, path } = at;
  const { writes, olderThan: next } = await listFailedWrites(deps.database, {
    ...openOnes(at),
    limit: PAGE_LENGTH,
    ...(isId(olderThan) && { olderThan }),
  });
  const done = visit.query.get("done");
  const mayMend = mayActAs(visit.session.role, "admin");
  const title = texts.failed.cause(titleOf(cause), cause.code);
  const body = html`${crumbs([[texts.failed.title, failedPath({ tenant, cycle, state: "open" })]])}
    <h1>${title} <span class="muted">· ${tenant.name}</span></h1>
    ${cycle && cycleNote(cycle, tenant, causePath({ ...cause, tenantSlug: tenant.slug }))}
    ${said.problem && problem(said.problem)} ${done !== null && notice(doneText(done, visit.query))}
    ${writes[0] && advice(writes[0].explanation)}
    ${mayMend && writes.length > 0 && actions(visit, at, writes)}
    <section>
      <h2>${words.open}</h2>
      ${
        writes.length === 0
          ? emptyState(words.none, words.noneMore(failedPath({ tenant, cycle, state: "resolved" })))
          : failedList(writes, {
              showsTenant: false,
              showsCycle: cycle === undefined,
              showsExplanation: false,
              showsValues: mayReadValues(visit.session.role),
            })
      }
      ${pages(path, { isFirst: olderThan === "", next })}
    </section>`;
  return page(title, body, { section: "failed", ...(said.status !== undefined && { status: said.status }) });
}

function doneText(done: string, query: URLSearchParams): string {
  const count = Number(query.get("count") ?? 0) || 0;
  if (done === "dismissed") return words.dismissed(count);
  return count === 0 ? words.noneRetried : words.retried(count);
}

function actions(
  visit: MemberVisit,
  { tenant, cause, cycle }: CausePage,
  writes: readonly FailedWrite[],
): Html {
  const hidden = html`${csrfField(visit)}
    <input type="hidden" name="code" value="${cause.code}" />
    <input type="hidden" name="type" value="${cause.resourceType}" />
    <input type="hidden" name="operation" value="${cause.operation}" />
    ${cycle && html`<input type="hidden" name="cycle" value="${cycle.id}" />`}`;
  const path = `/tenants/${tenant.slug}/failed`;
  return html`<section class="card stack">
    <h2>${words.allOfThem}</h2>
    ${
      writes.some(({ isRepeatable }) => isRepeatable)
        ? html`<form class="actions" method="post" action="${path}/retry">
            ${hidden}
            <button type="submit">${words.retryAll}</button>
            <span class="muted small">${words.retryAllMore(AT_ONCE_MAX)}</span>
          </form>`
        : html`<p class="muted">${words.notRepeatable}</p>`
    }
    <form class="actions" method="post" action="${path}/dismiss">
      ${hidden}
      <label for="reason">${words.reason}</label>
      <input class="grows" id="reason" name="reason" required maxlength="${REASON_CHARS_MAX}" />
      <button class="quiet" type="submit">${words.dismissAll}</button>
    </form>
  </section>`;
}

function openOnes({ tenant, cause, cycle }: CausePage): Omit<FailedWritesQuery, "limit"> {
  return { tenantId: tenant.id, state: "open", cause, ...(cycle && { cycleId: cycle.id }) };
}

async function openIds(deps: Console, at: CausePage): Promise<readonly string[]> {
  const { writes } = await listFailedWrites(deps.database, { ...openOnes(at), limit: AT_ONCE_MAX });
  // In the order in which Azure sent them.
  return writes.map(({ writeId }) => writeId).reverse();
}

export async function submitRetryAll(visit: MemberVisit, deps: Console): Promise<Answer> {
  const at = await pageOf(visit.form, visit.params["slug"] ?? "", deps);
  if (at === undefined) return notFound(texts.failed.noCause);
  const { tenant, cause, path } = at;
  const actor = visit.session.login;
  const decision = { tenantId: tenant.id, writeIds: await openIds(deps, at), actor };
  const retried = await retryFailures(deps, decision, (count) => ({
    tenantId: tenant.id,
    actor,
    action: "failure.retried",
    subject: `${texts.failed.jobs(count)}: ${titleOf(cause)}, ${cause.code}`,
  }));
  if (retried === undefined) return causePage(visit, deps, at, { status: 503, problem: words.queueAway });
  await awaitRetries(deps, tenant.id, retried);
  return redirect(`${path}&done=retried&count=${retried.length}`);
}

export async function submitDismissAll(visit: MemberVisit, deps: Console): Promise<Answer> {
  const at = await pageOf(visit.form, visit.params["slug"] ?? "", deps);
  if (at === undefined) return notFound(texts.failed.noCause);
  const reason = (visit.form.get("reason") ?? "").trim().slice(0, REASON_CHARS_MAX);
  if (reason === "") return causePage(visit, deps, at, { status: 422, problem: words.noReason });
  const { tenant, cause, path } = at;
  const actor = visit.session.login;
  const writeIds = await openIds(deps, at);
  const dismissed = await deps.database.transaction(async (tx) => {
    const ids = await dismissFailures(tx, { tenantId: tenant.id, writeIds, actor }, reason);
    const subject = `${texts.failed.jobs(ids.length)}: ${titleOf(cause)}, ${cause.code}: ${reason}`;
    await recordAudit(tx, [{ tenantId: tenant.id, actor, action: "failure.dismissed", subject }]);
    return ids.length;
  });
  return redirect(`${path}&done=dismissed&count=${dismissed}`);
}
