/**
 * The way onto the queue. A tenant has few jobs under way at once, and what arrives meanwhile gathers for its next
 * one: a write alone is handed over at once, many at a time move at the cost of one, and no tenant's flood fills the
 * queue before the others.
 *
 * States of a write here: in its tenant's line → in a job under way → ended, when its request has its outcome or has
 * given up. A job is under way until the last of its writes has ended.
 */
import type { WriteCommand } from "./contracts.ts";
import type { WriteQueue } from "./queues.ts";
import { jobOf, type QueuedJob, type Sized, takeLoad } from "./write-jobs.ts";

export interface DispatchDeps {
  readonly queue: Pick<WriteQueue, "addBulk">;
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

export class Dispatch {
  readonly #deps: DispatchDeps;
  readonly #lines = new Map<string, Line>();
  /** The job of each write under way. */
  readonly #underWay = new Map<string, UnderWay>();
  /** Tenants whose lines are to be looked at in this tick. */
  readonly #due = new Set<string>();

  constructor(deps: DispatchDeps) {
    this.#deps = deps;
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
  again(writeIds: readonly string[], onError: (error: unknown) => void): void {
    const jobs = new Set(writeIds.flatMap((writeId) => this.#underWay.get(writeId)?.job ?? []));
    if (jobs.size > 0) this.#deps.queue.addBulk([...jobs]).catch(onError);
  }

  #look(tenantId: string): void {
    this.#due.add(tenantId);
    // The requests that one read of the sockets brings belong together.
    if (this.#due.size === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const jobs: QueuedJob[] = [];
    const writeIds: string[] = [];
    for (const tenantId of this.#due) {
      const line = this.#lines.get(tenantId);
      if (!line) continue;
      while (line.waiting.length > 0 && line.jobsUnderWay < JOBS_PER_TENANT_MAX) {
        const load = takeLoad(line.waiting);
        const job = jobOf(load);
        this.#track(load, { line, tenantId, job, writes: load.length });
        jobs.push(job);
        writeIds.push(...load.map(({ writeId }) => writeId));
      }
      if (line.waiting.length === 0 && line.jobsUnderWay === 0) this.#lines.delete(tenantId);
    }
    this.#due.clear();
    if (jobs.length === 0) return;
    this.#deps.queue.addBulk(jobs).catch((error: unknown) => this.#deps.onUnknown(writeIds, error));
  }

  #track(load: readonly WriteCommand[], underWay: UnderWay): void {
    underWay.line.jobsUnderWay += 1;
    for (const { writeId } of load) this.#underWay.set(writeId, underWay);
  }
}
