/**
 * From a job to its end: parse, commit with others, tell the api, count, log. The queue is told "failed" for what an
 * admin must see: a refusal at once (it is definitive), a fault after its attempts, a bug at once. Where a job carries
 * several writes, each that fails gets a job of its own to say so, and the job itself ends well.
 */
import { UnrecoverableError } from "bullmq";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Tracer } from "../platform/tracer.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { isHeldOutcome, outcomeOfRow, PASSING_FAULT_STATUS } from "../queue/outcome-of-row.ts";
import { WRITE_ATTEMPTS, type WriteProcessor, type WriteQueue } from "../queue/queues.ts";
import type { ReplySender } from "../queue/replies.ts";
import { jobOfEnded, readJob } from "../queue/write-jobs.ts";
import { finishAccepted } from "../store/accepted-writes.ts";
import { type Transaction, transientReason } from "../store/database.ts";
import { insertFailures } from "../store/failures.ts";
import { findLedgerRows, insertLedgerRows } from "../store/ledger.ts";
import { addCycleCounts, NO_COUNTS } from "../store/cycles.ts";
import { type BatchResult, type CommitDeps, commitBatch, EarlierWritesError } from "./commit-batch.ts";
import { countWrite } from "./count-write.ts";
import { traceWrite } from "./trace-write.ts";
import { GroupCommit, type PendingWrite } from "./group-commit.ts";
import type { CycleClock, Ending } from "./cycle-clock.ts";
import { countedAs, faultRow } from "./ledger.ts";
import type { OldestWaiting } from "./oldest-waiting.ts";
import { PlainCreates } from "./plain-creates.ts";

export interface ConsumeDeps extends CommitDeps {
  /** Takes the jobs of writes that failed among others. */
  readonly queue: Pick<WriteQueue, "addBulk">;
  readonly replies: ReplySender;
  readonly metrics: Metrics;
  readonly clock: Pick<CycleClock, "note">;
  readonly tracer: Tracer;
  readonly logger: Logger;
  readonly batchMax: number;
  /** Is told what waits here for its turn. */
  readonly waiting: OldestWaiting;
}

// Eight of the default 128: a transaction then lasts little longer than one of a single write. Fewer cost rate and gain
// nothing; docs/decisions/0019 has the figures.
const TENANT_SHARE = 16;
// Measured in docs/decisions/0060 and 0065: five of a tenant that writes alone, and one kept for who comes anew.
const BATCHES_MAX = 6;
const BESIDE_MIN = 8;

/** @returns the processor of the queue of writes */
export function createWriteProcessor(given: ConsumeDeps): WriteProcessor {
  const deps = { ...given, plainCreates: new PlainCreates() };
  const groupCommit = new GroupCommit<BatchResult>({
    batchMax: deps.batchMax,
    tenantBatchMax: Math.ceil(deps.batchMax / TENANT_SHARE),
    batchesMax: BATCHES_MAX,
    besideMin: BESIDE_MIN,
    isTransient: (error) => transientReason(error) !== undefined,
    onBatch: (size) => deps.metrics.batchSize.observe(size),
    commit: async (writes) => {
      try {
        return await commitAndReply(deps, writes, { isNext: false });
      } catch (error) {
        if (!(error instanceof EarlierWritesError)) throw error;
        await applyEarlier(deps, error.earlier);
        return commitAndReply(deps, writes);
      }
    },
  });

  deps.waiting.follow(() => groupCommit.oldestWaiting());

  return async (job) => {
    const read = readJob(job.data);
    // Nothing can be told of it or done with it: a worker of another version, or a job of another hand.
    if (!read) throw new UnrecoverableError("the job's data is not a write command of this version");
    if (read.ended !== undefined) throw new UnrecoverableError(read.ended);
    const attempt = job.attemptsMade + read.attempts + 1;
    const ends = await Promise.allSettled(
      read.writes.map((command) => endOf(deps, groupCommit, { command, attempt })),
    );
    const failures = ends.flatMap((end) => (end.status === "fulfilled" && end.value ? [end.value] : []));
    if (read.isSingle && failures[0]) throw new UnrecoverableError(failures[0].reason);
    if (failures.length > 0) {
      await deps.queue.addBulk(failures.map(({ command, reason }) => jobOfEnded(command, reason)));
    }
    // Delivered again as a whole: the writes that have ended find their rows in the ledger.
    const faulted = ends.find((end) => end.status === "rejected");
    if (faulted) throw faulted.reason;
  };
}

interface FailedWrite {
  readonly command: WriteCommand;
  /** As the queue shows it. */
  readonly reason: string;
}

/** @returns undefined when the write was applied. @throws when it is to be delivered again */
async function endOf(
  deps: ConsumeDeps,
  groupCommit: GroupCommit<BatchResult>,
  write: PendingWrite,
): Promise<FailedWrite | undefined> {
  const { command } = write;
  deps.metrics.queueWait.observe(Math.max(0, Date.now() - command.requestedAt) / 1000);
  const outcome = await groupCommit.apply(write).then(
    (result) => result.outcome,
    (error: unknown) => failed(deps, write, error),
  );
  const reason = failureOf(outcome);
  return reason === undefined ? undefined : { command, reason };
}

/** What was accepted earlier for the same resources comes first; one that cannot be applied holds nobody up. */
async function applyEarlier(deps: ConsumeDeps, earlier: readonly PendingWrite[]): Promise<void> {
  for (let start = 0; start < earlier.length; start += deps.batchMax) {
    const batch = earlier.slice(start, start + deps.batchMax);
    try {
      await commitAndReply(deps, batch);
    } catch (error) {
      if (transientReason(error) !== undefined) throw error;
      for (const write of batch) await applyAlone(deps, write);
    }
  }
}

/** @throws what a later attempt may survive */
async function applyAlone(deps: ConsumeDeps, write: PendingWrite): Promise<void> {
  try {
    await commitAndReply(deps, [write]);
  } catch (error) {
    if (transientReason(error) !== undefined) throw error;
    await failed(deps, write, error);
  }
}

/** Commits a batch, then tells the waiting requests at once: the queue's own bookkeeping can come after. */
async function commitAndReply(
  deps: ConsumeDeps,
  writes: readonly PendingWrite[],
  { isNext } = { isNext: true },
): Promise<readonly BatchResult[]> {
  const stop = deps.metrics.commit.startTimer();
  const startedAt = Date.now();
  const results = await commitBatch(deps, writes, { isNext });
  stop();
  const span = { startedAt, endedAt: Date.now() };
  const byApi = new Map<string, { writeId: string; outcome: Outcome }[]>();
  writes.forEach(({ command, attempt }, index) => {
    const result = results[index];
    if (!result) return;
    const replies = byApi.get(command.apiId) ?? [];
    replies.push({ writeId: command.writeId, outcome: result.outcome });
    byApi.set(command.apiId, replies);
    countWrite(deps.metrics, command, result);
    if (result.isReplay) return;
    const ending = endingOf(result.outcome);
    deps.clock.note(command, span, ending);
    traceWrite(deps.tracer, command, { ...span, ending, attempt, batchSize: writes.length });
  });
  for (const [apiId, replies] of byApi) deps.replies.send(apiId, replies);
  return results;
}

function endingOf(outcome: Outcome): Ending {
  if (outcome.kind === "applied") return outcome.changed ? "applied" : "unchanged";
  return outcome.kind === "fault" ? "faulted" : "refused";
}

/**
 * @returns how the write ended: in a fault, or as another delivery of it did
 * @throws the error, for the queue to retry, while that is not hopeless
 */
async function failed(deps: ConsumeDeps, write: PendingWrite, error: unknown): Promise<Outcome> {
  const { command, attempt } = write;
  const log = deps.logger.child({
    component: "consume",
    tenantId: command.tenantId,
    writeId: command.writeId,
    correlationId: command.correlationId,
    attempt,
  });
  const reason = transientReason(error);
  if (reason !== undefined && attempt < WRITE_ATTEMPTS) {
    deps.metrics.writeRetries.inc({ reason });
    log.warn({ err: error }, "write will be retried");
    throw error;
  }
  log.error({ err: error }, "write failed for good");
  const isPassing = reason !== undefined;
  const detail = isPassing
    ? `Postgres could not be reached in ${attempt} attempts (${reason})`
    : `a fault of Rollcall; its log says more under correlation id ${command.correlationId}`;
  const fault: FaultOutcome = { kind: "fault", detail, isPassing };
  // The client was told that it will be applied: nothing is recorded, and it is put on the queue again until it is.
  if (isPassing && command.isAccepted === true) return fault;
  const outcome = await recordFault(deps, write, fault).catch((err: unknown) => {
    log.error({ err }, "fault not recorded");
    return fault;
  });
  deps.replies.send(command.apiId, [{ writeId: command.writeId, outcome }]);
  return outcome;
}

type FaultOutcome = Extract<Outcome, { kind: "fault" }>;

/** @returns the fault; or, where the write has ended meanwhile, for example by a commit that seemed to fail, its end */
async function recordFault(deps: ConsumeDeps, write: PendingWrite, fault: FaultOutcome): Promise<Outcome> {
  const { command } = write;
  const { tenantSlug, writeId, resourceType, operation, payload } = command;
  const startedAt = Date.now();
  const ended = await deps.db.of([command.tenantId]).transaction(async (tx) => {
    if (command.isAccepted === true) await finishAccepted(tx, [command]);
    const [known] = await findLedgerRows(tx, [command]);
    const row = faultRow(write, fault.detail, fault.isPassing ? PASSING_FAULT_STATUS : 500);
    if (!(await insertLedgerRows(tx, [row])).has(writeId)) return findLedgerRows(tx, [command]);
    await insertFailures(tx, [{ row, masked: fault.detail, isRepeatable: true, payload }]);
    // A write that fails a second time is one failed write.
    if (known === undefined) await countFault(tx, command);
    return [];
  });
  if (ended[0]) return outcomeOfRow(ended[0]);
  const tenant = deps.metrics.tenant(tenantSlug);
  deps.metrics.writes.inc({ tenant, resource: resourceType, operation, result: "fault" });
  deps.clock.note(command, { startedAt, endedAt: Date.now() }, "faulted");
  return fault;
}

async function countFault(tx: Transaction, command: WriteCommand): Promise<void> {
  const { tenantId, cycleId } = command;
  if (cycleId === null) return;
  const writes = { [countedAs(command, "fault")]: 1 };
  await addCycleCounts(tx, [{ ...NO_COUNTS, faulted: 1, writes, tenantId, cycleId }]);
}

/** @returns the reason as the queue shows it; undefined when nothing failed */
function failureOf(outcome: Outcome): string | undefined {
  switch (outcome.kind) {
    case "applied":
      return undefined;
    case "refused":
      // What the guard holds is no failed job: it waits for a decision, and not for somebody to mend it.
      return isHeldOutcome(outcome) ? undefined : reasonOf(outcome);
    case "fault":
      return outcome.isPassing ? "stores unreachable" : "a fault of Rollcall; see the log";
  }
}

/** The SCIM error as Bull Board shows it: without values, since they may be personal. */
function reasonOf({ status, scimType, masked }: Extract<Outcome, { kind: "refused" }>): string {
  return `${status}${scimType === null ? "" : ` ${scimType}`}: ${masked}`;
}
