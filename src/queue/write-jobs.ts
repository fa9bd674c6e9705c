/**
 * Writes ↔ jobs. A queue's work is by the job and not by the write, so writes of one tenant that arrive together
 * travel in one job. Each keeps its own id, outcome and ledger row; one that fails gets a job of its own, so that the
 * queue's list of failed jobs is the list of failed writes.
 */
import type { z } from "zod";
import { newId } from "../platform/ids.ts";
import { invariant } from "../platform/invariant.ts";
import { CarriedWrites, SingleWrite, type WriteCommand, type WriteJob } from "./contracts.ts";
import { PARKED_MS, WRITE_JOB } from "./queues.ts";

export interface Sized {
  readonly command: WriteCommand;
  /** About how large it is: the bytes of its request's body. */
  readonly bytes: number;
}

// As many as a transaction takes by default; more would only wait in the worker.
const WRITES_PER_JOB_MAX = 100;
// A job is read and written whole: replacing a large group should not travel with others.
const BYTES_PER_JOB_MAX = 256 * 1024;

export interface QueuedJob {
  readonly name: string;
  readonly data: WriteJob;
  readonly opts: typeof WRITE_JOB & { readonly jobId: string };
}

/** A job on which its own process works already; see own-worker.ts. */
export interface ParkedJob extends QueuedJob {
  readonly data: CarriedJobData;
}

type CarriedJobData = z.infer<typeof CarriedWrites>;

/** What this process made itself, and need not check. */
const ownData = new WeakSet<object>();

/** Takes from the front of the line what one job shall carry. @param line - of one tenant, not empty */
export function takeLoad(line: Sized[]): readonly WriteCommand[] {
  let bytes = 0;
  let count = 0;
  for (const write of line) {
    bytes += write.bytes;
    if (count > 0 && (count === WRITES_PER_JOB_MAX || bytes > BYTES_PER_JOB_MAX)) break;
    count += 1;
  }
  return line.splice(0, count).map(({ command }) => command);
}

/** @param load - writes of one tenant, at least one */
export function jobOf(load: readonly WriteCommand[]): QueuedJob {
  const [first, ...others] = load;
  invariant(first, "a job carries a write");
  return others.length === 0 ? jobOfOne(first) : jobOfMany(first, load);
}

/**
 * A job for the worker of this process. It never has a write's id: a write that fails gets that job for itself.
 * @param load - writes of one tenant, at least one
 */
export function parkedJobOf(load: readonly WriteCommand[]): ParkedJob {
  const [first] = load;
  invariant(first, "a job carries a write");
  const job = jobOfMany(first, load);
  ownData.add(job.data);
  return { ...job, name: jobOf(load).name, opts: { ...job.opts, delay: PARKED_MS } };
}

/** The same job, to be delivered by the queue after its own process had no luck with it. */
export function dataAfterOwnAttempt(data: ParkedJob["data"]): ParkedJob["data"] {
  return { ...data, attempts: 1 };
}

/** A job that fails with this reason: how a write that was carried with others is shown to have failed. */
export function jobOfEnded(command: WriteCommand, reason: string): QueuedJob {
  const job = jobOfOne(command);
  return { ...job, data: { ...command, ended: reason } };
}

/** For the queue, which was not told of it before. */
export function jobAfterOwnAttempt({ opts, ...job }: ParkedJob): ParkedJob {
  return { ...job, data: dataAfterOwnAttempt(job.data), opts: { ...opts, delay: 0 } };
}

export interface CarriedJob {
  readonly writes: readonly WriteCommand[];
  /** The job carries one write by itself, so the job's end is the write's end. */
  readonly isSingle: boolean;
  readonly ended: string | undefined;
  /** Attempts that the queue has not counted. */
  readonly attempts: number;
}

/** @returns undefined for what another version, or another hand, put into the queue */
export function readJob(data: unknown): CarriedJob | undefined {
  const isCarrier = typeof data === "object" && data !== null && "writes" in data;
  if (isCarrier) {
    const carried = ownData.has(data) ? (data as CarriedJobData) : CarriedWrites.safeParse(data).data;
    if (!carried) return undefined;
    const { writes, attempts = 0 } = carried;
    return { writes, isSingle: false, ended: undefined, attempts };
  }
  const single = SingleWrite.safeParse(data);
  if (!single.success) return undefined;
  const { ended, ...command } = single.data;
  return { writes: [command], isSingle: true, ended, attempts: 0 };
}

function jobOfOne(command: WriteCommand): QueuedJob {
  return {
    name: `${command.operation} ${command.resourceType}`,
    data: command,
    opts: { ...WRITE_JOB, jobId: command.writeId },
  };
}

function jobOfMany({ tenantId, tenantSlug }: WriteCommand, writes: readonly WriteCommand[]): ParkedJob {
  return {
    name: `${writes.length} writes`,
    data: { version: 1, tenantId, tenantSlug, writes: [...writes] },
    // Not a write's id: that is the id of the job it gets for itself when it fails.
    opts: { ...WRITE_JOB, jobId: newId() },
  };
}
