/**
 * What a batch owes the ledger: first ask it which writes have ended already, at the end tell it how the others did.
 *
 * Three ways in which a write may have ended before:
 * 1. redelivered: its own row is there;
 * 2. its request repeats one that got no answer (noted in unanswered_writes): it takes up that write, applied or not,
 *    and is recorded under both ids, so that neither job applies it again;
 * 3. its request repeats one whose api process died before it said what it had answered: asked only where the
 *    request would be refused, or would make a second group, because repeating is harmless everywhere else.
 */
import { ScimError } from "../scim/index.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { addCycleCounts, type CycleCounts, NO_COUNTS } from "../store/cycles.ts";
import { together, type Transaction } from "../store/database.ts";
import {
  findInDoubt,
  findLedgerRows,
  insertLedgerRows,
  type LedgerRow,
  type NewLedgerRow,
  takeUnanswered,
} from "../store/ledger.ts";
import { insertMemberChanges, type MemberChange } from "../store/history.ts";
import { outcomeOfRow } from "../queue/outcome-of-row.ts";
import type { Applied } from "./apply-write.ts";
import type { BatchEntry } from "./batch-entry.ts";
import type { PendingWrite } from "./group-commit.ts";
import { recordFailures } from "./record-failures.ts";

export interface Recalled {
  /** Outcomes of writes that have ended, by the id of the write in this batch. */
  readonly outcomes: Map<string, Outcome>;
  /** Writes that take up one which has not ended: id in this batch → id of the other. */
  readonly takenUp: ReadonlyMap<string, string>;
  /** Rows to be written for replays that are not yet known under their own id. */
  readonly replayed: readonly NewLedgerRow[];
}

export async function recallWrites(tx: Transaction, writes: readonly PendingWrite[]): Promise<Recalled> {
  const commands = writes.map(({ command }) => command);
  // Only where a note is found is there a second question.
  const [taken, own, doubtful] = await together([
    takeUnanswered(tx, commands),
    findLedgerRows(tx, commands),
    doubtfulGroups(tx, commands),
  ]);
  const byRequest = new Map(
    taken.map(({ tenantId, requestKey, writeId }) => [`${tenantId} ${requestKey}`, writeId]),
  );
  const before = new Map<string, string>();
  for (const { tenantId, requestKey, writeId } of commands) {
    const other = byRequest.get(`${tenantId} ${requestKey}`);
    if (other !== undefined) before.set(writeId, other);
  }
  const others = commands.flatMap(({ tenantId, writeId }) => {
    const other = before.get(writeId);
    return other === undefined ? [] : [{ tenantId, writeId: other }];
  });
  const found = [...own, ...(await findLedgerRows(tx, others))];
  const rows = new Map(found.filter(isDefinitive).map((row) => [row.writeId, row]));
  return sortOut(writes, { rows, before, doubtful });
}

interface Found {
  readonly rows: ReadonlyMap<string, LedgerRow>;
  readonly before: ReadonlyMap<string, string>;
  readonly doubtful: ReadonlyMap<string, LedgerRow>;
}

function sortOut(writes: readonly PendingWrite[], { rows, before, doubtful }: Found): Recalled {
  const outcomes = new Map<string, Outcome>();
  const takenUp = new Map<string, string>();
  const replayed: NewLedgerRow[] = [];
  for (const { command, attempt } of writes) {
    const { writeId, requestKey } = command;
    const own = rows.get(writeId);
    const other = before.get(writeId);
    const earlier = (other === undefined ? undefined : rows.get(other)) ?? doubtful.get(requestKey);
    if (own) outcomes.set(writeId, outcomeOfRow(own));
    else if (earlier) {
      outcomes.set(writeId, outcomeOfRow(earlier));
      replayed.push({
        ...describe(command, attempt),
        ...earlier,
        writeId,
        changed: [],
        changes: null,
        request: null,
      });
    } else if (other !== undefined) takenUp.set(writeId, other);
  }
  return { outcomes, takenUp, replayed };
}

/** A group's name is not unique, so a repeated POST would make a twin instead of being refused. */
async function doubtfulGroups(
  tx: Transaction,
  commands: readonly WriteCommand[],
): Promise<ReadonlyMap<string, LedgerRow>> {
  const creates = commands.filter(
    ({ operation, resourceType }) => operation === "create" && resourceType === "Group",
  );
  return new Map((await findInDoubt(tx, creates)).map((row) => [row.requestKey, row]));
}

/** What the batch's refused writes may repeat: successful writes, by their request. Asked after the batch's changes. */
export async function recallRefused(
  tx: Transaction,
  entries: readonly BatchEntry[],
): Promise<ReadonlyMap<string, LedgerRow>> {
  const refused = entries.filter(({ result }) => result instanceof ScimError).map(({ command }) => command);
  return new Map((await findInDoubt(tx, refused)).map((row) => [row.requestKey, row]));
}

/**
 * Records how the batch's writes ended, and counts them in their cycles.
 * @returns outcomes that replace a refusal, because the same request succeeded before and was perhaps never answered
 * @throws {Error} when another worker ended one of the writes meanwhile: the batch is then tried again
 */
export async function recordWrites(
  tx: Transaction,
  entries: readonly BatchEntry[],
  { recalled, doubtful }: { readonly recalled: Recalled; readonly doubtful: ReadonlyMap<string, LedgerRow> },
): Promise<ReadonlyMap<string, Outcome>> {
  const replays = new Map<string, Outcome>();
  const rows: NewLedgerRow[] = [...recalled.replayed];
  for (const entry of entries) {
    const { command, attempt } = entry;
    const earlier = entry.result instanceof ScimError ? doubtful.get(command.requestKey) : undefined;
    if (earlier) {
      replays.set(command.writeId, outcomeOfRow(earlier));
      rows.push({
        ...describe(command, attempt),
        ...earlier,
        writeId: command.writeId,
        changed: [],
        changes: null,
        request: null,
      });
      continue;
    }
    const row = rowOf(entry);
    rows.push(row);
    if (entry.recordAs !== command.writeId) rows.push({ ...row, writeId: entry.recordAs });
  }
  const [written] = await together([
    insertLedgerRows(tx, rows),
    recordFailures(tx, entries, rows),
    insertMemberChanges(tx, entries.flatMap(memberChangesOf)),
    addCycleCounts(tx, countsOf(entries, replays)),
  ]);
  if (written.size < rows.length) throw new Error("a write of the batch was ended by another worker");
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

/** Status a client was, or would have been, given; also kept for the log. */
const STATUS = { create: 201, replace: 200, patch: 200, delete: 204 } as const;

function rowOf({ command, attempt, result }: BatchEntry): NewLedgerRow {
  const base = describe(command, attempt);
  if (result instanceof ScimError) {
    return {
      ...base,
      result: "refused",
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
    ...base,
    result: result.outcome.changed ? "applied" : "unchanged",
    status: STATUS[command.operation],
    scimType: null,
    code: null,
    detail: null,
    version: result.outcome.written?.version ?? null,
    changed: result.changed,
    changes: result.changes ?? null,
    request: null,
  };
}

type Description = Omit<
  NewLedgerRow,
  "result" | "status" | "scimType" | "code" | "detail" | "version" | "changed" | "changes" | "request"
>;

function describe(command: WriteCommand, attempt: number): Description {
  const { tenantId, writeId, connectionId, cycleId, apiId, requestKey, correlationId } = command;
  const { operation, resourceType, resourceId } = command;
  return {
    tenantId,
    writeId,
    connectionId,
    cycleId,
    apiId,
    requestKey,
    correlationId,
    clientRequestId: command.clientRequestId ?? null,
    operation,
    resourceType,
    resourceId,
    attempts: attempt,
    requestedAt: new Date(command.requestedAt).toISOString(),
  };
}

/** A write that failed for good, as the ledger keeps it. */
export function faultRow({ command, attempt }: PendingWrite, detail: string): NewLedgerRow {
  return {
    ...describe(command, attempt),
    result: "fault",
    status: 500,
    scimType: null,
    code: "internal",
    detail,
    version: null,
    changed: [],
    changes: null,
    request: command.payload,
  };
}

function countsOf(
  entries: readonly BatchEntry[],
  replays: ReadonlyMap<string, Outcome>,
): (CycleCounts & { tenantId: string; cycleId: string })[] {
  const cycles = new Map<string, CycleCounts & { tenantId: string; cycleId: string }>();
  for (const { command, attempt, result } of entries) {
    const { tenantId, cycleId, writeId } = command;
    if (cycleId === null || replays.has(writeId)) continue;
    const sum = cycles.get(cycleId) ?? { ...NO_COUNTS, tenantId, cycleId };
    cycles.set(cycleId, sum);
    addCounts(sum, countsOfResult(result));
    if (attempt > 1) sum.retried += 1;
  }
  return [...cycles.values()].sort((a, b) => (a.cycleId < b.cycleId ? -1 : 1));
}

function countsOfResult(result: Applied | ScimError): CycleCounts {
  return result instanceof ScimError ? { ...NO_COUNTS, refused: 1 } : result.counts;
}

function addCounts(sum: CycleCounts, counts: CycleCounts): void {
  for (const key of Object.keys(counts) as (keyof CycleCounts)[]) sum[key] += counts[key];
}

function isDefinitive(row: LedgerRow): boolean {
  return row.result !== "fault";
}
