/** From jobs to their ends, on each queue: writes that are carried together end each for itself. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogger } from "../../../src/platform/logger.ts";
import { createMetrics } from "../../../src/platform/metrics.ts";
import type { Outcome, WriteCommand } from "../../../src/queue/contracts.ts";
import { createQueueBackend, type WriteQueue } from "../../../src/queue/queues.ts";
import { jobOf } from "../../../src/queue/write-jobs.ts";
import { CORE_READING, readBody } from "../../../src/scim/index.ts";
import { TenantModels } from "../../../src/store/tenant-models.ts";
import { NO_TRACER } from "../../../src/platform/tracing.ts";
import { workerPart } from "../../../src/worker/worker-part.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../../support/stores.ts";
import { writeCommand } from "../../support/write-command.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let store: TestDatabase;
  let queue: WriteQueue;
  let stop: () => Promise<void>;
  const told = new Map<string, Outcome[]>();

  beforeAll(async () => {
    store = await createTestDatabase();
    const backend = createQueueBackend({
      databaseUrl: store.url,
      ...openTestQueue(kind),
      onError: () => undefined,
    });
    await backend.prepare();
    queue = backend.openQueue();
    await queue.waitUntilReady();
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
      batchMax: 128,
      concurrency: 8,
    });
    await worker.start();
    stop = () => worker.stop();
  });
  afterAll(async () => {
    await stop();
    await queue.close();
    await store.drop();
  });

  async function newTenant(): Promise<string> {
    const id = uuidv7();
    await store.database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [id, `t-${id}`]);
    return id;
  }

  const creation = (tenantId: string, userName: string): WriteCommand =>
    writeCommand({ tenantId, payload: readBody("User", { schemas: [USER], userName }, CORE_READING) });

  const rowsOf = (tenantId: string): Promise<readonly { name: string }[]> =>
    store.database.query("SELECT user_name_key AS name FROM users WHERE tenant_id = $1 ORDER BY 1", [
      tenantId,
    ]);

  test("the refused ones of a job each fail under their own id, with their reason; the others are applied", async () => {
    const tenantId = await newTenant();
    const commands = ["ann", "ANN", "bob", "Bob"].map((name) => creation(tenantId, `${name}@contoso.com`));

    await queue.addBulk([jobOf(commands)]);
    await waitFor(async () => (await queue.getFailed()).length >= 2);

    const failed = await queue.getFailed();
    const refused = [commands[1], commands[3]].map((command) => command?.writeId);
    expect(failed.map(({ id }) => id).sort()).toEqual(refused.sort());
    expect(failed.map(({ failedReason }) => failedReason)).toEqual([
      expect.stringMatching(/^409 uniqueness: userName .* is taken/) as string,
      expect.stringMatching(/^409 uniqueness: userName .* is taken/) as string,
    ]);
    expect(commands.map(({ writeId }) => told.get(writeId)?.map((outcome) => outcome.kind))).toEqual([
      ["applied"],
      ["refused"],
      ["applied"],
      ["refused"],
    ]);
    expect(await rowsOf(tenantId)).toEqual([{ name: "ann@contoso.com" }, { name: "bob@contoso.com" }]);
    await waitFor(async () => (await queue.getJobCountByTypes("waiting", "active", "delayed")) === 0);
  });

  test("a job that is delivered a second time changes nothing, and tells the same", async () => {
    const tenantId = await newTenant();
    const commands = ["cy", "CY", "dee"].map((name) => creation(tenantId, `${name}@contoso.com`));

    await queue.addBulk([jobOf(commands)]);
    await waitFor(() => commands.every(({ writeId }) => told.get(writeId)?.length === 1));
    await queue.addBulk([jobOf(commands)]);
    await waitFor(() => commands.every(({ writeId }) => told.get(writeId)?.length === 2));

    for (const { writeId } of commands) {
      const [first, second] = told.get(writeId) ?? [];
      expect(second?.kind).toBe(first?.kind);
    }
    expect(await rowsOf(tenantId)).toEqual([{ name: "cy@contoso.com" }, { name: "dee@contoso.com" }]);
  });

  test("a write that cannot be applied at all fails alone, and its neighbours are applied", async () => {
    const tenantId = await newTenant();
    const poisoned = writeCommand({ tenantId, payload: { resource: "not an object" } });
    const commands = [creation(tenantId, "eve@contoso.com"), poisoned, creation(tenantId, "fay@contoso.com")];

    await queue.addBulk([jobOf(commands)]);
    await waitFor(async () => (await queue.getFailed()).some(({ id }) => id === poisoned.writeId));

    const job = await queue.getJob(poisoned.writeId);
    expect(job?.failedReason).toBe("a fault of Rollcall; see the log");
    expect(told.get(poisoned.writeId)).toMatchObject([{ kind: "fault" }]);
    expect(await rowsOf(tenantId)).toEqual([{ name: "eve@contoso.com" }, { name: "fay@contoso.com" }]);
  });
});
