/** A queue whose Postgres is gone without a word: nothing is refused, and nothing answers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createQueueBackend, type QueueBackend, type WriteQueue } from "../../../src/queue/queues.ts";
import { jobOf } from "../../../src/queue/write-jobs.ts";
import { type Proxy, startProxy } from "../../../tools/soak/proxy.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { writeCommand } from "../../support/write-command.ts";

let store: TestDatabase;
let proxy: Proxy;
let queue: WriteQueue;

beforeAll(async () => {
  store = await createTestDatabase();
  proxy = await startProxy(Number(new URL(store.url).port));
  const address = new URL(store.url);
  [address.hostname, address.port] = ["127.0.0.1", String(proxy.port)];
  const backend: QueueBackend = createQueueBackend({
    redisUrl: undefined,
    databaseUrl: address.href,
    prefix: "silent",
    patienceMs: 300,
    onError: () => undefined,
  });
  await backend.prepare();
  queue = backend.openQueue();
});
afterAll(async () => {
  await queue.close();
  await proxy.close();
  await store.drop();
});

test("adding a job fails after a while, also when all connections wait, and works again afterwards", async () => {
  const job = (): ReturnType<typeof jobOf> => jobOf([writeCommand()]);
  await queue.addBulk([job()]);
  proxy.silence(true);
  // More than the pool has connections.
  const added = await Promise.allSettled(Array.from({ length: 12 }, () => queue.addBulk([job()])));

  expect(new Set(added.map(({ status }) => status))).toEqual(new Set(["rejected"]));
  proxy.silence(false);
  await expect(queue.addBulk([job()])).resolves.toHaveLength(1);
});
