/** Cycles as people look at them: a connection's latest, one by its id, and the strips of the overview. */
import type { Counts } from "../platform/counts.ts";
import type { CycleKind } from "./cycle-kind.ts";
import type { ConnectionKey, CycleCounts } from "./cycles.ts";
import type { Database } from "./database.ts";
import type { Tenant } from "./tenants.ts";

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

/** Whose cycle it is, for those who know no more than its id. */
export async function findTenantOfCycle(db: Database, cycleId: string): Promise<Tenant | undefined> {
  const [tenant] = await db.query<Tenant>(
    `SELECT t.id, t.slug, t.name, t.created_at AS "createdAt"
       FROM tenants t
      WHERE EXISTS (SELECT FROM cycles WHERE tenant_id = t.id AND id = $1)`,
    [cycleId],
  );
  return tenant;
}

export interface CyclesQuery {
  readonly tenantId: string;
  readonly connectionId?: string | undefined;
  readonly kind?: CycleKind | undefined;
  /** Only those in which something was refused, or faulted. */
  readonly trouble?: "refused" | "faulted" | undefined;
  /** The last cycle of the page before. */
  readonly olderThan?: string | undefined;
  readonly limit: number;
}

// One range of an index for each connection, each ended by its own limit.
const PAGE = `
  SELECT ${COLUMNS}
    FROM connections n
    LEFT JOIN LATERAL (SELECT started_at AS at FROM cycles WHERE tenant_id = $1 AND id = $5) mark ON true
    JOIN LATERAL (
           SELECT id, started_at FROM cycles c
            WHERE c.tenant_id = n.tenant_id AND c.connection_id = n.id
              AND ($3::text IS NULL OR c.kind = $3)
              AND ($4::text IS NULL OR CASE $4 WHEN 'refused' THEN c.refused ELSE c.faulted END > 0)
              AND ($5::uuid IS NULL
                   OR (c.started_at <= mark.at AND (c.started_at < mark.at OR c.id > $5)))
            ORDER BY started_at DESC, id
            LIMIT $6
         ) l ON true
    JOIN cycles r ON r.tenant_id = n.tenant_id AND r.id = l.id
   WHERE n.tenant_id = $1 AND ($2::uuid IS NULL OR n.id = $2)
   ORDER BY r.started_at DESC, r.id
   LIMIT $6`;

/** A page of a tenant's cycles, newest first. @returns where the next one begins, if there is one */
export async function pageCycles(
  db: Database,
  { tenantId, connectionId, kind, trouble, olderThan, limit }: CyclesQuery,
): Promise<{ readonly cycles: readonly Cycle[]; readonly olderThan: string | undefined }> {
  const rows = await db.query<Cycle>(PAGE, [
    ...[tenantId, connectionId ?? null, kind ?? null, trouble ?? null, olderThan ?? null],
    limit + 1,
  ]);
  const cycles = rows.slice(0, limit);
  return { cycles, olderThan: rows.length > limit ? cycles.at(-1)?.id : undefined };
}

/** The connection's cycle after this one. */
export async function findNextCycle(
  db: Database,
  { tenantId, connectionId, id }: Pick<Cycle, "tenantId" | "connectionId" | "id">,
): Promise<Pick<Cycle, "id" | "startedAt"> | undefined> {
  const [next] = await db.query<Pick<Cycle, "id" | "startedAt">>(
    `SELECT id, started_at AS "startedAt" FROM cycles
      WHERE tenant_id = $1 AND connection_id = $2
        AND started_at > (SELECT started_at FROM cycles WHERE tenant_id = $1 AND id = $3)
      ORDER BY started_at LIMIT 1`,
    [tenantId, connectionId, id],
  );
  return next;
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
