/** What cycles counted, and what the simulator of Azure AD says that it did: to be compared. */
import type { CycleReport } from "../../tools/azure-ad/report.ts";
import type { Database } from "../../src/store/database.ts";

/** Of requests that succeeded; what was already as wanted stands beside what was updated. */
export interface CycleSums {
  readonly usersCreated: number;
  readonly usersUpdated: number;
  readonly usersDeactivated: number;
  readonly usersReactivated: number;
  readonly usersDeleted: number;
  readonly groupsCreated: number;
  readonly groupsUpdated: number;
  readonly groupsDeleted: number;
  readonly refused: number;
  readonly faulted: number;
}

export function countsOfReports(reports: readonly CycleReport[]): CycleSums {
  const sum = (...operations: readonly (keyof CycleReport["done"])[]): number =>
    reports.reduce(
      (total, { done }) => operations.reduce((each, operation) => each + (done[operation] ?? 0), total),
      0,
    );
  return {
    usersCreated: sum("create user"),
    usersUpdated: sum("patch user", "set manager"),
    usersDeactivated: sum("deactivate user"),
    usersReactivated: sum("reactivate user"),
    usersDeleted: sum("delete user"),
    groupsCreated: sum("create group"),
    groupsUpdated: sum("rename group", "add members", "remove members"),
    groupsDeleted: sum("delete group"),
    refused: 0,
    faulted: 0,
  };
}

/** Of the tenant's cycles, oldest first. */
export async function cycleCounts(database: Database, tenantId: string): Promise<readonly CycleSums[]> {
  return database.query<CycleSums>(
    `SELECT users_created::int AS "usersCreated", users_updated::int AS "usersUpdated",
            users_deactivated::int AS "usersDeactivated", users_reactivated::int AS "usersReactivated",
            users_deleted::int AS "usersDeleted", groups_created::int AS "groupsCreated",
            groups_updated::int AS "groupsUpdated", groups_deleted::int AS "groupsDeleted", refused::int AS refused,
            faulted::int AS faulted
       FROM cycles
      WHERE tenant_id = $1 AND users_created + users_updated + users_deactivated + users_reactivated + users_deleted
                               + groups_created + groups_updated + groups_deleted + refused + faulted > 0
      ORDER BY started_at`,
    [tenantId],
  );
}
