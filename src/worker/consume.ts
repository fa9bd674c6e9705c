/**
 * From a job to its end: parse, commit with others, tell the api, count, log. The queue is told "failed" for what an
 * admin must see: a refusal at once (it is definitive), a fault after its attempts, a bug at once. Where a job carries
 * several writes, each that fails gets a job of its own to say so, and the job itself ends well.
 */
import { UnrecoverableError } from "bullmq";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import { WRITE_ATTEMPTS, type WriteProcessor, type WriteQueue } from "../queue/queues.ts";
import type { ReplySender } from "../queue/replies.ts";
import { jobOfEnded, readJob } from "../queue/write-jobs.ts";
import { transientReason } from "../store/database.ts";
import { insertFailures } from "../store/failures.ts";
import { insertLedgerRows } from "../store/ledger.ts";
import { addCycleCounts, NO_COUNTS } from "../store/cycles.ts";
import { type BatchResult, type CommitDeps, commitBatch } from "./commit-batch.ts";
import { countWrite } from "./count-write.ts";
import { GroupCommit, type PendingWrite } from "./group-commit.ts";
import { faultRow } from "./ledger.ts";

export interface ConsumeDeps extends CommitDeps {
  /** Takes the jobs of writes that failed among others. */
  readonly queue: Pick<WriteQueue, "addBulk">;
  readonly replies: ReplySender;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly batchMax: number;
}

/** @returns the processor of the queue of writes */
export function createWriteProcessor(deps: ConsumeDeps): WriteProcessor {
  const groupCommit = new GroupCommit<BatchResult>({
    batchMax: deps.batchMax,
    isTransient: (error) => transientReason(error) !== undefined,
    onBatch: (size) => deps.metrics.batchSize.observe(size),
    commit: (writes) => commitAndReply(deps, writes),
  });

  return async (job) => {
    const read = readJob(job.data);
    // Nothing can be told of it or done with it: a worker of another version, or a job of another hand.
    if (!read) throw new UnrecoverableError("the job's data is not a write command of this version");
    if (read.ended !== undefined) throw new UnrecoverableError(read.ended);
    const attempt = job.attemptsMade + 1;
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
  try {
    const { outcome } = await groupCommit.apply(write);
    return outcome.kind === "refused" ? { command, reason: reasonOf(outcome) } : undefined;
  } catch (error) {
    return { command, reason: await failed(deps, write, error) };
  }
}

/** Commits a batch, then tells the waiting requests at once: the queue's own bookkeeping can come after. */
async function commitAndReply(
  deps: ConsumeDeps,
  writes: readonly PendingWrite[],
): Promise<readonly BatchResult[]> {
  const stop = deps.metrics.commit.startTimer();
  const results = await commitBatch(deps, writes);
  stop();
  const byApi = new Map<string, { writeId: string; outcome: Outcome }[]>();
  writes.forEach(({ command }, index) => {
    const result = results[index];
    if (!result) return;
    const replies = byApi.get(command.apiId) ?? [];
    replies.push({ writeId: command.writeId, outcome: result.outcome });
    byApi.set(command.apiId, replies);
    countWrite(deps.metrics, command, result);
  });
  for (const [apiId, replies] of byApi) deps.replies.send(apiId, replies);
  return results;
}

/** @returns why it failed for good. @throws the error, for the queue to retry, while that is not hopeless */
async function failed(deps: ConsumeDeps, write: PendingWrite, error: unknown): Promise<string> {
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
  await recordFault(deps, write, reason).catch((err: unknown) => log.error({ err }, "fault not recorded"));
  return reason === undefined ? "a fault of Rollcall; see the log" : `stores unreachable (${reason})`;
}

async function recordFault(
  deps: ConsumeDeps,
  write: PendingWrite,
  reason: string | undefined,
): Promise<void> {
  const { command } = write;
  const detail =
    reason === undefined
      ? `a fault of Rollcall; its log says more under correlation id ${command.correlationId}`
      : `Postgres could not be reached in ${write.attempt} attempts (${reason})`;
  await deps.db.transaction(async (tx) => {
    const row = faultRow(write, detail);
    await insertLedgerRows(tx, [row]);
    await insertFailures(tx, [{ row, masked: detail, isRepeatable: true, payload: command.payload }]);
    if (command.cycleId === null) return;
    const { tenantId, cycleId } = command;
    await addCycleCounts(tx, [{ ...NO_COUNTS, faulted: 1, tenantId, cycleId }]);
  });
  deps.metrics.writes.inc({
    tenant: deps.metrics.tenant(command.tenantSlug),
    resource: command.resourceType,
    operation: command.operation,
    result: "fault",
  });
  deps.replies.send(command.apiId, [{ writeId: command.writeId, outcome: { kind: "fault", detail } }]);
}

/** The SCIM error as Bull Board shows it: without values, since they may be personal. */
function reasonOf({ status, scimType, masked }: Extract<Outcome, { kind: "refused" }>): string {
  return `${status}${scimType === null ? "" : ` ${scimType}`}: ${masked}`;
}
