/** A whole list reconciled at once, all of it or nothing: for files, which are read one person after the other. */
import { type AuditEntry, recordAudit } from "./audit.ts";
import type { DatabasePool, Transaction } from "./database.ts";
import {
  completeReconciliation,
  deleteReconciliation,
  type ListedPerson,
  listPeople,
  openReconciliation,
  type ReconciliationCounts,
} from "./reconciliations.ts";

const PAGE = 1_000;

export interface ReconcileRequest {
  readonly tenantId: string;
  readonly people: Iterable<ListedPerson>;
  readonly actor: string;
  readonly onProgress: (done: number) => void;
}

/** @returns undefined where the list has nobody; nothing is kept then */
export async function reconcile(
  db: DatabasePool,
  { tenantId, people, actor, onProgress }: ReconcileRequest,
): Promise<{ readonly id: string; readonly counts: ReconciliationCounts } | undefined> {
  return db.transaction(async (tx) => {
    const id = await openReconciliation(tx, { tenantId, actor });
    let done = 0;
    for (const page of pagesOf(people)) {
      await listPeople(tx, { tenantId, id }, page);
      onProgress((done += page.length));
    }
    const counts = await completeReconciliation(tx, { tenantId, id });
    if (counts === undefined) {
      await deleteReconciliation(tx, { tenantId, id });
      return undefined;
    }
    await auditReconciliation(tx, { tenantId, actor, action: "reconciliation.completed" }, counts.listed);
    return { id, counts };
  });
}

/** How many people were compared, or were in what was deleted. */
export function auditReconciliation(
  tx: Transaction,
  entry: Pick<AuditEntry, "tenantId" | "actor" | "action">,
  listed: number,
): Promise<void> {
  return recordAudit(tx, [{ ...entry, subject: `${listed} people` }]);
}

function* pagesOf(people: Iterable<ListedPerson>): Generator<readonly ListedPerson[]> {
  let page: ListedPerson[] = [];
  for (const person of people) {
    page.push(person);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
