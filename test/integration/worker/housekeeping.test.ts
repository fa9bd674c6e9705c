/** What the worker does on its beat does not hang together: a store that is away stops what needs it, and no more. */
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics } from "../../../src/platform/metrics.ts";
import { housekeepingPart } from "../../../src/worker/housekeeping.ts";
import { OldestWaiting } from "../../../src/worker/oldest-waiting.ts";
import { addTenant } from "../../support/console-seed.ts";
import { makeQueue } from "../../support/queues.ts";
import { createTestDatabase, queueBackends, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

test("without its queue, quiet cycles end and are shown, and one line says what was not done", async () => {
  const { tenantId, connectionId } = await addTenant(
    store.database,
    { slug: "contoso", name: "Contoso" },
    "a secret of this test",
  );
  await store.database.query(
    `INSERT INTO cycles (tenant_id, id, connection_id, kind, started_at, last_request_at)
     VALUES ($1, gen_random_uuid(), $2, 'incremental', now() - interval '1 hour', now() - interval '1 hour')`,
    [tenantId, connectionId],
  );
  const [kind = "postgres"] = queueBackends();
  const { backend, queue } = await makeQueue(kind, store.url);
  const deliveries = backend.openDeliveryQueue();
  await Promise.all([queue.close(), deliveries.close()]);
  const metrics = createMetrics({ tenantsMax: 10, version: "0" });
  const lines: string[] = [];
  const part = housekeepingPart({
    ...{
      db: store.database,
      queue,
      deliveries,
      backend,
      metrics,
      cycleIdleSeconds: 300,
      eventRetentionDays: 30,
    },
    ...{
      retention: { writes: 90, cycles: 400, failures: 90, audit: 400 },
      tenantsMax: 10,
      waiting: new OldestWaiting(),
    },
    logger: pino({ level: "warn" }, { write: (line) => void lines.push(line) }),
  });

  // It works once more when it is stopped.
  await part.stop();

  expect(await store.database.query("SELECT FROM cycles WHERE ended_at IS NULL")).toEqual([]);
  const open = await metrics.cycleOpen.get();
  expect(open.values).toMatchObject([{ value: 0, labels: { tenant: "contoso" } }]);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ duties: ["exposeQueue", "exposeWebhooks"] });
});
