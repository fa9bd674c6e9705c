/**
 * The worker of this process, where it has one. It begins with a job at once, so that a write costs no journey through
 * the queue.
 *
 * A job that takes long is parked on the queue, delayed by as long as a worker that died goes unnoticed: when this process
 * dies, the job becomes due and another worker applies it; when the work has ended, the job is taken away. Whoever
 * should have both in hand is told by the ledger.
 */
import type { WriteProcessor } from "./queues.ts";
import type { QueuedJob } from "./write-jobs.ts";

export interface OwnWorkerOptions {
  readonly process: WriteProcessor;
  /** Writes of one tenant that it has in hand at once; the queue, and its other workers, get what is above. */
  readonly tenantWritesMax: number;
  readonly writesMax: number;
}

export class OwnWorker {
  #options: OwnWorkerOptions | undefined;
  #isPaused = false;
  #writes = 0;
  readonly #writesOf = new Map<string, number>();

  /** From now on it takes jobs. */
  open(options: OwnWorkerOptions): void {
    this.#options = options;
  }

  /** Takes nothing any more; what it has in hand goes on. */
  close(): void {
    this.#options = undefined;
  }

  /** A queue that is paused is paused for its shortcut as well. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  /**
   * @param writes - that the job carries
   * @returns undefined when it does not take the job; else a promise that is rejected when the job is to be delivered again
   */
  take({ data }: QueuedJob, writes: number): Promise<void> | undefined {
    const options = this.#options;
    const { tenantId } = data;
    const ofTenant = (this.#writesOf.get(tenantId) ?? 0) + writes;
    if (!options || this.#isPaused) return undefined;
    if (ofTenant > options.tenantWritesMax || this.#writes + writes > options.writesMax) return undefined;
    this.#count(tenantId, writes);
    return options.process({ data, attemptsMade: 0 }).finally(() => this.#count(tenantId, -writes));
  }

  #count(tenantId: string, writes: number): void {
    this.#writes += writes;
    const ofTenant = (this.#writesOf.get(tenantId) ?? 0) + writes;
    if (ofTenant === 0) this.#writesOf.delete(tenantId);
    else this.#writesOf.set(tenantId, ofTenant);
  }
}
