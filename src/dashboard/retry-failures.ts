/** Retrying what failed: marked, audited, then put on the queue as new writes; what the queue does not take is open again. */
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../platform/ids.ts";
import type { WriteToRepeat } from "../queue/retry.ts";
import { findAdopted } from "../store/adoption.ts";
import { type AuditEntry, recordAudit } from "../store/audit.ts";
import { beginRetries, type Decision, reopenFailures } from "../store/failures.ts";
import { tenantsWithExistingUsers } from "../store/existing-users.ts";
import { findLedgerRows } from "../store/ledger.ts";
import type { Console } from "./page.ts";

/** Ids of the new writes; undefined where the queue could not be reached. */
export type Retried = readonly string[] | undefined;

const OUTCOME_WAIT_MS = 2_500;
const OUTCOME_POLL_MS = 100;

/** @param audit - what is recorded, given the number of writes */
export async function retryFailures(
  deps: Console,
  decision: Decision,
  audit: (count: number) => AuditEntry,
): Promise<Retried> {
  const { tenantId, actor } = decision;
  const retriedAs = decision.writeIds.map(() => newId());
  const begun = await deps.database.transaction(async (tx) => {
    const writes = await beginRetries(tx, decision, retriedAs);
    if (writes.length > 0) await recordAudit(tx, [audit(writes.length)]);
    return writes;
  });
  if (begun.length === 0) return [];
  try {
    await deps.repeatWrites(await withAdopted(deps, begun));
  } catch {
    // The jobs may have arrived although the answer did not: their writes then resolve what is open again.
    const writeIds = begun.map(({ writeId }) => writeId);
    await deps.database.transaction((tx) => reopenFailures(tx, { tenantId, writeIds, actor }));
    return undefined;
  }
  return begun.map((write) => write.retriedAs);
}

/** What adopts somebody does so when it is retried as well. */
async function withAdopted(
  { database }: Console,
  writes: readonly WriteToRepeat[],
): Promise<readonly WriteToRepeat[]> {
  const withPeople = new Set(
    await tenantsWithExistingUsers(database, [...new Set(writes.map(({ tenantId }) => tenantId))]),
  );
  const adopting: WriteToRepeat[] = [];
  for (const write of writes) {
    const adopts = withPeople.has(write.tenantId) ? await findAdopted(database, write) : undefined;
    adopting.push(adopts === undefined ? write : { ...write, adopts });
  }
  return adopting;
}

/** Gives retries a moment to end, so that the page can say how. */
export async function awaitRetries(
  { database }: Console,
  tenantId: string,
  writeIds: readonly string[],
): Promise<void> {
  const keys = writeIds.map((writeId) => ({ tenantId, writeId }));
  for (const until = Date.now() + OUTCOME_WAIT_MS; Date.now() < until;) {
    if ((await findLedgerRows(database, keys)).length === keys.length) return;
    await sleep(OUTCOME_POLL_MS);
  }
}
