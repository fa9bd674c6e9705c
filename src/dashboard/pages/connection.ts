/** One connection: does Azure reach us, why not, with which tokens, and what its last cycles did. */
import { type Cycle, listCycles } from "../../store/cycle-history.ts";
import type { Database } from "../../store/database.ts";
import { type Connection, findConnection, findTenant } from "../../store/tenants.ts";
import { date, duration, shortTime } from "../format.ts";
import { Html, html } from "../html.ts";
import { type Answer, type Console, isId, type MemberVisit, notFound, page, region } from "../page.ts";
import {
  connectionPath,
  copyable,
  crumbs,
  cyclePath,
  emptyState,
  facts,
  figure,
  table,
  verdictBadge,
  writesOf,
} from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { firstSteps, mappings } from "./azure-steps.ts";
import { tokensSection } from "./connection-tokens.ts";
import { digestFact } from "./digest.ts";
import { dialectFact } from "./dialect.ts";
import { guardFact } from "./guard-parts.ts";
import { limitsFact } from "./limits.ts";
import { type Door, doorCard, doorState } from "./door-state.ts";
import { readDoor } from "./read-door.ts";

const CYCLES_SHOWN = 25;
/** @returns the connection a path such as `/tenants/:slug/connections/:id` names, if it is there */
export async function connectionOf(
  db: Database,
  params: Readonly<Record<string, string>>,
): Promise<Connection | undefined> {
  const { slug = "", id = "" } = params;
  const tenant = await findTenant(db, slug);
  return tenant === undefined || !isId(id) ? undefined : findConnection(db, tenant.id, id);
}

export const NO_CONNECTION = texts.common.noConnection;

export async function showConnection(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database } = deps;
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { tenantId, id: connectionId, tenantName, name } = connection;
  const [guard, limits, digest, door, cycles] = await Promise.all([
    guardFact(database, connection),
    limitsFact(visit, deps, connection),
    digestFact(visit, database, connection),
    readDoor(deps, connection),
    listCycles(database, { tenantId, connectionId }, CYCLES_SHOWN),
  ]);
  const state = doorState(door);
  const live = {
    regions: {
      door: doorCard(state),
      cycles: cyclesSection(connection, cycles),
      tokens: tokensSection(visit, door),
    },
  };
  const body = html`${crumbs([["Overview", "/"]])}
    <h1>
      <a class="plainly" href="/tenants/${connection.tenantSlug}">${tenantName}</a>
      <span class="muted">· ${name}</span>
    </h1>
    ${region(live, "door", true)}
    ${
      state.tone !== "good" &&
      html`<p class="unscripted">
        <a href="${connectionPath(connection.tenantSlug, connectionId)}">Look again</a>
      </p>`
    }
    ${facts([
      ["Tenant URL", copyable("tenant-url", `${deps.publicUrl()}/scim/v2`)],
      ["Short name", html`<code>${connection.tenantSlug}</code>`],
      ["Dialect", dialectFact(visit, connection)],
      ["Deactivation guard", guard],
      ["Limits", limits],
      ["Digest of failed cycles", digest],
      ["Created", date(connection.createdAt)],
      ["Failed jobs", html`<a href="/failed?tenant=${connection.tenantSlug}">Show this tenant's</a>`],
    ])}
    ${region(live, "cycles")} ${region(live, "tokens")} ${setUp(door)}`;
  return page(`${tenantName} · ${name}`, body, { section: "overview", live });
}

/** What is to be done in Azure; folded away once it has been done. */
function setUp({ lastRequestAt, tokens }: Door): Html {
  const isNew = lastRequestAt === undefined && tokens.every(({ lastUsedAt }) => lastUsedAt === null);
  return html`<details class="set-up" ${isNew && new Html("open")}>
    <summary>Setting up Azure, and its attribute mappings</summary>
    ${firstSteps(tokens[0]?.kind ?? "bearer")} ${mappings()}
  </details>`;
}

const KINDS = {
  initial: "Initial",
  incremental: "Incremental",
  on_demand: "On demand",
  test: "Test",
} as const;

export function kindOf(cycle: Cycle): string {
  return cycle.kind === null ? "Running" : KINDS[cycle.kind];
}

export function durationOf(cycle: Cycle): string {
  return duration((cycle.endedAt ?? cycle.lastRequestAt).getTime() - cycle.startedAt.getTime());
}

function cyclesSection({ id, tenantSlug }: Connection, cycles: readonly Cycle[]): Html {
  return html`<section>
    <h2>Recent cycles</h2>
    ${
      cycles.length === 0
        ? emptyState(
            "No cycle yet",
            "The first one begins when provisioning is started in Azure; later ones follow about every 40 minutes.",
          )
        : html`${cyclesTable("Recent cycles", tenantSlug, cycles)}
            <p><a href="/tenants/${tenantSlug}/cycles?connection=${id}">All cycles</a></p>`
    }
  </section>`;
}

export function cyclesTable(caption: string, tenantSlug: string, cycles: readonly Cycle[]): Html {
  const numbers = ["Created", "Updated", "Deactivated", "Deleted", "Refused", "Failed", "Requests"];
  const columns = [
    { label: "Started" },
    { label: "Kind" },
    { label: "Result" },
    { label: "Duration", isNumber: true },
    ...numbers.map((label) => ({ label, isNumber: true })),
  ];
  const rows = cycles.map((cycle) => {
    const { created, updated, deleted } = writesOf(cycle);
    const { usersDeactivated, refused, faulted, requests } = cycle;
    return [
      html`<a href="${cyclePath(tenantSlug, cycle.id)}">${shortTime(cycle.startedAt)}</a>`,
      kindOf(cycle),
      verdictBadge(cycle),
      durationOf(cycle),
      ...[created, updated, usersDeactivated, deleted, refused, faulted, requests].map(figure),
    ];
  });
  return table(caption, columns, rows);
}
