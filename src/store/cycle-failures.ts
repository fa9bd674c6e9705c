/** What failed in a cycle, by its reason, whatever became of it since. */
import type { Cause } from "./failed-writes.ts";
import type { Database } from "./database.ts";

export interface CycleFailures extends Cause {
  readonly result: "refused" | "fault";
  readonly count: number;
  /** Of these, nobody has done anything about yet. */
  readonly open: number;
  readonly newestWriteId: string;
  /** The newest one's reason, without values. */
  readonly masked: string | null;
}

const GROUPS_MAX = 50;

const GROUPS = `
  SELECT code, resource_type AS "resourceType", operation, result, count(*)::float8 AS count,
         (count(*) FILTER (WHERE state = 'open'))::float8 AS open,
         (array_agg(write_id ORDER BY write_id DESC))[1] AS "newestWriteId",
         (array_agg(masked ORDER BY write_id DESC))[1] AS masked
    FROM failures
   WHERE tenant_id = $1 AND cycle_id = $2
   GROUP BY code, resource_type, operation, result
   ORDER BY count(*) DESC, code, resource_type, operation, result
   LIMIT ${GROUPS_MAX}`;

/** The most frequent first. */
export async function groupCycleFailures(
  db: Database,
  { tenantId, cycleId }: { readonly tenantId: string; readonly cycleId: string },
): Promise<readonly CycleFailures[]> {
  return db.query<CycleFailures>(GROUPS, [tenantId, cycleId]);
}
