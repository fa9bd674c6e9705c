/** An api whose workers a test starts and stops, so that it sees order and loss, and not speed. */
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import { createService } from "../../src/service.ts";
import { queueBackend } from "./queues.ts";
import { addTenant, testEnv, type TestTenant, waitFor } from "./service.ts";
import { createTestDatabase, openTestQueue, type QueueKind, type TestDatabase } from "./stores.ts";

type Stop = () => Promise<void>;

export interface Apart {
  readonly store: TestDatabase;
  readonly env: ReturnType<typeof testEnv>;
  readonly apiUrl: string;
  readonly metricsUrl: string;
  readonly addTenant: () => Promise<TestTenant>;
  /** @returns how to stop it, letting its jobs end */
  readonly startWorker: () => Promise<Stop>;
  /** As if Redis had lost all it held. */
  readonly wipeQueue: () => Promise<void>;
  /** Waits until the gauge has this value. @param name - without `rollcall_` */
  readonly gauge: (name: string, value: number) => Promise<void>;
}

/** @param cleanUps - what the test undoes, last first */
export async function startApart(
  kind: QueueKind,
  env: Readonly<Record<string, string>>,
  cleanUps: Stop[],
): Promise<Apart> {
  const store = await createTestDatabase();
  cleanUps.push(() => store.drop());
  const queue = openTestQueue(kind);
  const base = testEnv(store.url, queue, env);
  await prepareStores(parseConfig(base));

  async function start(roles: string) {
    const config = parseConfig({ ...base, ROLES: roles });
    const service = createService(config, createLogger({ service: "test", level: "silent" }), "0");
    await service.start();
    cleanUps.push(() => service.stop());
    return service;
  }

  const { api: apiUrl = "", metrics } = (await start("api")).addresses();
  return {
    store,
    env: base,
    apiUrl,
    metricsUrl: metrics,
    addTenant: () => addTenant(store, apiUrl),
    startWorker: async () => {
      const worker = await start("worker");
      return () => worker.stop();
    },
    wipeQueue: async () => {
      const opened = queueBackend({ ...queue, databaseUrl: store.url }).openQueue();
      await opened.obliterate({ force: true });
      await opened.close();
    },
    gauge: (name, value) =>
      waitFor(async () => {
        const text = await (await fetch(`${metrics}/metrics`)).text();
        return Number(new RegExp(`^rollcall_${name} (\\S+)$`, "m").exec(text)?.[1]) === value;
      }),
  };
}
