/** Erasing, from end to end: access first, what waits in queues before and after, the rows, and a line in the audit. */
import { recordAudit } from "./audit.ts";
import type { DatabasePool } from "./database.ts";
import { endAllAccess } from "./disconnect.ts";
import { type Erased, erasePerson, type PersonToErase } from "./erase-person.ts";
import { eraseTenantRows } from "./erase-tenant.ts";

export interface ErasureDeps {
  readonly db: DatabasePool;
  /** Login of the account, or the command line. */
  readonly actor: string;
  /** Takes a tenant's jobs out of the queues, or those that name a person. @returns how many */
  readonly eraseJobs: (wanted: {
    readonly tenantId: string;
    readonly person?: PersonToErase;
  }) => Promise<number>;
}

/** The queues before and after: what waits there must not bring back what was taken away. */
export async function eraseOnePerson(
  person: PersonToErase,
  { db, actor, eraseJobs }: ErasureDeps,
): Promise<Erased> {
  const { tenantId } = person;
  const before = await eraseJobs({ tenantId, person });
  const erased = await db.transaction(async (tx) => {
    const rows = await erasePerson(tx, person);
    const subject = person.userId ?? "a person from before";
    await recordAudit(tx, [{ tenantId, actor, action: "person.erased", subject }]);
    return rows;
  });
  return { ...erased, "queue jobs": before + (await eraseJobs({ tenantId, person })) };
}

export async function eraseWholeTenant(
  { id: tenantId, slug }: { readonly id: string; readonly slug: string },
  { db, actor, eraseJobs }: ErasureDeps,
): Promise<Erased> {
  await db.transaction((tx) => endAllAccess(tx, tenantId));
  const before = await eraseJobs({ tenantId });
  const erased = await eraseTenantRows(db, tenantId);
  const after = await eraseJobs({ tenantId });
  const rows = Object.values(erased).reduce((sum, count) => sum + count, 0);
  await db.transaction((tx) =>
    recordAudit(tx, [{ tenantId: null, actor, action: "tenant.erased", subject: `${slug}: ${rows} rows` }]),
  );
  return { ...erased, "queue jobs": before + after };
}
