/** What a batch owes those who mend: a row for each write that failed, and an end to the failures that it mended. */
import { ScimError } from "../scim/index.ts";
import type { Transaction } from "../store/database.ts";
import { keysOfResource, touchesOf } from "../store/failure-keys.ts";
import {
  insertFailures,
  mendFailures,
  type MendingWrite,
  type NewFailure,
  tenantsWithFailures,
} from "../store/failures.ts";
import type { NewLedgerRow } from "../store/ledger.ts";
import { type BatchEntry, isRefusal } from "./batch-entry.ts";

/**
 * In the transaction of the changes.
 * @param rows - the ledger's rows of these writes
 */
export async function recordFailures(
  tx: Transaction,
  entries: readonly BatchEntry[],
  rows: readonly NewLedgerRow[],
): Promise<void> {
  await insertFailures(tx, failuresOf(entries, rows));
  const applied = entries.filter(({ result }) => !(result instanceof ScimError));
  const tenantIds = [...new Set(applied.map(({ command }) => command.tenantId))];
  if (tenantIds.length === 0) return;
  // A healthy tenant has none, and then its writes need not be looked at.
  const troubled = await tenantsWithFailures(tx, tenantIds);
  if (troubled.size === 0) return;
  await mendFailures(
    tx,
    applied.filter(({ command }) => troubled.has(command.tenantId)).flatMap(mendingWrite),
  );
}

/** Of writes that were all applied, in a tenant that is known to have failures. */
export async function mendByApplied(tx: Transaction, entries: readonly BatchEntry[]): Promise<void> {
  await mendFailures(tx, entries.flatMap(mendingWrite));
}

function failuresOf(entries: readonly BatchEntry[], rows: readonly NewLedgerRow[]): readonly NewFailure[] {
  const refused = new Map(rows.filter(({ result }) => result === "refused").map((row) => [row.writeId, row]));
  return entries.flatMap(({ command, result }) => {
    const row = refused.get(command.writeId);
    // What the guard holds waits for a decision in a place of its own.
    if (row === undefined || !isRefusal(result)) return [];
    return [{ row, masked: result.detail.masked, isRepeatable: true, payload: command.payload }];
  });
}

function mendingWrite({ command, result }: BatchEntry): readonly MendingWrite[] {
  if (result instanceof ScimError) return [];
  const { tenantId, writeId, cycleId, resourceType, operation, payload } = command;
  const { resourceId, written } = result.outcome;
  const known = written
    ? keysOfResource({ tenantId, resourceType, resource: written.resource })
    : { byExternal: null, byName: null };
  const touches = operation === "patch" ? touchesOf(payload) : ["*"];
  const isCreate = operation === "create";
  return [{ tenantId, writeId, cycleId, resourceType, resourceId, isCreate, touches, ...known }];
}
