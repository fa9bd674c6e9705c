/**
 * Wakes those who wait for a tenant's next event. One look at the heads of all waited-for tenants a few times a second,
 * however many wait: a NOTIFY in each transaction would make the database's commits wait for each other.
 */
import type { Logger } from "../../platform/logger.ts";
import type { Database } from "../../store/database.ts";
import { readHeads } from "../../store/events.ts";

interface Waiter {
  readonly tenantId: string;
  readonly after: number;
  readonly wake: () => void;
}

const LOOK_EVERY_MS = 200;

export class HeadWatch {
  readonly #db: Database;
  readonly #logger: Logger;
  readonly #waiters = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(db: Database, logger: Logger) {
    this.#db = db;
    this.#logger = logger;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Resolves when the tenant has an event after this one, when the time is over, on abort, or when all is closed. */
  wait(
    place: { readonly tenantId: string; readonly after: number },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    if (this.#isClosed || options.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        options.signal.removeEventListener("abort", wake);
        this.#waiters.delete(waiter);
        resolve();
      };
      const waiter: Waiter = { ...place, wake };
      const timer = setTimeout(wake, options.timeoutMs);
      options.signal.addEventListener("abort", wake);
      this.#waiters.add(waiter);
      this.#schedule();
    });
  }

  /** Wakes everybody, now and from now on: the process ends. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    for (const { wake } of [...this.#waiters]) wake();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosed || this.#waiters.size === 0) return;
    this.#timer = setTimeout(() => void this.#look(), LOOK_EVERY_MS);
  }

  async #look(): Promise<void> {
    try {
      const tenantIds = [...new Set([...this.#waiters].map(({ tenantId }) => tenantId))];
      const heads = await readHeads(this.#db, tenantIds);
      for (const { tenantId, after, wake } of [...this.#waiters])
        if ((heads.get(tenantId) ?? 0) > after) wake();
    } catch (err) {
      this.#logger.warn({ err }, "the heads of events will be looked at again");
    }
    this.#timer = undefined;
    this.#schedule();
  }
}
