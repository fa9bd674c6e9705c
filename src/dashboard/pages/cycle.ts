/** One cycle: everything it counted, and what of it failed. */
import { type Cycle, findCycle, findNextCycle, listCycles } from "../../store/cycle-history.ts";
import { groupCycleFailures } from "../../store/cycle-failures.ts";
import { listLeavers } from "../../store/cycle-leavers.ts";
import { readCycleSpans, readCycleTimings } from "../../store/cycle-timings.ts";
import { BEATS_MIN, nextBeatAt } from "../../store/overdue.ts";
import { findConnection, findTenant } from "../../store/tenants.ts";
import { ago, count, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page, region } from "../page.ts";
import { connectionPath, crumbs, cyclePath, facts, table, verdictBadge } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { durationOf, kindOf } from "./connection.ts";
import {
  LEAVERS_SHOWN,
  leaversSection,
  reasonsSection,
  requestsSection,
  timesSection,
} from "./cycle-sections.ts";
import { cycleFailedPath } from "./failed-filter.ts";
import { guardOfCycle } from "./guard-parts.ts";

const words = texts.cycle;

export async function showCycle(visit: MemberVisit, { database, now }: Console): Promise<Answer> {
  const { slug = "", id = "" } = visit.params;
  const tenant = await findTenant(database, slug);
  if (tenant === undefined || !isId(id)) return notFound(texts.cycles.noCycle);
  const cycle = await findCycle(database, tenant.id, id);
  if (cycle === undefined) return notFound(texts.cycles.noCycle);
  const key = { tenantId: tenant.id, cycleId: cycle.id };
  const [guard, connection, next, timings, spans, leavers, failures] = await Promise.all([
    guardOfCycle(database, slug, cycle),
    findConnection(database, tenant.id, cycle.connectionId),
    nextOf(cycle, { database, now: now() }),
    readCycleTimings(database, key),
    readCycleSpans(database, key),
    listLeavers(database, cycle, LEAVERS_SHOWN + 1),
    groupCycleFailures(database, key),
  ]);
  const title = cycle.kind === "test" ? words.test : words.titleOf(kindOf(cycle));
  const cycleNow = html`<div class="title-row">
      <h1>${title}</h1>
      ${verdictBadge(cycle)}
    </div>
    ${facts([
      [words.started, time(cycle.startedAt)],
      [cycle.endedAt === null ? words.lastRequest : words.ended, time(cycle.endedAt ?? cycle.lastRequestAt)],
      [words.duration, durationOf(cycle)],
      [words.requests, html`${count(cycle.requests)} <span class="muted">${words.reads(cycle.reads)}</span>`],
      ...troubles(slug, cycle),
      [words.next, next],
    ])}
    ${guard} ${countsSection(cycle)} ${reasonsSection(slug, cycle, failures)} ${leaversSection(slug, leavers)}
    ${timesSection(slug, timings, spans)} ${requestsSection(cycle)}`;
  const live = { regions: { cycle: cycleNow } };
  const body = html`${crumbs([
    [texts.common.overview, "/"],
    [`${tenant.name} · ${connection?.name ?? ""}`, connectionPath(slug, cycle.connectionId)],
    [texts.cycles.title, `/tenants/${slug}/cycles`],
  ])}
  ${region(live, "cycle")}`;
  return page(`${title} · ${tenant.name}`, body, { section: "overview", live });

  /** The cycle that followed, or when one is expected. */
  async function nextOf(of: Cycle, at: { database: Console["database"]; now: Date }): Promise<Html | string> {
    const followed = await findNextCycle(at.database, of);
    if (followed) return html`<a href="${cyclePath(slug, followed.id)}">${time(followed.startedAt)}</a>`;
    const beats = await countBeats(of, at.database);
    const expected = nextBeatAt({ lastRequestAt: of.lastRequestAt, incrementalCycles: beats }, of.startedAt);
    if (expected === undefined) return words.notKnown;
    const when = ago(expected, at.now);
    return expected > at.now ? words.expected(when) : words.wasExpected(when);
  }
}

/** Such as `3 refused, 1 failed`, with the way to them; nothing where nothing failed. */
function troubles(slug: string, { id, refused, faulted }: Cycle): readonly (readonly [string, Html])[] {
  const { verdict } = texts.cycles;
  const parts = [
    ...(refused > 0 ? [verdict.refused(refused)] : []),
    ...(faulted > 0 ? [verdict.faulted(faulted)] : []),
  ];
  if (parts.length === 0) return [];
  return [[words.failedJobs, words.troubles(parts, cycleFailedPath(slug, id))]];
}

const RECENT = 24;

async function countBeats({ tenantId, connectionId }: Cycle, database: Console["database"]): Promise<number> {
  const recent = await listCycles(database, { tenantId, connectionId }, RECENT);
  return Math.min(BEATS_MIN, recent.filter(({ kind }) => kind === "incremental").length);
}

function countsSection(cycle: Cycle): Html {
  const said = words.changes;
  const kinds = [said.created, said.updated, said.deactivated, said.reactivated, said.deleted];
  const columns = [{ label: said.resource }, ...kinds.map((label) => ({ label, isNumber: true }))];
  const none = html`<span class="zero">–</span>`;
  const users = [
    cycle.usersCreated,
    cycle.usersUpdated,
    cycle.usersDeactivated,
    cycle.usersReactivated,
    cycle.usersDeleted,
  ];
  return html`<section>
    <h2>${said.title}</h2>
    ${table(said.caption, columns, [
      [said.users, ...users.map(count)],
      [
        said.groups,
        count(cycle.groupsCreated),
        count(cycle.groupsUpdated),
        none,
        none,
        count(cycle.groupsDeleted),
      ],
      [said.memberships, count(cycle.membersAdded), none, none, none, count(cycle.membersRemoved)],
    ])}
    ${facts([
      [said.unchanged, count(cycle.unchanged)],
      [said.refused, count(cycle.refused)],
      [said.failed, count(cycle.faulted)],
      [said.retried, count(cycle.retried)],
    ])}
  </section>`;
}
