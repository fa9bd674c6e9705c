/**
 * Group commit: writes that arrive while a transaction runs form the next one.
 *
 * - One flush at a time per lane; what arrives meanwhile waits, up to the worker's concurrency.
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
}

interface Waiting<Result> extends PendingWrite {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Result> {
  readonly #options: GroupCommitOptions<Result>;
  #waiting: Waiting<Result>[] = [];
  #running = false;

  constructor(options: GroupCommitOptions<Result>) {
    this.#options = options;
  }

  /** Resolves after the commit of the transaction that holds this write. */
  apply(write: PendingWrite): Promise<Result> {
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
      const batch = this.#waiting.splice(0, this.#options.batchMax);
      await this.#commit(batch);
    }
    this.#running = false;
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
