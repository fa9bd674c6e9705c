/**
 * A process that starts before its Postgres. Whoever starts it anew waits longer each time (Kubernetes up to five minutes), so
 * that it would come late when Postgres is back; one that waits by itself is there within a second or two.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "./platform/logger.ts";
import { transientReason } from "./store/database.ts";

export interface WaitSettings {
  /** DATABASE_WAIT_SECONDS, in milliseconds. */
  readonly waitMs: number;
  readonly logger: Pick<Logger, "warn" | "info">;
  readonly pauseMs?: number;
  /** Between two lines that say it still waits. */
  readonly sayEveryMs?: number;
}

const PAUSE_MS = 1_000;
const SAY_EVERY_MS = 30_000;

/**
 * @param reach - asks Postgres anything
 * @throws the last error once the time is over, and at once what waiting does not mend, such as a wrong password
 */
export async function waitForPostgres(
  reach: () => Promise<unknown>,
  { waitMs, logger, pauseMs = PAUSE_MS, sayEveryMs = SAY_EVERY_MS }: WaitSettings,
): Promise<void> {
  const startedAt = Date.now();
  let saidAt: number | undefined;
  for (;;) {
    try {
      await reach();
      if (saidAt !== undefined) logger.info({ waitedMs: Date.now() - startedAt }, "Postgres is there");
      return;
    } catch (err) {
      const now = Date.now();
      if (transientReason(err) === undefined || now - startedAt + pauseMs > waitMs) throw err;
      if (saidAt === undefined || now - saidAt >= sayEveryMs) {
        logger.warn({ err, waitMs }, "Postgres cannot be reached; the process waits for it");
        saidAt = now;
      }
      await sleep(pauseMs);
    }
  }
}
