/** Who lost access in a cycle: users who were deactivated or deleted, by name. */
import { firstIdAt } from "../platform/ids.ts";
import type { Cycle } from "./cycle-history.ts";
import type { Database } from "./database.ts";

export interface Leaver {
  readonly writeId: string;
  readonly resourceId: string;
  readonly operation: "replace" | "patch" | "delete";
  readonly at: Date;
  /** As it was then, where it is not there any more. */
  readonly name: string | null;
  /** As the user is now; null where there is none. */
  readonly isActive: boolean | null;
}

// The condition is that of the index writes_leavers, word for word. A user who leaves twice is named once.
const LIST = `
  SELECT l."writeId", l."resourceId", l.operation, l.at, coalesce(u.resource ->> 'userName', l.name) AS name,
         u.active AS "isActive"
    FROM (
           SELECT write_id AS "writeId", resource_id AS "resourceId", operation, ended_at AS at,
                  changes -> 'userName' ->> 'from' AS name
             FROM writes
            WHERE tenant_id = $1 AND cycle_id = $2 AND write_id >= $3
              AND resource_type = 'User' AND result = 'applied' AND changes IS NOT NULL
              AND (operation = 'delete' OR changes @> '{"active": {"to": false}}')
            ORDER BY write_id
            LIMIT $4
         ) l
    LEFT JOIN users u ON u.tenant_id = $1 AND u.id = l."resourceId"
   ORDER BY l."writeId"`;

// A write may wait for its cycle's row, or be accepted and applied much later; it is never older than the cycle.
const CLOCKS_APART_MS = 3_600_000;

/** In the order in which they left. */
export async function listLeavers(
  db: Database,
  { tenantId, id, startedAt }: Pick<Cycle, "tenantId" | "id" | "startedAt">,
  limit: number,
): Promise<readonly Leaver[]> {
  const from = firstIdAt(new Date(startedAt.getTime() - CLOCKS_APART_MS));
  const rows = await db.query<Leaver>(LIST, [tenantId, id, from, limit]);
  const byUser = new Map(rows.map((row) => [row.resourceId, row]));
  return [...byUser.values()];
}
