/** How many users and groups each tenant holds: a row per tenant, kept by the transactions that change them. */
import type { Database, Transaction } from "./database.ts";

export interface DirectoryTotals {
  readonly usersActive: number;
  readonly usersInactive: number;
  readonly groups: number;
}

export interface DirectoryGrowth extends DirectoryTotals {
  readonly tenantId: string;
}

const ADD = `
  INSERT INTO directory_totals AS d (tenant_id, users_active, users_inactive, groups)
  SELECT g."tenantId", g."usersActive", g."usersInactive", g.groups
    FROM json_to_recordset($1::json)
      AS g ("tenantId" uuid, "usersActive" bigint, "usersInactive" bigint, groups bigint)
   ORDER BY g."tenantId"
      ON CONFLICT (tenant_id) DO UPDATE
     SET users_active = d.users_active + excluded.users_active,
         users_inactive = d.users_inactive + excluded.users_inactive,
         groups = d.groups + excluded.groups`;

/** Among the last statements before the commit, because workers of one tenant wait here for each other. */
export async function addDirectoryGrowth(tx: Transaction, growth: readonly DirectoryGrowth[]): Promise<void> {
  if (growth.length === 0) return;
  await tx.query({ name: "add-directory-growth", text: ADD }, [JSON.stringify(growth)]);
}

/** @returns by tenant id; one that never held anything is absent */
export async function readDirectoryTotals(
  db: Database,
  tenantIds: readonly string[],
): Promise<ReadonlyMap<string, DirectoryTotals>> {
  const rows = await db.query<DirectoryGrowth>(
    `SELECT tenant_id AS "tenantId", users_active::float8 AS "usersActive",
            users_inactive::float8 AS "usersInactive", groups::float8 AS groups
       FROM directory_totals
      WHERE tenant_id = ANY ($1::uuid[])`,
    [tenantIds],
  );
  return new Map(rows.map(({ tenantId, ...totals }) => [tenantId, totals]));
}
