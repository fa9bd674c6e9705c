/** Failed jobs of all tenants or of one: what is open by its cause, what was done about the others newest first. */
import {
  type FailedWritesPage,
  type FailureGroup,
  groupFailures,
  listFailedWrites,
} from "../../store/failed-writes.ts";
import { listConnections } from "../../store/tenants.ts";
import { shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState, failurePath } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import {
  causePath,
  cycleNote,
  type FailedFilter,
  failedPath,
  filterFrom,
  stateTabs,
} from "./failed-filter.ts";
import { failedList, resultBadge, titleOf } from "./failed-list.ts";

const words = texts.failed;

const PAGE_LENGTH = 25;
const MINUTE_MS = 60_000;

export async function showFailed(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const filter = await filterFrom(visit.query, database);
  if (filter === undefined) return notFound(words.noFilter);
  const { tenant, cycle, state } = filter;
  const [connections, content] = await Promise.all([
    listConnections(database),
    state === "open" ? openByCause(database, filter) : newestFirst(visit, database, filter),
  ]);
  const tenants = new Map(connections.map(({ tenantSlug, tenantName }) => [tenantSlug, tenantName]));
  const choosesTenant = tenants.size > 1 && cycle === undefined;
  const body = html`<h1>${words.title}</h1>
    <p class="lead">${words.lead}</p>
    ${cycle && tenant && cycleNote(cycle, tenant, failedPath({ tenant, cycle: undefined, state }))}
    <div class="bar-row">${stateTabs(filter)} ${choosesTenant && tenantChoice(tenants, filter)}</div>
    ${content}`;
  return page(words.title, body, { section: "failed" });
}

function tenantChoice(tenants: ReadonlyMap<string, string>, { tenant, state }: FailedFilter): Html {
  return html`<form class="filter" method="get" action="/failed">
    <input type="hidden" name="state" value="${state}" />
    <label for="tenant">${words.tenant}</label>
    <select id="tenant" name="tenant">
      <option value="">${words.allTenants}</option>
      ${[...tenants].map(([slug, name]) =>
        slug === tenant?.slug
          ? html`<option value="${slug}" selected>${name}</option>`
          : html`<option value="${slug}">${name}</option>`,
      )}
    </select>
    <button class="quiet" type="submit">${texts.common.show}</button>
  </form>`;
}

async function openByCause(database: Console["database"], { tenant, cycle }: FailedFilter): Promise<Html> {
  const groups = await groupFailures(database, {
    ...(tenant && { tenantId: tenant.id }),
    ...(cycle && { cycleId: cycle.id }),
  });
  if (groups.length === 0)
    return cycle
      ? emptyState(words.nothingOpen, words.nothingOpenMore)
      : emptyState(words.nothingFailed, words.nothingFailedMore);
  return html`<h2 class="unseen">${words.openByCause}</h2>
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
      <h3><a href="${causePath(group, cycleId)}">${words.cause(titleOf(group), code)}</a></h3>
      ${resultBadge(result)} <span>${words.jobs(count)}</span>
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
            <dt>${words.inAzure}</dt>
            <dd>${explanation.inAzure}</dd>
          </div>
          <div>
            <dt>${words.here}</dt>
            <dd>${explanation.here}</dd>
          </div>
        </dl>`
    }
    ${masked !== null && html`<p class="explanation">${words.latest(masked)} <a href="${example}">${words.openIt}</a></p>`}
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
      ? emptyState(words.nothingFailed, words.nothingInCycle)
      : emptyState(words.nothing[state], words.nothingMore[state]);
  return html`<h2 class="unseen">${words.newestFirst}</h2>
    ${failedList(found.writes, {
      showsTenant: tenant === undefined,
      showsCycle: cycle === undefined,
      showsExplanation: false,
      showsValues: mayReadValues(visit.session.role),
    })}
    ${pages(failedPath(filter), { isFirst: olderThan === "", next: found.olderThan })}`;
}

/** @param here - the address of the first page, with its query */
export function pages(
  here: string,
  at: { readonly isFirst: boolean; readonly next: FailedWritesPage["olderThan"] },
): Html | undefined {
  if (at.isFirst && at.next === undefined) return undefined;
  return html`<nav class="pages" aria-label="${texts.common.pages}">
    ${!at.isFirst && html`<a class="button quiet" href="${here}">${texts.common.newest}</a>`}
    ${at.next && html`<a class="button quiet" href="${here}&before=${at.next}">${texts.common.older}</a>`}
  </nav>`;
}
