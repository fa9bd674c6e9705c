/** After a cycle, people whom a product knew before are matched anew: the report then says who was left out. */
import type { ClosedCycle } from "../store/close-cycles.ts";
import type { DatabasePool } from "../store/database.ts";
import { matchExistingUsers, tenantsWithExistingUsers } from "../store/existing-users.ts";

export async function matchAfterCycles(db: DatabasePool, closed: readonly ClosedCycle[]): Promise<void> {
  const changed = closed.filter(({ kind }) => kind !== "test").map(({ tenantId }) => tenantId);
  if (changed.length === 0) return;
  for (const tenantId of await tenantsWithExistingUsers(db, [...new Set(changed)]))
    await db.transaction((tx) => matchExistingUsers(tx, tenantId));
}
