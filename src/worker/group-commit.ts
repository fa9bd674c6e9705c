/**
 * Group commit: writes that arrive while a transaction runs form the next one.
 *
 * - One flush at a time per lane; what arrives meanwhile waits, up to the worker's concurrency.
 * - A tenant that writes alone fills the batch. Where several do, each has no more than a share of it, so that nobody
 *   waits for long transactions full of another's initial cycle.
 * - A batch that fails for a reason that may pass (connection, deadlock) fails as a whole: nothing was committed, and
 *   each job is retried by the queue.
 * - A batch that fails for any other reason is cut in two, and so on, so that one poisoned command fails alone.
 * - "Running" is cleared in the tick of the last check, so that no write slips in between and waits for nobody.
 */
import type { WriteCommand } from "../queue/contracts.ts";

export interface PendingWrite {
  readonly command: WriteCommand;
  /** Deliveries so far, this one included. */
  readonly attempt: number;
}

export interface GroupCommitOptions<Result> {
  /** Applies the writes in one transaction; results in the order of the writes. */
  readonly commit: (writes: readonly PendingWrite[]) => Promise<readonly Result[]>;
  readonly isTransient: (error: unknown) => boolean;
  readonly onBatch: (size: number) => void;
  readonly batchMax: number;
  /** Of one tenant, while others write too. */
  readonly tenantBatchMax: number;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

interface Waiting<Result> extends PendingWrite {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

// Azure AD sends a tenant's requests one after another: who wrote within this time is about to write again.
const ACTIVE_MS = 1_000;

export class GroupCommit<Result> {
  readonly #options: GroupCommitOptions<Result>;
  #waiting: Waiting<Result>[] = [];
  /** When each tenant wrote last, the latest in the end. */
  readonly #wroteAt = new Map<string, number>();
  #running = false;

  constructor(options: GroupCommitOptions<Result>) {
    this.#options = options;
  }

  /** Resolves after the commit of the transaction that holds this write. */
  apply(write: PendingWrite): Promise<Result> {
    const { tenantId } = write.command;
    this.#wroteAt.delete(tenantId);
    this.#wroteAt.set(tenantId, this.#now());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...write, resolve, reject });
      if (this.#running) return;
      this.#running = true;
      // The jobs of one fetch arrive over a few ticks; they belong in one transaction.
      setImmediate(() => void this.#run());
    });
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commit(this.#take());
    }
    this.#running = false;
  }

  /** The next batch, in the order of arrival. */
  #take(): readonly Waiting<Result>[] {
    const { batchMax, tenantBatchMax } = this.#options;
    if (!this.#isShared()) return this.#waiting.splice(0, batchMax);
    const taken: Waiting<Result>[] = [];
    const left: Waiting<Result>[] = [];
    const counts = new Map<string, number>();
    for (const write of this.#waiting) {
      const { tenantId } = write.command;
      const count = counts.get(tenantId) ?? 0;
      const hasRoom = taken.length < batchMax && count < tenantBatchMax;
      (hasRoom ? taken : left).push(write);
      if (hasRoom) counts.set(tenantId, count + 1);
    }
    this.#waiting = left;
    return taken;
  }

  #isShared(): boolean {
    const since = this.#now() - ACTIVE_MS;
    for (const [tenantId, at] of this.#wroteAt) {
      if (at >= since) break;
      this.#wroteAt.delete(tenantId);
    }
    return this.#wroteAt.size > 1;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }

  async #commit(batch: readonly Waiting<Result>[]): Promise<void> {
    try {
      const results = await this.#options.commit(batch);
      this.#options.onBatch(batch.length);
      batch.forEach(({ resolve, reject }, index) => {
        const result = results[index];
        if (result === undefined) reject(new Error("the batch gave no result for this write"));
        else resolve(result);
      });
    } catch (error) {
      if (batch.length === 1 || this.#options.isTransient(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const middle = Math.ceil(batch.length / 2);
      await this.#commit(batch.slice(0, middle));
      await this.#commit(batch.slice(middle));
    }
  }
}
