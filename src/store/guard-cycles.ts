/** What the deactivation guard did in each cycle, as people look at it. */
import type { ConnectionKey } from "./cycles.ts";
import type { Database, Transaction } from "./database.ts";

export interface GuardCycle extends ConnectionKey {
  readonly cycleId: string;
  /** What the percentage was of. */
  readonly activeUsers: number;
  /** Deactivations and deletions that counted against the limit, and were applied. */
  readonly counted: number;
  readonly held: number;
  readonly released: number;
  readonly rejected: number;
  /** Held ones whose users were made active again. */
  readonly superseded: number;
  /** As it was when the first one was held; null where none was. */
  readonly usersLimit: number | null;
  readonly liftedAt: Date | null;
}

const FIND = `
  SELECT tenant_id AS "tenantId", cycle_id AS "cycleId", connection_id AS "connectionId",
         active_users::float8 AS "activeUsers", counted::float8 AS counted, held::float8 AS held,
         released::float8 AS released, rejected::float8 AS rejected, superseded::float8 AS superseded,
         users_limit::float8 AS "usersLimit", lifted_at AS "liftedAt"
    FROM guard_cycles
   WHERE tenant_id = $1 AND cycle_id = ANY($2::uuid[])`;

/** By cycle; one in which the guard counted nothing is absent. */
export async function findGuardCycles(
  db: Database,
  tenantId: string,
  cycleIds: readonly string[],
): Promise<ReadonlyMap<string, GuardCycle>> {
  if (cycleIds.length === 0) return new Map();
  const rows = await db.query<GuardCycle>(FIND, [tenantId, cycleIds]);
  return new Map(rows.map((row) => [row.cycleId, row]));
}

// One that nothing was counted in begins with the users who are active now.
const LIFT = `
  INSERT INTO guard_cycles (tenant_id, cycle_id, connection_id, active_users, lifted_at)
  SELECT c.tenant_id, c.id, c.connection_id, coalesce(d.users_active, 0), now()
    FROM cycles c
    LEFT JOIN directory_totals d ON d.tenant_id = c.tenant_id
   WHERE c.tenant_id = $1 AND c.connection_id = $2 AND c.ended_at IS NULL
      ON CONFLICT (tenant_id, cycle_id) DO UPDATE SET lifted_at = now()
  RETURNING cycle_id`;

/** Lets the rest of the cycle that runs pass. @returns false where none runs */
export async function liftGuard(
  tx: Transaction,
  { tenantId, connectionId }: ConnectionKey,
): Promise<boolean> {
  return (await tx.query(LIFT, [tenantId, connectionId])).length > 0;
}
