/**
 * What a batch tells the ledger: how its writes ended, in the transaction that applied them. What the ledger knew of
 * them before is the matter of recall.ts.
 */
import { ScimError } from "../scim/index.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { addCycleCounts, type AddedCounts, type CycleCounts, NO_COUNTS } from "../store/cycles.ts";
import { together, type Transaction } from "../store/database.ts";
import { type EndedRow, insertLedgerRows, insertNewLedgerRows, type NewLedgerRow } from "../store/ledger.ts";
import { findInDoubt } from "../store/repeated-requests.ts";
import { insertMemberChanges, type MemberChange } from "../store/history.ts";
import { HELD_CODE, outcomeOfRow } from "../queue/outcome-of-row.ts";
import type { Applied } from "./apply-write.ts";
import { type BatchEntry, isRefusal } from "./batch-entry.ts";
import type { PendingWrite } from "./group-commit.ts";
import type { Recalled } from "./recall.ts";
import { recordFailures } from "./record-failures.ts";
import { WriteRaceError } from "./write-race.ts";

/**
 * Records a batch of which all writes were applied, and none was known to the ledger before. None of its statements needs
 * an answer.
 * @throws a unique violation when another worker ended one of the writes meanwhile
 */
export async function recordApplied(tx: Transaction, entries: readonly BatchEntry[]): Promise<void> {
  await together([
    insertNewLedgerRows(
      tx,
      entries.flatMap((entry) => rowsOf(entry, undefined)),
    ),
    insertMemberChanges(tx, entries.flatMap(memberChangesOf)),
    addCycleCounts(tx, countsOf(entries, new Map())),
  ]);
}

/** What the batch's refused writes may repeat: successful writes, by their request. Asked after the batch's changes. */
export async function recallRefused(
  tx: Transaction,
  entries: readonly BatchEntry[],
): Promise<ReadonlyMap<string, EndedRow>> {
  const refused = entries
    .filter(({ result }) => isRefusal(result))
    .map(({ command }) => ({ ...command, doesHarm: true }));
  return new Map((await findInDoubt(tx, refused)).map((row) => [row.requestKey, row]));
}

/**
 * Records how the batch's writes ended, and counts them in their cycles.
 * @returns outcomes that replace a refusal, because the same request succeeded before and was perhaps never answered
 * @throws {WriteRaceError} when another worker ended one of the writes meanwhile
 */
export async function recordWrites(
  tx: Transaction,
  entries: readonly BatchEntry[],
  { recalled, doubtful }: { readonly recalled: Recalled; readonly doubtful: ReadonlyMap<string, EndedRow> },
): Promise<ReadonlyMap<string, Outcome>> {
  const replays = new Map<string, Outcome>();
  const rows: NewLedgerRow[] = recalled.replayed.map(({ write, row }) => rowOf(write, endAsBefore(row)));
  for (const entry of entries) {
    const earlier = isRefusal(entry.result) ? doubtful.get(entry.command.requestKey) : undefined;
    if (earlier) replays.set(entry.command.writeId, outcomeOfRow(earlier));
    rows.push(...rowsOf(entry, earlier));
  }
  const [written] = await together([
    insertLedgerRows(tx, rows),
    recordFailures(tx, entries, rows),
    insertMemberChanges(tx, entries.flatMap(memberChangesOf)),
    addCycleCounts(tx, countsOf(entries, replays)),
  ]);
  if (written.size < rows.length) {
    throw new WriteRaceError("a write of the batch was ended by another worker");
  }
  return replays;
}

function memberChangesOf({ command, result }: BatchEntry): readonly MemberChange[] {
  if (result instanceof ScimError || !result.members) return [];
  const { tenantId, writeId } = command;
  const { added, removed } = result.members;
  return [
    ...[...added.keys()].map((id) => ({ tenantId, id, writeId, isAdded: true })),
    ...[...removed].map((id) => ({ tenantId, id, writeId, isAdded: false })),
  ];
}

/** One row for the write, and one for each other write that its end is the end of. */
function rowsOf(entry: BatchEntry, earlier: EndedRow | undefined): readonly NewLedgerRow[] {
  const end = earlier ? endAsBefore(earlier) : endOf(entry);
  const row = rowOf(entry, end);
  if (entry.repeatedBy.length === 0 && entry.takesUp.length === 0) return [row];
  return [
    row,
    ...entry.repeatedBy.map((write) => rowOf(write, end)),
    ...entry.takesUp.map((writeId) => ({ ...row, writeId })),
  ];
}

/** What a row says besides which write it is of. */
type End = Pick<
  NewLedgerRow,
  | "result"
  | "resourceId"
  | "status"
  | "scimType"
  | "code"
  | "detail"
  | "version"
  | "changed"
  | "changes"
  | "request"
>;

/** Of a write whose outcome is that of an earlier one. */
function endAsBefore(earlier: EndedRow): End {
  const { result, resourceId, status, scimType, code, detail, version } = earlier;
  return {
    result,
    resourceId,
    status,
    scimType,
    code,
    detail,
    version,
    changed: [],
    changes: null,
    request: null,
  };
}

/** Status a client was, or would have been, given; also kept for the log. */
const STATUS = { create: 201, replace: 200, patch: 200, delete: 204 } as const;

function endOf({ command, result }: BatchEntry): End {
  if (result instanceof ScimError) {
    return {
      result: "refused",
      resourceId: command.resourceId,
      status: result.status,
      scimType: result.scimType ?? null,
      code: result.code,
      detail: result.detail.text,
      version: null,
      changed: [],
      changes: null,
      request: command.payload,
    };
  }
  return {
    result: resultName(result),
    resourceId: command.resourceId,
    status: STATUS[command.operation],
    scimType: null,
    code: result.held === undefined ? null : HELD_CODE,
    detail: null,
    version: result.outcome.written?.version ?? null,
    changed: result.changed,
    changes: result.changes ?? null,
    request: null,
  };
}

/** Written out at full length: to copy an object of so many properties for each write takes as long as to apply it. */
function rowOf({ command, attempt }: PendingWrite, end: End): NewLedgerRow {
  return {
    tenantId: command.tenantId,
    writeId: command.writeId,
    connectionId: command.connectionId,
    cycleId: command.cycleId,
    apiId: command.apiId,
    requestKey: command.requestKey,
    correlationId: command.correlationId,
    clientRequestId: command.clientRequestId ?? null,
    operation: command.operation,
    resourceType: command.resourceType,
    resourceId: end.resourceId,
    attempts: attempt,
    requestedAt: new Date(command.requestedAt).toISOString(),
    result: end.result,
    status: end.status,
    scimType: end.scimType,
    code: end.code,
    detail: end.detail,
    version: end.version,
    changed: end.changed,
    changes: end.changes,
    request: end.request,
  };
}

/**
 * A write that failed, as the ledger keeps it.
 * @param status - of the answer to its request
 */
export function faultRow(write: PendingWrite, detail: string, status: number): NewLedgerRow {
  return rowOf(write, {
    result: "fault",
    resourceId: write.command.resourceId,
    status,
    scimType: null,
    code: "internal",
    detail,
    version: null,
    changed: [],
    changes: null,
    request: write.command.payload,
  });
}

function countsOf(
  entries: readonly BatchEntry[],
  replays: ReadonlyMap<string, Outcome>,
): readonly AddedCounts[] {
  const cycles = new Map<string, AddedCounts & { readonly writes: Record<string, number> }>();
  for (const { command, attempt, result } of entries) {
    const { tenantId, cycleId, writeId } = command;
    if (cycleId === null || replays.has(writeId)) continue;
    const sum = cycles.get(cycleId) ?? { ...NO_COUNTS, tenantId, cycleId, writes: {} };
    cycles.set(cycleId, sum);
    addCounts(sum, countsOfResult(result));
    const name = countedAs(command, countedResult(result));
    sum.writes[name] = (sum.writes[name] ?? 0) + 1;
    if (attempt > 1) sum.retried += 1;
  }
  return [...cycles.values()].sort((a, b) => (a.cycleId < b.cycleId ? -1 : 1));
}

/** held: by the deactivation guard, whatever its client was told. */
type CountedResult = NewLedgerRow["result"] | "held";

/** The name under which a cycle counts a write. */
export function countedAs(
  { resourceType, operation }: Pick<WriteCommand, "resourceType" | "operation">,
  result: CountedResult,
): string {
  return `${resourceType}.${operation}.${result}`;
}

function countedResult(result: Applied | ScimError): CountedResult {
  const isHeld = result instanceof ScimError ? !isRefusal(result) : result.held !== undefined;
  return isHeld ? "held" : resultName(result);
}

function resultName(result: Applied | ScimError): NewLedgerRow["result"] {
  if (result instanceof ScimError) return "refused";
  return result.outcome.changed ? "applied" : "unchanged";
}

function countsOfResult(result: Applied | ScimError): CycleCounts {
  if (!(result instanceof ScimError)) return result.counts;
  return { ...NO_COUNTS, refused: isRefusal(result) ? 1 : 0 };
}

function addCounts(sum: CycleCounts, counts: CycleCounts): void {
  for (const key of Object.keys(counts) as (keyof CycleCounts)[]) sum[key] += counts[key];
}
