/** What the console's first page shows: every connection with its last cycles, and how many users each tenant has. */
import { type Cycle, readCycleStrips } from "./cycle-history.ts";
import type { Database } from "./database.ts";
import { readDirectoryTotals } from "./directory-totals.ts";
import { countOpenFailures } from "./failures.ts";
import { countHeld } from "./held-deactivations.ts";
import { type Connection, listConnections } from "./tenants.ts";

export interface UserCounts {
  readonly users: number;
  readonly active: number;
}

export interface ConnectionSummary extends Connection, UserCounts {
  /** Connection tests left out, oldest first. */
  readonly cycles: readonly Cycle[];
  readonly lastRequestAt: Date | null;
  /** Users whose deactivation or deletion the guard holds. */
  readonly held: number;
}

export interface Overview {
  readonly connections: readonly ConnectionSummary[];
  /** Failures that wait for a person, over all tenants; at most as many as are counted. */
  readonly openFailures: number;
}

/** @param cyclesMax - cycles in each connection's strip */
export async function readOverview(db: Database, options: { readonly cyclesMax: number }): Promise<Overview> {
  const connections = await listConnections(db);
  const keys = connections.map(({ tenantId, id }) => ({ tenantId, connectionId: id }));
  const [totals, strips, openFailures, counts] = await Promise.all([
    readDirectoryTotals(db, [...new Set(connections.map(({ tenantId }) => tenantId))]),
    readCycleStrips(db, keys, options.cyclesMax),
    countOpenFailures(db),
    countHeld(db),
  ]);
  const held = new Map(counts.map(({ connectionId, waiting }) => [connectionId, waiting]));
  const summaries = connections.map((connection) => {
    const cycles = strips.get(connection.id) ?? [];
    const { usersActive: active = 0, usersInactive = 0 } = totals.get(connection.tenantId) ?? {};
    return {
      ...connection,
      active,
      users: active + usersInactive,
      cycles,
      lastRequestAt: lastRequest(connection, cycles),
      held: held.get(connection.id) ?? 0,
    };
  });
  return { connections: summaries, openFailures };
}

/** A connection test leaves no bar in the strip, but its token was used. */
function lastRequest(connection: Connection, cycles: readonly Cycle[]): Date | null {
  const times = [connection.tokenLastUsedAt, cycles.at(-1)?.lastRequestAt ?? null].filter(
    (time) => time !== null,
  );
  return times.length === 0 ? null : new Date(Math.max(...times.map((time) => time.getTime())));
}
