/** A service whose console reads from a streaming replica, and what a test does to that replica. */
import pg from "pg";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import { createService, type Service } from "../../src/service.ts";
import { type Proxy, startProxy } from "../../tools/soak/proxy.ts";
import { type DebianPostgres, type DebianReplica, startDebianPostgres } from "./debian-postgres.ts";
import { testEnv, waitFor } from "./service.ts";
import { openTestQueue, queueBackends } from "./stores.ts";

const DATABASE = "living";

export interface Replicated {
  readonly primaryUrl: string;
  /** Of the replica, whichever port it is on at the moment. */
  readonly readUrl: string;
  /** In front of the replica. */
  readonly proxy: Proxy;
  readonly queue: ReturnType<typeof openTestQueue>;
  /** Starts a service on both, all of its settings but these the tests' own. */
  start(env?: Readonly<Record<string, string>>): Promise<Service>;
  /** The replica shows nothing new until `resume`. */
  pause(): Promise<void>;
  /** Resolves once it has replayed all that was committed by now. */
  resume(): Promise<void>;
  stopReplica(): Promise<void>;
  startReplica(): Promise<void>;
  query<Row extends object>(server: "primary" | "replica", text: string, values?: unknown[]): Promise<Row[]>;
  stop(): Promise<void>;
}

export async function startReplicated(): Promise<Replicated> {
  // As installations have it: what was answered is in the log that is sent.
  const primary = await startDebianPostgres({ synchronous_commit: "on" });
  const stops: (() => Promise<void>)[] = [() => primary.stop()];
  try {
    await ask(primary.urlOf("postgres"), `CREATE DATABASE ${DATABASE}`);
    const replica = await primary.addReplica();
    stops.unshift(() => replica.remove());
    await replica.start();
    const proxy = await startProxy(portOf(replica));
    stops.unshift(() => proxy.close());
    return replicated({ primary, replica, proxy, stops });
  } catch (error) {
    for (const stop of stops) await stop();
    throw error;
  }
}

interface Parts {
  readonly primary: DebianPostgres;
  readonly replica: DebianReplica;
  readonly proxy: Proxy;
  /** Newest first. */
  readonly stops: (() => Promise<void>)[];
}

function replicated({ primary, replica, proxy, stops }: Parts): Replicated {
  const queue = openTestQueue(queueBackends()[0] ?? "postgres");
  const primaryUrl = primary.urlOf(DATABASE);
  const readUrl = new URL(primaryUrl);
  readUrl.port = String(proxy.port);
  const query = <Row extends object>(server: "primary" | "replica", text: string, values: unknown[] = []) =>
    ask<Row>((server === "primary" ? primary : replica).urlOf(DATABASE), text, values);

  return {
    ...{ primaryUrl, proxy, queue, query },
    readUrl: readUrl.href,
    async start(env = {}) {
      const urls = { DATABASE_READ_URL: readUrl.href, DATABASE_READ_MAX_LAG_SECONDS: "3600" };
      const config = parseConfig(testEnv(primaryUrl, queue, { ...urls, ...env }));
      await prepareStores(config);
      const service = createService(config, createLogger({ service: "test", level: "silent" }), "0.0.0");
      stops.unshift(() => service.stop());
      await service.start();
      return service;
    },
    async pause() {
      await query("replica", "SELECT pg_wal_replay_pause()");
      await waitFor(async () => {
        const [found] = await query<{ state: string }>(
          "replica",
          "SELECT pg_get_wal_replay_pause_state() AS state",
        );
        return found?.state === "paused";
      });
    },
    async resume() {
      const [now] = await query<{ position: string }>(
        "primary",
        "SELECT pg_current_wal_insert_lsn()::text AS position",
      );
      await query("replica", "SELECT pg_wal_replay_resume()");
      await waitFor(async () => {
        const [found] = await query<{ isThere: boolean }>(
          "replica",
          `SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS "isThere"`,
          [now?.position],
        );
        return found?.isThere === true;
      });
    },
    async stopReplica() {
      await replica.stop();
      proxy.cut();
    },
    async startReplica() {
      await replica.start();
      proxy.aim(portOf(replica));
    },
    async stop() {
      for (const stop of stops) await stop();
    },
  };
}

function portOf(replica: DebianReplica): number {
  return Number(new URL(replica.urlOf(DATABASE)).port);
}

async function ask<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, values)).rows;
  } finally {
    await client.end();
  }
}
