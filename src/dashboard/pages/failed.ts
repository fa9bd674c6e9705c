/** Failed jobs of all tenants or of one: what is open by its cause, what was done about the others newest first. */
import {
  type Cause,
  type FailedWritesPage,
  type FailureGroup,
  groupFailures,
  listFailedWrites,
} from "../../store/failed-writes.ts";
import { FAILURE_STATES, type FailureState } from "../../store/failures.ts";
import { findTenant, listConnections, type Tenant } from "../../store/tenants.ts";
import { counted, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { tabs } from "../navigation.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page } from "../page.ts";
import { emptyState, failurePath } from "../parts.ts";
import { failedList, resultBadge, titleOf } from "./failed-list.ts";

const PAGE_LENGTH = 25;
const MINUTE_MS = 60_000;

export async function showFailed(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const slug = visit.query.get("tenant") ?? "";
  const tenant = slug === "" ? undefined : await findTenant(database, slug);
  if (slug !== "" && tenant === undefined) return notFound("There is no such tenant");
  const state = stateOf(visit.query.get("state"));
  const [connections, content] = await Promise.all([
    listConnections(database),
    state === "open" ? openByCause(database, tenant) : newestFirst(visit, database, { tenant, state }),
  ]);
  const tenants = new Map(connections.map(({ tenantSlug, tenantName }) => [tenantSlug, tenantName]));
  const body = html`<h1>Failed jobs</h1>
    <p class="lead">
      What was refused, and what failed on our side. A refusal changes nothing: mend its cause, and retry it
      here or let a later cycle bring it. What a later write mended resolves by itself.
    </p>
    <div class="bar-row">${stateTabs(slug, state)} ${tenants.size > 1 && filter(tenants, slug, state)}</div>
    ${content}`;
  return page("Failed jobs", body, { section: "failed" });
}

function stateOf(text: string | null): FailureState {
  return FAILURE_STATES.find((state) => state === text) ?? "open";
}

const TAB_NAMES: Readonly<Record<FailureState, string>> = {
  open: "Open",
  retried: "Retried",
  dismissed: "Dismissed",
  resolved: "Resolved",
};

function stateTabs(slug: string, chosen: FailureState): Html {
  const href = (state: FailureState): string => `/failed?tenant=${slug}&state=${state}`;
  const links = FAILURE_STATES.map((state) => ({ href: href(state), label: TAB_NAMES[state] }));
  return tabs("State", links, href(chosen));
}

function filter(tenants: ReadonlyMap<string, string>, chosen: string, state: FailureState): Html {
  return html`<form class="filter" method="get" action="/failed">
    <input type="hidden" name="state" value="${state}" />
    <label for="tenant">Tenant</label>
    <select id="tenant" name="tenant">
      <option value="">All tenants</option>
      ${[...tenants].map(([slug, name]) =>
        slug === chosen
          ? html`<option value="${slug}" selected>${name}</option>`
          : html`<option value="${slug}">${name}</option>`,
      )}
    </select>
    <button class="quiet" type="submit">Show</button>
  </form>`;
}

async function openByCause(database: Console["database"], tenant: Tenant | undefined): Promise<Html> {
  const groups = await groupFailures(database, tenant && { tenantId: tenant.id });
  if (groups.length === 0)
    return emptyState(
      "Nothing failed",
      html`<p>Every write was applied. Refusals and faults appear here, each with what to do about it.</p>`,
    );
  return html`<h2 class="unseen">Open, by cause</h2>
    ${causes(groups, { showsTenant: tenant === undefined })}`;
}

export function causePath(group: Cause & { readonly tenantSlug: string }): string {
  const { tenantSlug, code, resourceType, operation } = group;
  return `/tenants/${tenantSlug}/failed?${new URLSearchParams({ code, type: resourceType, operation }).toString()}`;
}

/** Groups of failures, a card each: how many, an example, what to do. */
export function causes(
  groups: readonly FailureGroup[],
  { showsTenant }: { readonly showsTenant: boolean },
): Html {
  return html`<ul class="failures">
    ${groups.map((group) => causeCard(group, showsTenant))}
  </ul>`;
}

function causeCard(group: FailureGroup, showsTenant: boolean): Html {
  const { count, code, result, explanation, masked, firstAt, lastAt } = group;
  const example = failurePath(group.tenantSlug, group.lastWriteId);
  return html`<li class="card failure">
    <div class="failure-head">
      <h3><a href="${causePath(group)}">${titleOf(group)}: ${code}</a></h3>
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
  { tenant, state }: { readonly tenant: Tenant | undefined; readonly state: FailureState },
): Promise<Html> {
  const olderThan = visit.query.get("before") ?? "";
  const found = await listFailedWrites(database, {
    limit: PAGE_LENGTH,
    state,
    ...(tenant && { tenantId: tenant.id }),
    ...(isId(olderThan) && { olderThan }),
  });
  if (found.writes.length === 0)
    return emptyState(`Nothing ${TAB_NAMES[state].toLowerCase()}`, NOTHING[state]);
  const here = `/failed?tenant=${tenant?.slug ?? ""}&state=${state}`;
  return html`<h2 class="unseen">Newest first</h2>
    ${failedList(found.writes, {
      showsTenant: tenant === undefined,
      showsCycle: true,
      showsExplanation: false,
      showsValues: mayReadValues(visit.session.role),
    })}
    ${pages(here, { isFirst: olderThan === "", next: found.olderThan })}`;
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
