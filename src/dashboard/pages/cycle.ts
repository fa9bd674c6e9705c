/** One cycle: everything it counted, and what of it failed. */
import { type Cycle, findCycle } from "../../store/cycle-history.ts";
import { type FailedWritesPage, listFailedWrites } from "../../store/failed-writes.ts";
import { findConnection, findTenant } from "../../store/tenants.ts";
import { count, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page } from "../page.ts";
import { connectionPath, crumbs, emptyState, facts, table, verdictBadge } from "../parts.ts";
import { durationOf, kindOf } from "./connection.ts";
import { failedList } from "./failed-list.ts";

const FAILURES_SHOWN = 50;
export async function showCycle(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const { slug = "", id = "" } = visit.params;
  const tenant = await findTenant(database, slug);
  if (tenant === undefined || !isId(id)) return notFound("There is no such cycle");
  const cycle = await findCycle(database, tenant.id, id);
  if (cycle === undefined) return notFound("There is no such cycle");
  const [connection, failed] = await Promise.all([
    findConnection(database, tenant.id, cycle.connectionId),
    listFailedWrites(database, { tenantId: tenant.id, cycleId: cycle.id, limit: FAILURES_SHOWN }),
  ]);
  const title = cycle.kind === "test" ? "Connection test" : `${kindOf(cycle)} cycle`;
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${tenant.name} · ${connection?.name ?? ""}`, connectionPath(slug, cycle.connectionId)],
    ])}
    <div class="title-row">
      <h1>${title}</h1>
      ${verdictBadge(cycle)}
    </div>
    ${facts([
      ["Started", time(cycle.startedAt)],
      [cycle.endedAt === null ? "Last request" : "Ended", time(cycle.endedAt ?? cycle.lastRequestAt)],
      ["Duration", durationOf(cycle)],
      ["Requests", html`${count(cycle.requests)} <span class="muted">(${count(cycle.reads)} reads)</span>`],
    ])}
    ${countsSection(cycle)}
    ${failuresSection(failed, { slug, showsValues: mayReadValues(visit.session.role) })}`;
  return page(`${title} · ${tenant.name}`, body, { section: "overview" });
}

function countsSection(cycle: Cycle): Html {
  const kinds = ["Created", "Updated", "Deactivated", "Reactivated", "Deleted"];
  const columns = [{ label: "Resource" }, ...kinds.map((label) => ({ label, isNumber: true }))];
  const none = html`<span class="muted">–</span>`;
  const users = [
    cycle.usersCreated,
    cycle.usersUpdated,
    cycle.usersDeactivated,
    cycle.usersReactivated,
    cycle.usersDeleted,
  ];
  return html`<section>
    <h2>What it changed</h2>
    ${table("Changes by resource", columns, [
      ["Users", ...users.map(count)],
      [
        "Groups",
        count(cycle.groupsCreated),
        count(cycle.groupsUpdated),
        none,
        none,
        count(cycle.groupsDeleted),
      ],
      ["Memberships", count(cycle.membersAdded), none, none, none, count(cycle.membersRemoved)],
    ])}
    ${facts([
      ["Already as wanted", count(cycle.unchanged)],
      ["Refused", count(cycle.refused)],
      ["Failed", count(cycle.faulted)],
      ["Tried again", count(cycle.retried)],
    ])}
  </section>`;
}

function failuresSection(
  failed: FailedWritesPage,
  { slug, showsValues }: { readonly slug: string; readonly showsValues: boolean },
): Html {
  return html`<section>
    <h2>Failed jobs</h2>
    ${
      failed.writes.length === 0
        ? emptyState("Nothing failed", "Every write of this cycle was applied.")
        : failedList(failed.writes, {
            showsTenant: false,
            showsCycle: false,
            showsExplanation: true,
            showsValues,
          })
    }
    ${
      failed.olderThan &&
      html`<p>
        These are the newest ${FAILURES_SHOWN}. <a href="/failed?tenant=${slug}">Show all of the tenant</a>.
      </p>`
    }
  </section>`;
}
