/** One connection: does Azure reach us, with which tokens, and what its last cycles did. */
import { type Cycle, listCycles } from "../../store/cycle-history.ts";
import type { Database } from "../../store/database.ts";
import { type Connection, findConnection, findTenant, listTokens, type Token } from "../../store/tenants.ts";
import { ago, count, date, duration, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, isId, mayActAs, type MemberVisit, notFound, page } from "../page.ts";
import {
  badge,
  connectionPath,
  crumbs,
  cyclePath,
  emptyState,
  facts,
  table,
  verdictBadge,
  writesOf,
} from "../parts.ts";
import { dialectFact } from "./dialect.ts";

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

export const NO_CONNECTION = "There is no such connection";

export async function showConnection(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database } = deps;
  const connection = await connectionOf(database, visit.params);
  if (connection === undefined) return notFound(NO_CONNECTION);
  const { tenantId, id: connectionId, tenantName, name } = connection;
  const [tokens, cycles] = await Promise.all([
    listTokens(database, tenantId, connectionId),
    listCycles(database, { tenantId, connectionId }, CYCLES_SHOWN),
  ]);
  const now = deps.now();
  const body = html`${crumbs([["Overview", "/"]])}
    <h1>
      <a class="plainly" href="/tenants/${connection.tenantSlug}">${tenantName}</a>
      <span class="muted">· ${name}</span>
    </h1>
    ${statusCard(connection, tokens, { now, lastRequestAt: cycles[0]?.lastRequestAt })}
    ${facts([
      ["Tenant URL", html`<code class="copy">${deps.publicUrl()}/scim/v2</code>`],
      ["Short name", html`<code>${connection.tenantSlug}</code>`],
      ["Dialect", dialectFact(visit, connection)],
      ["Created", date(connection.createdAt)],
      ["Failed jobs", html`<a href="/failed?tenant=${connection.tenantSlug}">Show this tenant's</a>`],
    ])}
    ${cyclesSection(connection, cycles)} ${tokensSection(connection, tokens, { visit, now })}`;
  return page(`${tenantName} · ${name}`, body, { section: "overview" });
}

function statusCard(
  connection: Connection,
  tokens: readonly Token[],
  { now, lastRequestAt }: { readonly now: Date; readonly lastRequestAt: Date | undefined },
): Html {
  const live = tokens.find((token) => token.revokedAt === null);
  const again = html`<a href="${connectionPath(connection.tenantSlug, connection.id)}">Check again</a>`;
  if (live === undefined)
    return status("bad", "No token", "Azure cannot connect. Create a new token below and paste it there.");
  if (live.expiresAt <= now)
    return status("bad", "Token expired", "Azure's requests are refused. Rotate the token below.");
  if (live.lastUsedAt === null && lastRequestAt !== undefined && lastRequestAt > live.createdAt)
    return status("good", "Connected", html`Last request ${ago(lastRequestAt, now)}.`);
  if (live.lastUsedAt === null)
    return status(
      "warn",
      "Waiting for Azure's first request",
      html`The token <code>${live.hint}…</code> has not been used yet. Press Test Connection in Azure, then
        look here. If Azure reports an error, compare the Tenant URL and paste the token again. ${again}`,
    );
  const last = lastRequestAt && lastRequestAt > live.lastUsedAt ? lastRequestAt : live.lastUsedAt;
  return status("good", "Connected", html`Last authenticated request ${ago(last, now)}.`);
}

function status(tone: "good" | "warn" | "bad", title: string, text: string | Html): Html {
  return html`<div class="card status ${tone}">
    <p>${badge(tone, title)}</p>
    <p>${text}</p>
  </div>`;
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

/** Zeros step back, so that what happened stands out. */
function figure(value: number): Html | string {
  return value === 0 ? html`<span class="muted">0</span>` : count(value);
}

function tokensSection(
  connection: Connection,
  tokens: readonly Token[],
  { visit, now }: { readonly visit: MemberVisit; readonly now: Date },
): Html {
  const path = connectionPath(connection.tenantSlug, connection.id);
  const isLive = tokens.some((token) => token.revokedAt === null);
  const rows = tokens.map((token) => [
    html`<code>${token.hint}…</code>`,
    tokenState(token, now),
    date(token.createdAt),
    date(token.expiresAt),
    token.lastUsedAt === null ? "Never" : ago(token.lastUsedAt, now),
  ]);
  const columns = ["Token", "State", "Created", "Expires", "Last used"].map((label) => ({ label }));
  return html`<section>
    <h2>Tokens</h2>
    ${
      tokens.length === 0
        ? emptyState("No token yet", "Azure cannot connect without one.")
        : table("Tokens", columns, rows)
    }
    ${
      mayActAs(visit.session.role, "admin") &&
      html`<p class="actions">
        <a class="button" href="${path}/rotate">${isLive ? "Rotate token" : "Create a token"}</a>
        ${isLive && html`<a class="button danger" href="${path}/revoke">Revoke all tokens</a>`}
      </p>`
    }
  </section>`;
}

function tokenState(token: Token, now: Date): Html {
  if (token.revokedAt !== null) return badge("idle", "Revoked");
  return token.expiresAt <= now ? badge("bad", "Expired") : badge("good", "Live");
}
