/**
 * The way onto the queue. A tenant has few jobs under way at once, and what arrives meanwhile gathers for its next
 * one: a write alone is handed over at once, many at a time move at the cost of one, and no tenant's flood fills the
 * queue before the others. Where the process has a worker of its own, that begins at once (own-worker.ts).
 *
 * States of a write here: in its tenant's line → in a job under way → ended, when its request has its outcome or has
 * given up. A job is under way until the last of its writes has ended.
 */
import { setImmediate as immediately } from "node:timers/promises";
import type { Job } from "bullmq";
import { invariant } from "../platform/invariant.ts";
import type { WriteCommand } from "./contracts.ts";
import type { OwnWorker } from "./own-worker.ts";
import type { WriteQueue } from "./queues.ts";
import { Removals } from "./removals.ts";
import {
  dataAfterOwnAttempt,
  jobOf,
  type ParkedJob,
  parkedJobOf,
  type QueuedJob,
  type Sized,
  takeLoad,
} from "./write-jobs.ts";

export interface DispatchDeps {
  readonly queue: Pick<WriteQueue, "addBulk">;
  /** Absent where the process applies nothing. */
  readonly ownWorker?: Pick<OwnWorker, "take"> | undefined;
  readonly onError: (error: unknown) => void;
  /** The jobs may have arrived although the answer did not, so what became of the writes is not known. */
  readonly onUnknown: (writeIds: readonly string[], error: unknown) => void;
}

interface Line {
  readonly waiting: Sized[];
  jobsUnderWay: number;
}

interface UnderWay {
  readonly line: Line;
  readonly tenantId: string;
  readonly job: QueuedJob;
  /** Of its writes those that have not ended. */
  writes: number;
}

// One that is being applied and one that lies ready, for each of two workers.
const JOBS_PER_TENANT_MAX = 4;
// A queue that does not answer must not gather jobs in memory while the work goes on without it.
const PARKED_JOBS_MAX = 64;

export class Dispatch {
  readonly #deps: DispatchDeps;
  readonly #lines = new Map<string, Line>();
  /** The job of each write under way. */
  readonly #underWay = new Map<string, UnderWay>();
  /** Tenants whose lines are to be looked at in this tick. */
  readonly #due = new Set<string>();
  /** Parked jobs that the queue does not have yet, or whose work has not ended. */
  #parkedJobs = 0;
  /** What is still to be said of parked jobs to the queue. */
  readonly #toTell = new Set<Promise<void>>();
  readonly #removals: Removals;

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
    this.#removals = new Removals(deps.onError);
  }

  add(write: Sized): void {
    const { tenantId } = write.command;
    const line = this.#lines.get(tenantId) ?? { waiting: [], jobsUnderWay: 0 };
    this.#lines.set(tenantId, line);
    line.waiting.push(write);
    this.#look(tenantId);
  }

  /** The write's request waits no longer. */
  ended(writeId: string): void {
    const job = this.#underWay.get(writeId);
    if (!job) return;
    this.#underWay.delete(writeId);
    job.writes -= 1;
    if (job.writes > 0) return;
    job.line.jobsUnderWay -= 1;
    this.#look(job.tenantId);
  }

  /** Puts the jobs of these writes on the queue once more, in case it lost them; what is there stays as it is. */
  again(writeIds: readonly string[]): void {
    const jobs = new Set(writeIds.flatMap((writeId) => this.#underWay.get(writeId)?.job ?? []));
    if (jobs.size > 0) this.#deps.queue.addBulk([...jobs]).catch(this.#deps.onError);
  }

  /** Resolves when no parked job is left that will be taken away. */
  async settled(): Promise<void> {
    await Promise.all(this.#toTell);
    await this.#removals.settled();
  }

  #look(tenantId: string): void {
    this.#due.add(tenantId);
    // The requests that one read of the sockets brings belong together.
    if (this.#due.size === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const jobs: QueuedJob[] = [];
    const writeIds: string[] = [];
    const taken: { job: ParkedJob; work: Promise<void>; index: number }[] = [];
    for (const { line, load } of this.#loads()) {
      const own = this.#takeUp(load);
      const job = own?.job ?? jobOf(load);
      if (own) taken.push({ ...own, index: jobs.length });
      else writeIds.push(...load.map(({ writeId }) => writeId));
      this.#track(load, { line, job });
      jobs.push(job);
    }
    if (jobs.length === 0) return;
    const added = this.#add(jobs, taken.length > 0);
    added.catch((error: unknown) => this.#deps.onUnknown(writeIds, error));
    for (const { job, work, index } of taken) {
      const queued = added.then((each) => each[index]);
      const told = this.#unpark(job, work, queued)
        .catch(this.#deps.onError)
        .finally(() => this.#toTell.delete(told));
      this.#toTell.add(told);
    }
  }

  async #add(jobs: readonly QueuedJob[], isBegun: boolean): Promise<readonly Job[]> {
    // Work that has begun first sends its statements: Postgres is then busy with them while the queue is told.
    if (isBegun) await immediately();
    return this.#deps.queue.addBulk([...jobs]);
  }

  /** What the lines may hand over now, by the job. */
  *#loads(): Generator<{ line: Line; load: readonly WriteCommand[] }> {
    for (const tenantId of this.#due) {
      const line = this.#lines.get(tenantId);
      if (!line) continue;
      while (line.waiting.length > 0 && line.jobsUnderWay < JOBS_PER_TENANT_MAX) {
        yield { line, load: takeLoad(line.waiting) };
      }
      if (line.waiting.length === 0 && line.jobsUnderWay === 0) this.#lines.delete(tenantId);
    }
    this.#due.clear();
  }

  #takeUp(load: readonly WriteCommand[]): { job: ParkedJob; work: Promise<void> } | undefined {
    const { ownWorker } = this.#deps;
    if (!ownWorker || this.#parkedJobs >= PARKED_JOBS_MAX) return undefined;
    const job = parkedJobOf(load);
    const work = ownWorker.take(job, load.length);
    if (!work) return undefined;
    this.#parkedJobs += 1;
    return { job, work };
  }

  /** Its own process has ended the job, or leaves it to the queue. What cannot be said of it here comes due by itself. */
  async #unpark(job: ParkedJob, work: Promise<void>, added: Promise<Job | undefined>): Promise<void> {
    const [worked, queued] = await Promise.allSettled([work, added]);
    this.#parkedJobs -= 1;
    const hasWorked = worked.status === "fulfilled";
    if (queued.status === "rejected" || queued.value === undefined) {
      const writeIds = job.data.writes.map(({ writeId }) => writeId);
      if (!hasWorked)
        this.#deps.onUnknown(writeIds, queued.status === "rejected" ? queued.reason : worked.reason);
      return;
    }
    if (hasWorked) {
      this.#removals.add(queued.value);
      return;
    }
    await queued.value.updateData(dataAfterOwnAttempt(job.data));
    await queued.value.promote();
  }

  #track(load: readonly WriteCommand[], { line, job }: Pick<UnderWay, "line" | "job">): void {
    const [first] = load;
    invariant(first, "a job carries a write");
    const underWay: UnderWay = { line, job, tenantId: first.tenantId, writes: load.length };
    line.jobsUnderWay += 1;
    for (const { writeId } of load) this.#underWay.set(writeId, underWay);
  }
}
