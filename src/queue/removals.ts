/**
 * Takes jobs away that have ended, some at a time: nobody waits for it, and each call by itself wakes the queue's store, its
 * answer this process, and the next parked job, being the first again, the worker that waits for one to come due.
 */
import type { Job } from "bullmq";

type EndedJob = Pick<Job, "remove">;

const GATHER_MS = 20;
const JOBS_MAX = 32;

export class Removals {
  readonly #onError: (error: unknown) => void;
  #gathered: EndedJob[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #underWay = new Set<Promise<unknown>>();

  /** @param onError - told of a job that could not be taken away; it comes due, and its worker finds it ended */
  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  add(job: EndedJob): void {
    this.#gathered.push(job);
    if (this.#gathered.length >= JOBS_MAX) this.#remove();
    else this.#timer ??= setTimeout(() => this.#remove(), GATHER_MS);
  }

  /** Resolves when all that was added is gone. */
  async settled(): Promise<void> {
    this.#remove();
    await Promise.all(this.#underWay);
  }

  #remove(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const job of this.#gathered.splice(0)) {
      const removed = job
        .remove()
        .catch(this.#onError)
        .finally(() => this.#underWay.delete(removed));
      this.#underWay.add(removed);
    }
  }
}
