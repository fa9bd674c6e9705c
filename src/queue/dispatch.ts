/**
 * The way onto the queue. A tenant has few jobs under way at once, and what arrives meanwhile gathers for its next
 * one: a write alone is handed over at once, many at a time move at the cost of one, and no tenant's flood fills the
 * queue before the others. Where the process has a worker of its own, that begins at once, and the queue is told of what
 * takes long or fails (own-worker.ts, docs/decisions/0065).
 *
 * States of a write here: in its tenant's line → in a job under way → ended, when its request has its outcome or has
 * given up. A job is under way until the last of its writes has ended; one that ends in the line is in no job.
 */
import { invariant } from "../platform/invariant.ts";
import type { WriteCommand } from "./contracts.ts";
import type { OwnWorker } from "./own-worker.ts";
import type { WriteQueue } from "./queues.ts";
import { Removals } from "./removals.ts";
import {
  dataAfterOwnAttempt,
  jobAfterOwnAttempt,
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
const OWN_JOBS_MAX = 64;
// Several times as long as a batch takes while all is well, and soon enough to be there when somebody asks what takes long.
const PARK_AFTER_MS = 100;

/** A job on which its own process works. */
interface OwnJob {
  readonly job: ParkedJob;
  /** Rejected when the job is to be delivered again. */
  readonly work: Promise<void>;
}

export class Dispatch {
  readonly #deps: DispatchDeps;
  readonly #lines = new Map<string, Line>();
  /** The job of each write under way. */
  readonly #underWay = new Map<string, UnderWay>();
  /** Tenants whose lines are to be looked at in this tick. */
  readonly #due = new Set<string>();
  /** Those whose work has not ended, or of which the queue is still told. */
  #ownJobs = 0;
  /** What may still have to be said of them to the queue. */
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
  ended({ tenantId, writeId }: Pick<WriteCommand, "tenantId" | "writeId">): void {
    const job = this.#underWay.get(writeId);
    if (!job) {
      this.#leave(tenantId, writeId);
      return;
    }
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

  /** Resolves when all its own jobs have ended, or are the queue's. */
  async settled(): Promise<void> {
    await Promise.all(this.#toTell);
    await this.#removals.settled();
  }

  /** Its turn had not come: a job that carried it would be under way for ever, since nobody would say that it ended. */
  #leave(tenantId: string, writeId: string): void {
    const waiting = this.#lines.get(tenantId)?.waiting ?? [];
    const place = waiting.findIndex(({ command }) => command.writeId === writeId);
    if (place !== -1) waiting.splice(place, 1);
  }

  #look(tenantId: string): void {
    this.#due.add(tenantId);
    // The requests that one read of the sockets brings belong together.
    if (this.#due.size === 1) setImmediate(() => this.#send());
  }

  #send(): void {
    const jobs: QueuedJob[] = [];
    const writeIds: string[] = [];
    for (const { line, load } of this.#loads()) {
      const own = this.#takeUp(load);
      const job = own?.job ?? jobOf(load);
      this.#track(load, { line, job });
      if (own) {
        const told = this.#watch(own)
          .catch(this.#deps.onError)
          .finally(() => this.#toTell.delete(told));
        this.#toTell.add(told);
        continue;
      }
      jobs.push(job);
      writeIds.push(...load.map(({ writeId }) => writeId));
    }
    if (jobs.length === 0) return;
    this.#deps.queue.addBulk(jobs).catch((error: unknown) => this.#deps.onUnknown(writeIds, error));
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

  #takeUp(load: readonly WriteCommand[]): OwnJob | undefined {
    const { ownWorker } = this.#deps;
    if (!ownWorker || this.#ownJobs >= OWN_JOBS_MAX) return undefined;
    const job = parkedJobOf(load);
    const work = ownWorker.take(job, load.length);
    if (!work) return undefined;
    this.#ownJobs += 1;
    return { job, work };
  }

  /** The queue is told of a job of its own process where that takes long, or leaves it to the queue. */
  async #watch(own: OwnJob): Promise<void> {
    try {
      const end = await endWithin(own.work, PARK_AFTER_MS);
      if (end === "late") await this.#park(own);
      if (end === "failed") await this.#add(jobAfterOwnAttempt(own.job));
    } finally {
      this.#ownJobs -= 1;
    }
  }

  /** Its own process ends the job meanwhile, or leaves it to the queue. What cannot be said of it here comes due by itself. */
  async #park({ job, work }: OwnJob): Promise<void> {
    const [worked, queued] = await Promise.allSettled([work, this.#deps.queue.addBulk([job])]);
    const hasWorked = worked.status === "fulfilled";
    const parked = queued.status === "fulfilled" ? queued.value[0] : undefined;
    if (hasWorked && parked) this.#removals.add(parked);
    if (hasWorked) return;
    if (!parked) {
      this.#isUnknown(job, queued.status === "rejected" ? queued.reason : worked.reason);
      return;
    }
    await parked.updateData(dataAfterOwnAttempt(job.data));
    await parked.promote();
  }

  async #add(job: ParkedJob): Promise<void> {
    await this.#deps.queue.addBulk([job]).catch((error: unknown) => this.#isUnknown(job, error));
  }

  #isUnknown({ data }: ParkedJob, error: unknown): void {
    const writeIds = data.writes.map(({ writeId }) => writeId);
    this.#deps.onUnknown(writeIds, error);
  }

  #track(load: readonly WriteCommand[], { line, job }: Pick<UnderWay, "line" | "job">): void {
    const [first] = load;
    invariant(first, "a job carries a write");
    const underWay: UnderWay = { line, job, tenantId: first.tenantId, writes: load.length };
    line.jobsUnderWay += 1;
    for (const { writeId } of load) this.#underWay.set(writeId, underWay);
  }
}

async function endWithin(work: Promise<void>, milliseconds: number): Promise<"ended" | "failed" | "late"> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), milliseconds);
  });
  const end = work.then(
    () => "ended" as const,
    () => "failed" as const,
  );
  try {
    return await Promise.race([end, late]);
  } finally {
    clearTimeout(timer);
  }
}
