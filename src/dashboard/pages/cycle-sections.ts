/** Parts of one cycle's page that stand by themselves: requests by kind, how long writes took, who left, why not. */
import type { Cycle } from "../../store/cycle-history.ts";
import type { CycleFailures } from "../../store/cycle-failures.ts";
import type { Leaver } from "../../store/cycle-leavers.ts";
import type { CycleSpan, CycleTimings, Durations } from "../../store/cycle-timings.ts";
import { count, counted, duration, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { badge, emptyState, failurePath, resourcePath, table } from "../parts.ts";
import { timeline } from "./cycle-timeline.ts";
import { causePath, cycleFailedPath } from "./failed-filter.ts";
import { resultBadge, titleOf } from "./failed-list.ts";

const NOTHING = html`<span class="zero">–</span>`;

/** Names of kinds of requests, by operation. */
const OPERATIONS = new Map([
  ["probe", "Probe of the connection"],
  ["list", "List or look up"],
  ["search", "Search"],
  ["get", "Read one"],
  ["create", "Create"],
  ["replace", "Replace"],
  ["patch", "Update"],
  ["delete", "Delete"],
  ["bulk", "Bulk request"],
  ["async", "Ask for an accepted write"],
]);
const RESOURCES = new Map([
  ["User", "users"],
  ["Group", "groups"],
  ["discovery", "discovery"],
]);

export function requestsSection({ requestKinds, writes }: Cycle): Html {
  const kinds = Object.entries(requestKinds).sort(([one, a], [other, b]) => b - a || (one < other ? -1 : 1));
  const requestRows = kinds.map(([kind, requests]) => [kindName(kind), count(requests)]);
  const columns = [{ label: "Request" }, { label: "Times", isNumber: true }];
  return html`<section>
    <h2>What it asked for</h2>
    ${
      kinds.length === 0
        ? emptyState("Not counted by kind", "The cycle is older than the counting, or has just begun.")
        : table("Requests by kind", columns, requestRows)
    }
    ${Object.keys(writes).length > 0 && writesTable(writes)}
  </section>`;
}

function kindName(kind: string): string {
  const [resource = "", operation = ""] = kind.split(".");
  const what = RESOURCES.get(resource);
  return `${OPERATIONS.get(operation) ?? "Other"}${what === undefined ? "" : ` · ${what}`}`;
}

const RESULTS = ["applied", "unchanged", "refused", "fault"] as const;

function writesTable(writes: Cycle["writes"]): Html {
  const names = new Set(Object.keys(writes).map((name) => name.slice(0, name.lastIndexOf("."))));
  const columns = ["Applied", "Already as wanted", "Refused", "Failed"].map((label) => ({
    label,
    isNumber: true,
  }));
  const rows = [...names].sort().map((name) => [
    kindName(name),
    ...RESULTS.map((result) => {
      const times = writes[`${name}.${result}`] ?? 0;
      return times === 0 ? NOTHING : count(times);
    }),
  ]);
  return html`<h3>Writes by result</h3>
    ${table("Writes by operation and result", [{ label: "Write" }, ...columns], rows)}`;
}

export function timesSection(slug: string, timings: CycleTimings, spans: readonly CycleSpan[]): Html {
  const { waits, commits, slowest } = timings;
  const columns = [
    { label: "Time" },
    ...["Half", "95 %", "Longest"].map((label) => ({ label, isNumber: true })),
  ];
  return html`<section>
    <h2>How fast it went</h2>
    ${spans.length > 0 && timeline(spans)}
    ${
      waits === undefined || commits === undefined
        ? emptyState("No write was measured", "Times are kept from the first write on.")
        : table("How long writes took", columns, [
            ["In the queue", ...timesOf(waits)],
            ["In the transaction, with its commit", ...timesOf(commits)],
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
  return ms < 1000 ? `${Math.round(ms)} ms` : duration(ms);
}

function slowestWrite(slug: string, slowest: NonNullable<CycleTimings["slowest"]>): Html {
  const { ms, resourceType, resourceId, correlationId } = slowest;
  const whom =
    resourceType !== null && resourceId !== null
      ? html`<a href="${resourcePath(slug, resourceType, resourceId)}"
          >a write of one ${resourceType.toLowerCase()}</a
        >`
      : "a write that the ledger no longer holds";
  return html`<p>
    The slowest took ${precisely(ms)}: ${whom}. In logs and traces it has the correlation id
    <code>${correlationId}</code>.
  </p>`;
}

export const LEAVERS_SHOWN = 100;

export function leaversSection(slug: string, leavers: readonly Leaver[]): Html {
  const columns = ["Who", "What happened", "When", "Now"].map((label) => ({ label }));
  const rows = leavers
    .slice(0, LEAVERS_SHOWN)
    .map(({ resourceId, name, operation, at, isActive }) => [
      html`<a href="${resourcePath(slug, "User", resourceId)}">${name ?? "Deleted user"}</a>`,
      operation === "delete" ? "Deleted" : "Deactivated",
      shortTime(at),
      nowBadge(isActive),
    ]);
  return html`<section>
    <h2>Who lost access</h2>
    ${
      leavers.length === 0
        ? emptyState("Nobody", "This cycle deactivated and deleted no user.")
        : table("Users who were deactivated or deleted", columns, rows)
    }
    ${leavers.length > LEAVERS_SHOWN && html`<p>These are the first ${LEAVERS_SHOWN}.</p>`}
  </section>`;
}

function nowBadge(isActive: boolean | null): Html {
  if (isActive === null) return badge("idle", "Gone");
  return isActive ? badge("good", "Active again") : badge("bad", "Deactivated");
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
    html`<a href="${failurePath(slug, group.newestWriteId)}">Show</a>`,
  ]);
  const columns = [
    { label: "Reason, and its newest case" },
    { label: "Result" },
    { label: "Times", isNumber: true },
    { label: "Still open", isNumber: true },
    { label: "Newest" },
  ];
  const total = groups.reduce((sum, group) => sum + group.count, 0);
  return html`<section>
    <h2>Why it failed</h2>
    ${
      groups.length === 0
        ? emptyState("Nothing failed", "Every write of this cycle was applied.")
        : html`<p>
              ${counted(total, "write")} failed, for these reasons.
              <a href="${cycleFailedPath(slug, cycle.id)}">See them one by one</a>
            </p>
            ${table("Failures by reason", columns, rows)}`
    }
  </section>`;
}
