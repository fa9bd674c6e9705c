/** A worker on a real Postgres and a real queue, without an api: what it was told to tell, and what the queue holds. */
import { v7 as uuidv7 } from "uuid";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { NO_TRACER } from "../../src/platform/tracer.ts";
import type { Outcome } from "../../src/queue/contracts.ts";
import { OwnWorker } from "../../src/queue/own-worker.ts";
import type { WriteQueue } from "../../src/queue/queues.ts";
import { TenantModels } from "../../src/store/tenant-models.ts";
import { OldestWaiting } from "../../src/worker/oldest-waiting.ts";
import { workerPart } from "../../src/worker/worker-part.ts";
import { makeQueue } from "./queues.ts";
import { createTestDatabase, type TestDatabase } from "./stores.ts";

export interface WriteWorkerStand {
  readonly store: TestDatabase;
  readonly queue: WriteQueue;
  readonly ownWorker: OwnWorker;
  /** Outcomes by write, in the order in which they were told. */
  readonly told: ReadonlyMap<string, readonly Outcome[]>;
  newTenant(): Promise<string>;
  /** Comparison keys of the tenant's user names, sorted. */
  userNames(tenantId: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startWriteWorker(kind: "redis" | "postgres"): Promise<WriteWorkerStand> {
  const store = await createTestDatabase();
  const told = new Map<string, Outcome[]>();
  const { backend, queue } = await makeQueue(kind, store.url);
  const ownWorker = new OwnWorker();
  const worker = workerPart({
    models: new TenantModels(),
    db: store.database,
    queue,
    backend,
    tracer: NO_TRACER,
    metrics: createMetrics({ tenantsMax: 1, version: "0" }),
    logger: createLogger({ service: "test", level: "silent" }),
    replies: {
      send: (_apiId, replies) => {
        for (const { writeId, outcome } of replies)
          told.set(writeId, [...(told.get(writeId) ?? []), outcome]);
      },
      close: () => Promise.resolve(),
    },
    ownWorker,
    batchMax: 128,
    concurrency: 8,
    waiting: new OldestWaiting(),
  });
  await worker.start();
  return {
    ...{ store, queue, ownWorker, told },
    async newTenant() {
      const id = uuidv7();
      await store.database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [id, `t-${id}`]);
      return id;
    },
    async userNames(tenantId) {
      const rows = await store.database.query<{ name: string }>(
        "SELECT user_name_key AS name FROM users WHERE tenant_id = $1 ORDER BY 1",
        [tenantId],
      );
      return rows.map(({ name }) => name);
    },
    async stop() {
      await worker.stop();
      await queue.close();
      await store.drop();
    },
  };
}
