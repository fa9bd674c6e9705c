/** When product keys were last used: gathered in memory, written about once a second, so that no request waits. */
import { Beat } from "../../platform/beat.ts";
import type { Logger } from "../../platform/logger.ts";
import type { DatabasePool } from "../../store/database.ts";
import { noteKeyUse, type ProductPrincipal } from "../../store/product-keys.ts";

type UsedKey = Pick<ProductPrincipal, "tenantId" | "keyId">;

const FLUSH_EVERY_MS = 1_000;
const NOTED_EVERY_MS = 30_000;

export class KeyUse {
  readonly #db: DatabasePool;
  readonly #logger: Logger;
  readonly #notedAt = new Map<string, number>();
  #used: UsedKey[] = [];
  readonly #beat = new Beat(() => this.#flush(), FLUSH_EVERY_MS);

  constructor(db: DatabasePool, logger: Logger) {
    this.#db = db;
    this.#logger = logger;
  }

  start(): void {
    this.#beat.start();
  }

  stop(): Promise<void> {
    return this.#beat.stop();
  }

  note({ tenantId, keyId }: UsedKey): void {
    const now = Date.now();
    if (now - (this.#notedAt.get(keyId) ?? 0) < NOTED_EVERY_MS) return;
    this.#notedAt.set(keyId, now);
    this.#used.push({ tenantId, keyId });
  }

  async #flush(): Promise<void> {
    const used = this.#used;
    this.#used = [];
    if (used.length === 0) return;
    try {
      await this.#db.transaction((tx) => noteKeyUse(tx, used));
    } catch (err) {
      this.#logger.warn({ err }, "the last use of product keys is kept for the next flush");
      this.#used.push(...used);
    }
  }
}
