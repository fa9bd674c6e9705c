/** Work that is done again and again: one run at a time, and a late one is skipped. */

export class Beat {
  readonly #work: () => Promise<void>;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  /** @param work - must not reject: it says itself what went wrong */
  constructor(work: () => Promise<void>, everyMs: number) {
    this.#work = work;
    this.#everyMs = everyMs;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#work().finally(() => (this.#running = undefined));
    }, this.#everyMs);
  }

  /** Waits for the run in hand, then runs once more, so that nothing is left over. */
  async stop(): Promise<void> {
    await this.cease();
    await this.#work();
  }

  /** Waits for the run in hand; for work that leaves nothing over. */
  async cease(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }
}
