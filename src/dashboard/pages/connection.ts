/** One connection: does Azure reach us, why not, with which tokens, and what its last cycles did. */
import { type Cycle, listCycles } from "../../store/cycle-history.ts";
import type { Connection } from "../../store/tenants.ts";
import { date, duration, shortTime } from "../format.ts";
import { Html, html } from "../html.ts";
import { type Answer, type Console, type MemberVisit, notFound, page, region } from "../page.ts";
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
import { connectionOf, NO_CONNECTION } from "./named-connection.ts";
import { readDoor } from "./read-door.ts";

const words = texts.connection;

const CYCLES_SHOWN = 25;

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
  const body = html`${crumbs([[texts.common.overview, "/"]])}
    <h1>
      <a class="plainly" href="/tenants/${connection.tenantSlug}">${tenantName}</a>
      <span class="muted">· ${name}</span>
    </h1>
    ${region(live, "door", true)}
    ${
      state.tone !== "good" &&
      html`<p class="unscripted">
        <a href="${connectionPath(connection.tenantSlug, connectionId)}">${words.lookAgain}</a>
      </p>`
    }
    ${facts([
      [words.tenantUrl, copyable("tenant-url", `${deps.publicUrl()}/scim/v2`)],
      [words.shortName, html`<code>${connection.tenantSlug}</code>`],
      [words.dialect, dialectFact(visit, connection)],
      [words.guard, guard],
      [words.limits, limits],
      [words.digest, digest],
      [words.created, date(connection.createdAt)],
      [words.failedJobs, html`<a href="/failed?tenant=${connection.tenantSlug}">${words.showFailed}</a>`],
    ])}
    ${region(live, "cycles")} ${region(live, "tokens")} ${setUp(door)}`;
  return page(`${tenantName} · ${name}`, body, { section: "overview", live });
}

/** What is to be done in Azure; folded away once it has been done. */
function setUp({ lastRequestAt, tokens }: Door): Html {
  const isNew = lastRequestAt === undefined && tokens.every(({ lastUsedAt }) => lastUsedAt === null);
  return html`<details class="set-up" ${isNew && new Html("open")}>
    <summary>${words.setUp}</summary>
    ${firstSteps(tokens[0]?.kind ?? "bearer")} ${mappings()}
  </details>`;
}

export function kindOf(cycle: Cycle): string {
  return cycle.kind === null ? texts.cycles.running : texts.cycles.kinds[cycle.kind];
}

export function durationOf(cycle: Cycle): string {
  return duration((cycle.endedAt ?? cycle.lastRequestAt).getTime() - cycle.startedAt.getTime());
}

function cyclesSection({ id, tenantSlug }: Connection, cycles: readonly Cycle[]): Html {
  const said = words.cycles;
  return html`<section>
    <h2>${said.title}</h2>
    ${
      cycles.length === 0
        ? emptyState(said.none, said.noneMore)
        : html`${cyclesTable(said.title, tenantSlug, cycles)}
            <p><a href="/tenants/${tenantSlug}/cycles?connection=${id}">${said.all}</a></p>`
    }
  </section>`;
}

export function cyclesTable(caption: string, tenantSlug: string, cycles: readonly Cycle[]): Html {
  const said = texts.cycles.columns;
  const numbers = [said.created, said.updated, said.deactivated, said.deleted];
  const columns = [
    { label: said.started },
    { label: said.kind },
    { label: said.result },
    { label: said.duration, isNumber: true },
    ...[...numbers, said.refused, said.failed, said.requests].map((label) => ({ label, isNumber: true })),
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
