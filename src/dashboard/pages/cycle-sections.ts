/** Parts of one cycle's page that stand by themselves: requests by kind, how long writes took, who left, why not. */
import type { Cycle } from "../../store/cycle-history.ts";
import type { CycleFailures } from "../../store/cycle-failures.ts";
import type { Leaver } from "../../store/cycle-leavers.ts";
import type { CycleSpan, CycleTimings, Durations } from "../../store/cycle-timings.ts";
import { count, duration, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, emptyState, failurePath, resourcePath, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { timeline } from "./cycle-timeline.ts";
import { causePath, cycleFailedPath } from "./failed-filter.ts";
import { resultBadge, titleOf } from "./failed-list.ts";

const words = texts.cycle;

const NOTHING = html`<span class="zero">–</span>`;

const OPERATIONS = new Map(Object.entries(words.requestKinds.operations));
const RESOURCES = new Map(Object.entries(words.requestKinds.resources));

export function requestsSection({ requestKinds, writes }: Cycle): Html {
  const kinds = Object.entries(requestKinds).sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
  const requestRows = kinds.map(([kind, requests]) => [kindName(kind), count(requests)]);
  const said = words.requestKinds;
  const columns = [{ label: said.request }, { label: said.times, isNumber: true }];
  return html`<section>
    <h2>${said.title}</h2>
    ${kinds.length === 0 ? emptyState(said.none, said.noneMore) : table(said.caption, columns, requestRows)}
    ${Object.keys(writes).length > 0 && writesTable(writes)}
  </section>`;
}

function kindName(kind: string): string {
  const [resource = "", operation = ""] = kind.split(".");
  const { name, other } = words.requestKinds;
  return name(OPERATIONS.get(operation) ?? other, RESOURCES.get(resource));
}

const RESULTS = ["applied", "unchanged", "refused", "fault"] as const;

function writesTable(writes: Cycle["writes"]): Html {
  const names = new Set(Object.keys(writes).map((name) => name.slice(0, name.lastIndexOf("."))));
  const said = words.writes;
  const columns = RESULTS.map((result) => ({ label: said.results[result], isNumber: true }));
  const rows = [...names].sort().map((name) => [
    kindName(name),
    ...RESULTS.map((result) => {
      const times = writes[`${name}.${result}`] ?? 0;
      return times === 0 ? NOTHING : count(times);
    }),
  ]);
  return html`<h3>${said.title}</h3>
    ${table(said.caption, [{ label: said.write }, ...columns], rows)}`;
}

export function timesSection(slug: string, timings: CycleTimings, spans: readonly CycleSpan[]): Html {
  const { waits, commits, slowest } = timings;
  const said = words.times;
  const columns = [
    { label: said.time },
    ...[said.p50, said.p95, said.longest].map((label) => ({ label, isNumber: true })),
  ];
  return html`<section>
    <h2>${said.title}</h2>
    ${spans.length > 0 && timeline(spans)}
    ${
      waits === undefined || commits === undefined
        ? emptyState(said.none, said.noneMore)
        : table(said.caption, columns, [
            [said.inQueue, ...timesOf(waits)],
            [said.inTransaction, ...timesOf(commits)],
          ])
    }
    ${slowest && slowestWrite(slug, slowest)}
  </section>`;
}

function timesOf({ p50, p95, max }: Durations): readonly string[] {
  return [p50, p95, max].map(precisely);
}

/** Milliseconds where they are few. */
function precisely(ms: number): string {
  return ms < 1000 ? texts.times.milliseconds(Math.round(ms)) : duration(ms);
}

function slowestWrite(slug: string, slowest: NonNullable<CycleTimings["slowest"]>): Html {
  const { ms, resourceType, resourceId, correlationId } = slowest;
  const whom =
    resourceType !== null && resourceId !== null
      ? html`<a href="${resourcePath(slug, resourceType, resourceId)}"
          >${words.times.writeOf[resourceType]}</a
        >`
      : words.times.goneWrite;
  return html`<p>${words.times.slowest(precisely(ms), whom, correlationId)}</p>`;
}

export const LEAVERS_SHOWN = 100;

export function leaversSection(slug: string, leavers: readonly Leaver[]): Html {
  const said = words.leavers;
  const columns = [said.who, said.what, said.when, said.now].map((label) => ({ label }));
  const rows = leavers
    .slice(0, LEAVERS_SHOWN)
    .map(({ resourceId, name, operation, at, isActive }) => [
      html`<a href="${resourcePath(slug, "User", resourceId)}">${name ?? said.deletedUser}</a>`,
      operation === "delete" ? said.deleted : said.deactivated,
      shortTime(at),
      nowBadge(isActive),
    ]);
  return html`<section>
    <h2>${said.title}</h2>
    ${leavers.length === 0 ? emptyState(said.none, said.noneMore) : table(said.caption, columns, rows)}
    ${leavers.length > LEAVERS_SHOWN && html`<p>${said.first(LEAVERS_SHOWN)}</p>`}
  </section>`;
}

function nowBadge(isActive: boolean | null): Html {
  const { gone, activeAgain, deactivated } = words.leavers;
  if (isActive === null) return badge("idle", gone);
  return isActive ? badge("good", activeAgain) : badge("bad", deactivated);
}

export function reasonsSection(
  slug: string,
  cycle: Pick<Cycle, "id">,
  groups: readonly CycleFailures[],
): Html {
  const rows = groups.map((group) => [
    html`<a href="${causePath({ ...group, tenantSlug: slug }, cycle.id)}">${titleOf(group)}: ${group.code}</a>
      ${group.masked !== null && html`<p class="muted small">${group.masked}</p>`}`,
    resultBadge(group.result),
    count(group.count),
    group.open === 0 ? NOTHING : count(group.open),
    html`<a href="${failurePath(slug, group.newestWriteId)}">${texts.common.show}</a>`,
  ]);
  const said = words.reasons;
  const columns = [
    { label: said.reason },
    { label: said.result },
    { label: said.times, isNumber: true },
    { label: said.open, isNumber: true },
    { label: said.newest },
  ];
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  return html`<section>
    <h2>${said.title}</h2>
    ${
      groups.length === 0
        ? emptyState(said.none, said.noneMore)
        : html`<p>
              ${said.total(total)}
              <a href="${cycleFailedPath(slug, cycle.id)}">${said.oneByOne}</a>
            </p>
            ${table(said.caption, columns, rows)}`
    }
  </section>`;
}
