/** An import of people whom a product knew before: all of them or nobody, matched, and the gate held for their sake. */
import { recordAudit } from "./audit.ts";
import type { DatabasePool } from "./database.ts";
import { type ExistingUser, matchExistingUsers, storeExistingUsers } from "./existing-users.ts";
import { holdLoginGate } from "./login-gates.ts";

const PAGE = 1_000;

export interface ImportRequest {
  readonly tenantId: string;
  readonly users: readonly ExistingUser[];
  readonly actor: string;
  readonly onProgress: (done: number, total: number) => void;
}

/** @returns whether the gate was held by this */
export async function importExistingUsers(
  db: DatabasePool,
  { tenantId, users, actor, onProgress }: ImportRequest,
): Promise<boolean> {
  return db.transaction(async (tx) => {
    for (let from = 0; from < users.length; from += PAGE) {
      await storeExistingUsers(tx, tenantId, users.slice(from, from + PAGE));
      onProgress(Math.min(users.length, from + PAGE), users.length);
    }
    await matchExistingUsers(tx, tenantId);
    const isHeld = await holdLoginGate(tx, tenantId);
    const subject = `${users.length} people`;
    await recordAudit(tx, [{ tenantId, actor, action: "existing_users.imported", subject }]);
    return isHeld;
  });
}
