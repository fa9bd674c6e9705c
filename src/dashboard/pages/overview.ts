/** The first page: every connection, how its last cycles went, and what needs a person. */
import { type ConnectionSummary, type Overview, readOverview } from "../../store/overview.ts";
import { type Heard, nextBeatAt, overdueOf } from "../../store/overdue.ts";
import { FAILED_COUNTED_MAX } from "../../store/failures.ts";
import { ago, count, date } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, mayActAs, type MemberVisit, page, region } from "../page.ts";
import { badge, connectionPath, describeStrip, emptyState, strip } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.overview;

const STRIP_CYCLES = 24;
const EXPIRY_WARNING_MS = 14 * 24 * 3600 * 1000;

export async function showOverview(visit: MemberVisit, { database, now }: Console): Promise<Answer> {
  const at = now();
  const overview = await readOverview(database, { cyclesMax: STRIP_CYCLES });
  const mayActivate = mayActAs(visit.session.role, "admin");
  const shown = overview.connections.length === 0 ? nothingYet(mayActivate) : content(overview, at);
  const live = { regions: { overview: shown } };
  const body = html`<div class="title-row">
      <h1>${words.title}</h1>
      ${
        mayActivate &&
        overview.connections.length > 0 &&
        html`<a class="button" href="/activate">${words.activate}</a>`
      }
    </div>
    ${region(live, "overview")}`;
  return page(words.title, body, { section: "overview", live });
}

function nothingYet(mayActivate: boolean): Html {
  const steps = html`<p>${words.nothingYetMeans}</p>
    ${
      mayActivate
        ? html`<p><a class="button" href="/activate">${words.activate}</a></p>`
        : html`<p>${words.mayNotActivate}</p>`
    }`;
  return emptyState(words.nothingYet, steps);
}

function content(overview: Overview, now: Date): Html {
  return html`${tiles(overview)}
    <section>
      <h2>${words.connections}</h2>
      <ul class="connections">
        ${overview.connections.map((connection) => connectionCard(connection, now))}
      </ul>
    </section>`;
}

function tiles({ connections, openFailures }: Overview): Html {
  const tenants = new Map(connections.map((connection) => [connection.tenantId, connection]));
  const active = [...tenants.values()].reduce((sum, tenant) => sum + tenant.active, 0);
  const users = [...tenants.values()].reduce((sum, tenant) => sum + tenant.users, 0);
  const failed = openFailures >= FAILED_COUNTED_MAX ? `${count(FAILED_COUNTED_MAX)}+` : count(openFailures);
  return html`<ul class="tiles" aria-label="${words.summary}">
    <li>
      <span class="figure">${count(active)}</span>
      <span>${words.activeUsersOf(users)}</span>
    </li>
    <li>
      <span class="figure">${count(connections.length)}</span>
      <span>${words.connectionsWord(connections.length)}</span>
    </li>
    <li>
      <span class="figure ${openFailures > 0 ? "warn" : ""}">${failed}</span>
      <span>${words.failedJobsOpen("/failed")}</span>
    </li>
  </ul>`;
}

function connectionCard(connection: ConnectionSummary, now: Date): Html {
  return html`<li class="card connection">
    <div class="who-is">
      <h3>
        <a href="${connectionPath(connection.tenantSlug, connection.id)}">${connection.tenantName}</a>
      </h3>
      <p class="muted">${connection.name} · <code>${connection.tenantSlug}</code></p>
      <p>${state(connection, now)} ${heldBadge(connection)}</p>
    </div>
    <div class="cycles">
      ${strip(connection.cycles, STRIP_CYCLES)}
      <p class="muted small">${describeStrip(connection.cycles)}</p>
    </div>
    <dl class="facts inline">
      <div>
        <dt>${words.activeUsers}</dt>
        <dd>${words.active(connection.active, connection.users)}</dd>
      </div>
      <div>
        <dt>${words.lastRequest}</dt>
        <dd>${connection.lastRequestAt ? ago(connection.lastRequestAt, now) : words.noRequest}</dd>
      </div>
      ${nextBeat(connection, now)}
      <div>
        <dt>${words.tokenExpires}</dt>
        <dd>${connection.tokenExpiresAt ? date(connection.tokenExpiresAt) : words.states.noToken}</dd>
      </div>
    </dl>
  </li>`;
}

function heldBadge({ tenantSlug, id, held }: ConnectionSummary): Html | undefined {
  if (held === 0) return undefined;
  const path = `${connectionPath(tenantSlug, id)}/guard`;
  return badge("bad", html`<a href="${path}">${words.deactivationsHeld(held)}</a>`);
}

const OVERDUE = {
  late: badge("warn", words.states.late),
  silent: badge("bad", words.states.silent),
} as const;

function heardOf({ lastRequestAt, cycles }: ConnectionSummary): Heard {
  return { lastRequestAt, incrementalCycles: cycles.filter(({ kind }) => kind === "incremental").length };
}

/** When Azure should be back, or should have been. */
function nextBeat(connection: ConnectionSummary, now: Date): Html | undefined {
  const { cycles, disconnectedAt } = connection;
  const at = nextBeatAt(heardOf(connection), cycles.at(-1)?.startedAt);
  if (at === undefined || disconnectedAt !== null || cycles.at(-1)?.endedAt === null) return undefined;
  return html`<div>
    <dt>${at > now ? words.nextBeat : words.wasExpected}</dt>
    <dd>${ago(at, now)}</dd>
  </div>`;
}

function state(connection: ConnectionSummary, now: Date): Html {
  const { disconnectedAt, tokenExpiresAt, lastRequestAt, cycles } = connection;
  if (disconnectedAt !== null) return badge("idle", words.states.disconnected);
  if (tokenExpiresAt === null) return badge("bad", words.states.noToken);
  if (tokenExpiresAt <= now) return badge("bad", words.states.tokenExpired);
  if (tokenExpiresAt.getTime() - now.getTime() < EXPIRY_WARNING_MS)
    return badge("warn", words.states.tokenExpiresSoon);
  if (lastRequestAt === null) return badge("warn", words.states.waiting);
  const overdue = overdueOf(heardOf(connection), now);
  if (overdue !== undefined) return OVERDUE[overdue];
  const isRunning = cycles.at(-1)?.endedAt === null;
  return badge("good", isRunning ? words.states.cycleRunning : words.states.connected);
}
