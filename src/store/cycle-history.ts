/** Cycles as people look at them: a connection's latest, one by its id, and the strips of the overview. */
import type { Counts } from "../platform/counts.ts";
import type { CycleKind } from "./cycle-kind.ts";
import type { ConnectionKey, CycleCounts } from "./cycles.ts";
import type { Database } from "./database.ts";

export interface Cycle extends CycleCounts {
  readonly tenantId: string;
  readonly id: string;
  readonly connectionId: string;
  /** Null while the cycle is open. */
  readonly kind: CycleKind | null;
  readonly startedAt: Date;
  readonly lastRequestAt: Date;
  readonly endedAt: Date | null;
  readonly requests: number;
  readonly reads: number;
  /** Requests that were answered, by resource and operation, such as `User.list`. */
  readonly requestKinds: Counts;
  /** By resource, operation and result, such as `User.patch.applied`. */
  readonly writes: Counts;
}

// Counts are bigint, which the driver hands over as text; none of ours outgrows a double.
const COLUMNS = `
         r.tenant_id AS "tenantId", r.id, r.connection_id AS "connectionId", r.kind, r.started_at AS "startedAt",
         r.last_request_at AS "lastRequestAt", r.ended_at AS "endedAt",
         r.requests::float8 AS requests, r.reads::float8 AS reads,
         r.users_created::float8 AS "usersCreated", r.users_updated::float8 AS "usersUpdated",
         r.users_deactivated::float8 AS "usersDeactivated", r.users_reactivated::float8 AS "usersReactivated",
         r.users_deleted::float8 AS "usersDeleted", r.groups_created::float8 AS "groupsCreated",
         r.groups_updated::float8 AS "groupsUpdated", r.groups_deleted::float8 AS "groupsDeleted",
         r.members_added::float8 AS "membersAdded", r.members_removed::float8 AS "membersRemoved",
         r.unchanged::float8 AS unchanged, r.refused::float8 AS refused, r.faulted::float8 AS faulted,
         r.retried::float8 AS retried, r.request_kinds AS "requestKinds", r.writes`;

const LIST = `
  SELECT ${COLUMNS}
    FROM cycles r
   WHERE r.tenant_id = $1
     AND r.connection_id = $2
   ORDER BY r.started_at DESC, r.id
   LIMIT $3`;

/** The latest cycles of a connection, connection tests included, newest first. */
export async function listCycles(
  db: Database,
  connection: ConnectionKey,
  limit: number,
): Promise<readonly Cycle[]> {
  return db.query<Cycle>(LIST, [connection.tenantId, connection.connectionId, limit]);
}

export async function findCycle(db: Database, tenantId: string, cycleId: string): Promise<Cycle | undefined> {
  return (await findCycles(db, tenantId, [cycleId])).get(cycleId);
}

/** Those of these that the tenant has, by id. */
export async function findCycles(
  db: Database,
  tenantId: string,
  cycleIds: readonly string[],
): Promise<ReadonlyMap<string, Cycle>> {
  if (cycleIds.length === 0) return new Map();
  const rows = await db.query<Cycle>(
    `SELECT ${COLUMNS} FROM cycles r WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[])`,
    [tenantId, cycleIds],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

const STRIPS = `
  SELECT ${COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[]) AS c (tenant_id, id)
    JOIN LATERAL (
           SELECT id FROM cycles
            WHERE tenant_id = c.tenant_id AND connection_id = c.id AND kind IS DISTINCT FROM 'test'
            ORDER BY started_at DESC, id
            LIMIT $3
         ) latest ON true
    JOIN cycles r ON r.tenant_id = c.tenant_id AND r.id = latest.id
   ORDER BY r.connection_id, r.started_at, r.id`;

/**
 * The latest cycles of many connections in one look, connection tests left out.
 * @returns by connection id, oldest first
 */
export async function readCycleStrips(
  db: Database,
  connections: readonly ConnectionKey[],
  cyclesMax: number,
): Promise<ReadonlyMap<string, readonly Cycle[]>> {
  const rows = await db.query<Cycle>(STRIPS, [
    connections.map(({ tenantId }) => tenantId),
    connections.map(({ connectionId }) => connectionId),
    cyclesMax,
  ]);
  const strips = new Map<string, Cycle[]>();
  for (const row of rows) {
    const strip = strips.get(row.connectionId);
    if (strip === undefined) strips.set(row.connectionId, [row]);
    else strip.push(row);
  }
  return strips;
}
