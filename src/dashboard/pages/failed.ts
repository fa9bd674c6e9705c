/** Failed jobs of all tenants or of one: what is open by its cause, what was done about the others newest first. */
import {
  type FailedWritesPage,
  type FailureGroup,
  groupFailures,
  listFailedWrites,
} from "../../store/failed-writes.ts";
import type { FailureState } from "../../store/failures.ts";
import { listConnections } from "../../store/tenants.ts";
import { counted, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState, failurePath } from "../parts.ts";
import {
  causePath,
  cycleNote,
  type FailedFilter,
  failedPath,
  filterFrom,
  STATE_NAMES,
  stateTabs,
} from "./failed-filter.ts";
import { failedList, resultBadge, titleOf } from "./failed-list.ts";

const PAGE_LENGTH = 25;
const MINUTE_MS = 60_000;

export async function showFailed(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const filter = await filterFrom(visit.query, database);
  if (filter === undefined) return notFound("There is no such tenant or cycle");
  const { tenant, cycle, state } = filter;
  const [connections, content] = await Promise.all([
    listConnections(database),
    state === "open" ? openByCause(database, filter) : newestFirst(visit, database, filter),
  ]);
  const tenants = new Map(connections.map(({ tenantSlug, tenantName }) => [tenantSlug, tenantName]));
  const choosesTenant = tenants.size > 1 && cycle === undefined;
  const body = html`<h1>Failed jobs</h1>
    <p class="lead">
      What was refused, and what failed on our side. A refusal changes nothing: mend its cause, and retry it
      here or let a later cycle bring it. What a later write mended resolves by itself.
    </p>
    ${cycle && tenant && cycleNote(cycle, tenant, failedPath({ tenant, cycle: undefined, state }))}
    <div class="bar-row">${stateTabs(filter)} ${choosesTenant && tenantChoice(tenants, filter)}</div>
    ${content}`;
  return page("Failed jobs", body, { section: "failed" });
}

function tenantChoice(tenants: ReadonlyMap<string, string>, { tenant, state }: FailedFilter): Html {
  return html`<form class="filter" method="get" action="/failed">
    <input type="hidden" name="state" value="${state}" />
    <label for="tenant">Tenant</label>
    <select id="tenant" name="tenant">
      <option value="">All tenants</option>
      ${[...tenants].map(([slug, name]) =>
        slug === tenant?.slug
          ? html`<option value="${slug}" selected>${name}</option>`
          : html`<option value="${slug}">${name}</option>`,
      )}
    </select>
    <button class="quiet" type="submit">Show</button>
  </form>`;
}

async function openByCause(database: Console["database"], { tenant, cycle }: FailedFilter): Promise<Html> {
  const groups = await groupFailures(database, {
    ...(tenant && { tenantId: tenant.id }),
    ...(cycle && { cycleId: cycle.id }),
  });
  if (groups.length === 0)
    return cycle
      ? emptyState("Nothing is open", html`<p>What failed in this cycle stands under <b>All</b>.</p>`)
      : emptyState(
          "Nothing failed",
          html`<p>
            Every write was applied. Refusals and faults appear here, each with what to do about it.
          </p>`,
        );
  return html`<h2 class="unseen">Open, by cause</h2>
    <ul class="failures">
      ${groups.map((group) => causeCard(group, { showsTenant: tenant === undefined, cycleId: cycle?.id }))}
    </ul>`;
}

interface CardOptions {
  readonly showsTenant: boolean;
  readonly cycleId: string | undefined;
}

/** Failures of one cause: how many, an example, what to do. */
function causeCard(group: FailureGroup, { showsTenant, cycleId }: CardOptions): Html {
  const { count, code, result, explanation, masked, firstAt, lastAt } = group;
  const example = failurePath(group.tenantSlug, group.lastWriteId);
  return html`<li class="card failure">
    <div class="failure-head">
      <h3><a href="${causePath(group, cycleId)}">${titleOf(group)}: ${code}</a></h3>
      ${resultBadge(result)} <span>${counted(count, "job")}</span>
      ${showsTenant && html`<span class="muted">${group.tenantName}</span>`}
      <span class="when muted"
        >${lastAt.getTime() - firstAt.getTime() >= MINUTE_MS && html`${shortTime(firstAt)} – `}${shortTime(lastAt)}</span
      >
    </div>
    ${
      explanation &&
      html`<p class="detail">${explanation.meaning}</p>
        <dl class="advice">
          <div>
            <dt>In Azure</dt>
            <dd>${explanation.inAzure}</dd>
          </div>
          <div>
            <dt>Here</dt>
            <dd>${explanation.here}</dd>
          </div>
        </dl>`
    }
    ${masked !== null && html`<p class="explanation">Latest: ${masked} <a href="${example}">Open it</a></p>`}
  </li>`;
}

async function newestFirst(
  visit: MemberVisit,
  database: Console["database"],
  filter: FailedFilter,
): Promise<Html> {
  const { tenant, cycle, state } = filter;
  const olderThan = visit.query.get("before") ?? "";
  const found = await listFailedWrites(database, {
    limit: PAGE_LENGTH,
    ...(state && { state }),
    ...(tenant && { tenantId: tenant.id }),
    ...(cycle && { cycleId: cycle.id }),
    ...(isId(olderThan) && { olderThan }),
  });
  if (found.writes.length === 0)
    return state === undefined
      ? emptyState("Nothing failed", "Every write of this cycle was applied.")
      : emptyState(`Nothing ${STATE_NAMES[state].toLowerCase()}`, NOTHING[state]);
  return html`<h2 class="unseen">Newest first</h2>
    ${failedList(found.writes, {
      showsTenant: tenant === undefined,
      showsCycle: cycle === undefined,
      showsExplanation: false,
      showsValues: mayReadValues(visit.session.role),
    })}
    ${pages(failedPath(filter), { isFirst: olderThan === "", next: found.olderThan })}`;
}

const NOTHING: Readonly<Record<FailureState, string>> = {
  open: "Every write was applied.",
  retried: "Jobs whose retry is under way, or was refused in its turn.",
  dismissed: "Jobs that somebody decided to leave as they are, with the reason.",
  resolved: "Jobs that a later write mended, be it Azure's or a retry of yours.",
};

/** @param here - the address of the first page, with its query */
export function pages(
  here: string,
  at: { readonly isFirst: boolean; readonly next: FailedWritesPage["olderThan"] },
): Html | undefined {
  if (at.isFirst && at.next === undefined) return undefined;
  return html`<nav class="pages" aria-label="Pages">
    ${!at.isFirst && html`<a class="button quiet" href="${here}">Newest</a>`}
    ${at.next && html`<a class="button quiet" href="${here}&before=${at.next}">Older</a>`}
  </nav>`;
}
