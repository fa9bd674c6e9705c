/** Stores of its own for a measurement that starts its processes itself, and a connection to look into them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStores } from "../../src/embedded/stores.ts";
import type { Environment } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { type DatabasePool, openDatabase } from "../../src/store/database.ts";
import { testEnv } from "../../test/support/service.ts";

export interface BenchStores {
  /** Gone when it stops; for what else a measurement needs on the disk. */
  readonly folder: string;
  /** Of a process of the service on these stores. */
  readonly env: Environment;
  readonly database: DatabasePool;
  /** Nothing is left on the disk. */
  stop(): Promise<void>;
}

/** @param queue - redis or postgres */
export async function openBenchStores(queue: string): Promise<BenchStores> {
  const dataDir = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
  const logger = createLogger({ service: "bench", level: "warn" });
  const stores = await startStores({ dataDir, queue, logger });
  const database = openDatabase({
    url: stores.databaseUrl,
    poolMax: 2,
    applicationName: "rollcall-bench",
    onConnectionError: (error) => logger.warn({ err: error }, "a connection was lost"),
  });
  return {
    folder: dataDir,
    env: testEnv(
      stores.databaseUrl,
      { redisUrl: stores.redisUrl, prefix: "rollcall" },
      { LOG_LEVEL: "warn" },
    ),
    database,
    async stop() {
      await database.close();
      await stores.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
