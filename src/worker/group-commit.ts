/**
 * Group commit: writes that arrive while a transaction runs form the next one.
 *
 * - A few batches at a time; what arrives meanwhile waits, up to the worker's concurrency. Beside a batch under way another
 *   begins for tenants that none writes for, at once; and while nobody else writes, for the same tenant, where enough
 *   has gathered to be worth a transaction. The last place is kept for tenants that come anew.
 * - Writes of one resource are applied in the order of arrival: none begins while another is under way.
 * - A tenant that writes alone fills the batch. Where several do, each has no more than a share of it, so that nobody
 *   waits for long transactions full of another's initial cycle.
 * - A batch that fails for a reason that may pass (connection, deadlock) fails as a whole: nothing was committed, and
 *   each job is retried by the queue.
 * - A batch that fails for any other reason is cut in two, and so on, so that one poisoned command fails alone.
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
  /** Batches under way at a time. */
  readonly batchesMax: number;
  /** So many writes of tenants that have a batch under way are worth another one beside it. */
  readonly besideMin: number;
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
  readonly #underWay = new Set<readonly Waiting<Result>[]>();
  /** When each tenant wrote last, the latest in the end. */
  readonly #wroteAt = new Map<string, number>();
  #isDue = false;

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
      if (this.#isDue) return;
      this.#isDue = true;
      // The jobs of one fetch arrive over a few ticks; they belong in one transaction.
      setImmediate(() => {
        this.#isDue = false;
        this.#begin();
      });
    });
  }

  /** When the write was requested that has waited longest for its turn; milliseconds since the epoch. */
  oldestWaiting(): number | undefined {
    const times = this.#waiting.map(({ command }) => command.requestedAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  #begin(): void {
    while (this.#underWay.size < this.#options.batchesMax && this.#waiting.length > 0) {
      const batch = this.#take(this.#worthIt());
      if (batch.length === 0) return;
      void this.#run(batch);
    }
  }

  async #run(batch: readonly Waiting<Result>[]): Promise<void> {
    this.#underWay.add(batch);
    await this.#commit(batch);
    this.#underWay.delete(batch);
    this.#begin();
  }

  /** Of what waits, in the order of arrival, what the next batch may be made of. */
  #worthIt(): readonly Waiting<Result>[] {
    if (this.#underWay.size === 0) return this.#waiting;
    const { batchesMax, besideMin } = this.#options;
    const running = [...this.#underWay].flat();
    const tenants = new Set(running.map(({ command }) => command.tenantId));
    const anew = this.#waiting.filter(({ command }) => !tenants.has(command.tenantId));
    if (anew.length > 0) return anew;
    if (this.#underWay.size >= batchesMax - 1 || this.#isShared()) return [];
    // Ids of resources are unique beyond their tenant.
    const resources = new Set(running.map(({ command }) => command.resourceId));
    const free = this.#waiting.filter(({ command }) => !resources.has(command.resourceId));
    return free.length < besideMin ? [] : free;
  }

  /** The next batch, in the order of arrival. */
  #take(from: readonly Waiting<Result>[]): readonly Waiting<Result>[] {
    const { batchMax, tenantBatchMax } = this.#options;
    const share = this.#isShared() ? tenantBatchMax : batchMax;
    const taken = new Set<Waiting<Result>>();
    const counts = new Map<string, number>();
    for (const write of from) {
      if (taken.size === batchMax) break;
      const { tenantId } = write.command;
      const count = counts.get(tenantId) ?? 0;
      if (count >= share) continue;
      taken.add(write);
      counts.set(tenantId, count + 1);
    }
    this.#waiting = this.#waiting.filter((write) => !taken.has(write));
    return [...taken];
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
