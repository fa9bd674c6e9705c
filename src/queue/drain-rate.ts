/**
 * How fast a line is served, measured: ends per second, where recent ones count more. A line that was never served,
 * or not for long, has a rate near zero, and what waits in it is said to wait long.
 */

// A pause of a few seconds shows; a batch of a hundred that ends in one moment does not count as a burst.
const MEMORY_MS = 5_000;

export class DrainRate {
  readonly #startedAt: number;
  #weight = 0;
  #weighedAt: number;

  /** @param now - milliseconds, by any clock that only goes forward; so everywhere below */
  constructor(now: number) {
    this.#startedAt = now;
    this.#weighedAt = now;
  }

  /** One more was served. */
  mark(now: number): void {
    this.#weight = this.#weightAt(now) + 1;
    this.#weighedAt = now;
  }

  perSecond(now: number): number {
    // Young measurements have seen only a part of what the memory holds.
    const seen = 1 - Math.exp(-Math.max(1, now - this.#startedAt) / MEMORY_MS);
    return this.#weightAt(now) / (seen * (MEMORY_MS / 1_000));
  }

  #weightAt(now: number): number {
    return this.#weight * Math.exp(-(now - this.#weighedAt) / MEMORY_MS);
  }
}
