/**
 * What a batch asks the ledger before it applies anything: which of its writes have ended already.
 *
 * Ways in which a write may have ended before:
 * 1. redelivered: its own row is there;
 * 2. its request repeats one that got no answer (noted in unanswered_writes): if that write ended, its outcome is this
 *    one's too; if it did not, it is taken up, and recorded as ended with this one, so that its job applies nothing;
 * 3. its request repeats one whose client may not have had its answer, without a note, since its process was killed:
 *    asked in ledger.ts where the request is refused, and here where it would be applied.
 *
 * Repetitions that are in the batch together are one write: the first is applied, the others share its outcome. A
 * success is not given again once its connection has changed the resource otherwise: the request is then meant anew.
 */
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { outcomeOfRow } from "../queue/outcome-of-row.ts";
import { together, type Transaction } from "../store/database.ts";
import { type EndedRow, findLedgerRows, type LedgerKey } from "../store/ledger.ts";
import {
  findInDoubt,
  findRepetitions,
  findSuperseded,
  findUnanswered,
  forgetUnanswered,
  type RequestKey,
} from "../store/repeated-requests.ts";
import type { PendingWrite } from "./group-commit.ts";

export interface Recalled {
  /** Outcomes of writes that have ended, by the id of the write in this batch. */
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** Of those, the ones that are not yet known under their own id, with the row of the write that they repeat. */
  readonly replayed: readonly { readonly write: PendingWrite; readonly row: EndedRow }[];
  /** Writes to be applied, each once, with what they stand for. */
  readonly fresh: readonly FreshWrite[];
  /** Some of them have a row already, of a fault, that theirs is to replace. */
  readonly hasFaults: boolean;
}

export interface FreshWrite extends PendingWrite {
  /** Repetitions of its request in this batch. */
  readonly repeatedBy: readonly PendingWrite[];
  /** Unanswered writes of its request that have not ended. */
  readonly takesUp: readonly string[];
}

/** All that is under way for one request. */
interface Repeated {
  readonly writes: readonly PendingWrite[];
  /** Those of them that have not ended. */
  readonly pending: readonly PendingWrite[];
  /** Ids of its unanswered writes, oldest first. */
  readonly noted: readonly string[];
}

/**
 * @param isRepeated - the batch has met what another worker did, perhaps with the same writes
 */
export async function recallWrites(
  tx: Transaction,
  writes: readonly PendingWrite[],
  { isRepeated }: { readonly isRepeated: boolean },
): Promise<Recalled> {
  const commands = writes.map(({ command }) => command);
  // What is delivered for the first time has no row yet. Should it have one nevertheless, the row that it would get is
  // refused by its key, and the batch comes again.
  const delivered = writes.filter(({ attempt }) => isRepeated || attempt > 1).map(({ command }) => command);
  // Only where a note is found is there a second question.
  const [notes, own, obsolete, doubtful] = await together([
    findUnanswered(tx, commands),
    findLedgerRows(tx, delivered),
    findRepetitions(tx, commands),
    findDoubtful(tx, commands),
  ]);
  const found = [...own, ...(await findLedgerRows(tx, notes))];
  const rows = new Map(found.filter(isDefinitive).map((row) => [row.writeId, row]));
  const requests = groupByRequest(writes, notes, (id) => rows.get(id) ?? obsolete.get(id));
  const answered = await findRepetitions(tx, notes.map(withoutTime));
  const superseded = await findSuperseded(tx, successesOf(requests, rows));

  const recalled = {
    outcomes: new Map<string, Outcome>(),
    replayed: [] as Replay[],
    fresh: [] as FreshWrite[],
    hasFaults: rows.size < found.length,
  };
  for (const [key, request] of requests) {
    const ended = idsOf(request).flatMap((id) => (answered.has(id) ? [] : (rows.get(id) ?? [])));
    const valid = ended.filter((row) => !superseded.has(row.writeId));
    const earlier = isLive(request) ? (newestSuccess(valid) ?? doubtful.get(key)) : valid[0];
    sortOut(request, { rows, earlier, obsolete }, recalled);
  }
  const taken = new Set([...requests.values()].filter(isLive).flatMap(({ noted }) => noted));
  await forgetUnanswered(
    tx,
    notes.filter(({ writeId }) => taken.has(writeId)),
  );
  return recalled;
}

type Replay = Recalled["replayed"][number];

function sortOut(
  request: Repeated,
  known: {
    readonly rows: ReadonlyMap<string, EndedRow>;
    readonly earlier: EndedRow | undefined;
    /** Ends of later writes of the same request, by the id of the write that comes too late. */
    readonly obsolete: ReadonlyMap<string, EndedRow>;
  },
  recalled: { outcomes: Map<string, Outcome>; replayed: Replay[]; fresh: FreshWrite[] },
): void {
  const { rows, earlier, obsolete } = known;
  const { writes, pending, noted } = request;
  const replay = (write: PendingWrite, row: EndedRow): void => {
    recalled.outcomes.set(write.command.writeId, outcomeOfRow(row));
    if (row.writeId !== write.command.writeId) recalled.replayed.push({ write, row });
  };
  for (const write of writes) {
    const row = rows.get(write.command.writeId) ?? obsolete.get(write.command.writeId);
    if (row) replay(write, row);
  }
  const [first, ...repeatedBy] = pending;
  if (!first) return;
  const inBatch = new Set(writes.map(({ command }) => command.writeId));
  const takesUp = noted.filter((id) => !rows.has(id) && !inBatch.has(id));
  if (!earlier) {
    recalled.fresh.push({ ...first, repeatedBy, takesUp });
    return;
  }
  for (const write of pending) replay(write, earlier);
  if (!isLive(request)) return;
  // Their notes go now, by which their jobs would be known to come too late.
  for (const writeId of takesUp)
    recalled.replayed.push({ write: { ...first, command: { ...first.command, writeId } }, row: earlier });
}

/** A note says when it was made, not when its request was. */
function withoutTime({ tenantId, requestKey, writeId }: LedgerKey & RequestKey): LedgerKey & RequestKey {
  return { tenantId, requestKey, writeId };
}

function groupByRequest(
  writes: readonly PendingWrite[],
  notes: readonly { readonly tenantId: string; readonly requestKey: string; readonly writeId: string }[],
  endOf: (writeId: string) => EndedRow | undefined,
): ReadonlyMap<string, Repeated> {
  const requests = new Map<string, { writes: PendingWrite[]; pending: PendingWrite[]; noted: string[] }>();
  // A job may be in hand twice, when it was taken for stalled.
  for (const write of new Map(writes.map((each) => [each.command.writeId, each])).values()) {
    const key = keyOf(write.command);
    const known = requests.get(key) ?? { writes: [], pending: [], noted: [] };
    requests.set(key, known);
    known.writes.push(write);
    if (!endOf(write.command.writeId)) known.pending.push(write);
  }
  for (const note of notes) requests.get(keyOf(note))?.noted.push(note.writeId);
  return requests;
}

function idsOf({ writes, noted }: Repeated): readonly string[] {
  return [...noted, ...writes.map(({ command }) => command.writeId)];
}

/** Somebody may wait for one of them; the notes of writes that only the queue still knows wait for a retry. */
function isLive({ pending, noted }: Repeated): boolean {
  return pending.some(({ command }) => !noted.includes(command.writeId));
}

/**
 * With the time before which its connection must have written otherwise, for it to be no more than history: where somebody
 * waits, any. Where nobody does, a late job must not change again what came after it, but one that was sent afterwards, and
 * whose client was cut off just now, is meant anew.
 */
function successesOf(
  requests: ReadonlyMap<string, Repeated>,
  rows: ReadonlyMap<string, EndedRow>,
): readonly (EndedRow & { readonly before: number | undefined })[] {
  return [...requests.values()].flatMap((request) => {
    const [first] = request.pending;
    if (!first) return [];
    const before = isLive(request) ? undefined : first.command.requestedAt;
    const ended = idsOf(request).flatMap((id) => rows.get(id) ?? []);
    return ended.filter(isSuccess).map((row) => ({ ...row, before }));
  });
}

/**
 * Repetitions that would be applied. A group's name is not unique, so a repeated POST would make a twin; a repeated
 * PATCH or PUT would undo what others wrote since. A repeated POST or DELETE of a user is refused, and asked for then.
 */
async function findDoubtful(
  tx: Transaction,
  commands: readonly WriteCommand[],
): Promise<ReadonlyMap<string, EndedRow>> {
  const applied = commands.flatMap((command) => {
    const doesHarm = command.operation === "create";
    const isRefused = command.operation === "delete" || (doesHarm && command.resourceType === "User");
    return isRefused ? [] : [{ ...command, doesHarm }];
  });
  return new Map((await findInDoubt(tx, applied)).map((row) => [keyOf(row), row]));
}

function keyOf({ tenantId, requestKey }: { readonly tenantId: string; readonly requestKey: string }): string {
  return `${tenantId} ${requestKey}`;
}

function isDefinitive({ result }: EndedRow): boolean {
  return result !== "fault";
}

/**
 * Of several sendings that were applied, the one that the resource was left by: by its version, since a row that was added
 * for the late job of an earlier sending is younger and has the version of then.
 */
function newestSuccess(ended: readonly EndedRow[]): EndedRow | undefined {
  const successes = ended.filter(isSuccess);
  return successes.reduce<EndedRow | undefined>(
    (newest, row) => (newest && (newest.version ?? 0) >= (row.version ?? 0) ? newest : row),
    undefined,
  );
}

function isSuccess({ result }: EndedRow): boolean {
  return result === "applied" || result === "unchanged";
}
