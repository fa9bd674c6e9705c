/** What a measurement stands on: stores of its own, the service and the baseline on the same Postgres, and a load. */
import { fork } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { startStores } from "../../src/embedded/stores.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import { grantAppRole } from "../../src/store/app-role.ts";
import { type DatabasePool, openDatabase } from "../../src/store/database.ts";
import { letIndexesThrough, raiseFence } from "../../src/store/row-security.ts";
import { createTenant } from "../../src/store/tenants.ts";
import { addTenant, type ServiceProcess, spawnService, testEnv } from "../../test/support/service.ts";
import type { Target } from "./connection.ts";
import { parentOf } from "./cpu.ts";
import { type LoadGenerator, startLoadGenerator } from "./load-generator.ts";
import { NODE_ARGS } from "./node-args.ts";

export type QueueKind = "redis" | "postgres";

export interface Side {
  readonly name: "service" | "baseline";
  readonly target: Target;
  readonly tenantId: string;
  readonly database: DatabasePool;
  /** Of the processes that are this side, without stores. */
  readonly pids: readonly number[];
}

export interface Stand {
  readonly queue: QueueKind;
  readonly service: Side;
  readonly baseline: Side;
  readonly processes: readonly ServiceProcess[];
  readonly load: LoadGenerator;
  readonly databaseUrl: string;
  readonly postgresPid: number;
  /** Undefined when the queue lives in Postgres. */
  readonly redisPid: number | undefined;
  readonly redisUrl: string | undefined;
  /** Starts another process of the service, of these roles. */
  spawn(roles: string): Promise<ServiceProcess>;
  stop(): Promise<void>;
}

const TOKEN = "baseline";
const logger = createLogger({ service: "bench", level: "warn" });

/** @param roles - of the service's processes, one process each; "api,worker,dashboard" is the default of bin/start */
export async function openStand(queue: QueueKind, roles: readonly string[]): Promise<Stand> {
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const dataDir = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
    undo.push(() => rmSync(dataDir, { recursive: true, force: true }));
    const stores = await startStores({ dataDir, queue, logger });
    undo.push(() => stores.stop());
    const load = startLoadGenerator();
    undo.push(() => load.stop());
    const env = testEnv(stores.databaseUrl, { redisUrl: stores.redisUrl, prefix: "rollcall" }, SERVICE_ENV);
    const spawn = async (role: string): Promise<ServiceProcess> => {
      const started = await spawnService({ ...env, ...fence, ROLES: role }, [], NODE_ARGS);
      undo.push(() => started.stop());
      return started;
    };
    await prepareStores(parseConfig(env));
    const fence = IS_FENCED ? await fenceIn(stores.databaseUrl) : {};
    const processes = await Promise.all(roles.map(spawn));
    const service = await openService(stores.databaseUrl, processes);
    undo.push(() => service.database.close());
    const baseline = await openBaseline(stores.databaseUrl, undo);
    const postgresPid = await findPostgres(service.database);
    const redisPid = stores.redisUrl === undefined ? undefined : await findRedis(stores.redisUrl);
    return {
      queue,
      service,
      baseline,
      processes,
      load,
      databaseUrl: stores.databaseUrl,
      postgresPid,
      redisPid,
      redisUrl: stores.redisUrl,
      spawn,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const SERVICE_ENV = { LOG_LEVEL: "warn" };

// `BENCH_ROW_LEVEL_SECURITY=on`, with `--roles api+worker`: the service as a role that policies bind.
const IS_FENCED = process.env["BENCH_ROW_LEVEL_SECURITY"] === "on";

/** @returns what the service's processes need to know of it */
async function fenceIn(databaseUrl: string): Promise<Readonly<Record<string, string>>> {
  const database = open(databaseUrl);
  try {
    await database.query("CREATE ROLE fenced LOGIN PASSWORD 'fenced'");
    await grantAppRole(database, { role: "fenced", queueSchema: "rollcall_queue", queues: [] });
    await letIndexesThrough(database);
    await raiseFence(database);
  } finally {
    await database.close();
  }
  const url = new URL(databaseUrl);
  [url.username, url.password] = ["fenced", "fenced"];
  return { DATABASE_URL: url.href, ROW_LEVEL_SECURITY: "true" };
}

async function openService(databaseUrl: string, processes: readonly ServiceProcess[]): Promise<Side> {
  const database = open(databaseUrl);
  const url = processes.find(({ apiUrl }) => apiUrl !== "")?.apiUrl ?? "";
  const { tenantId, token } = await addTenant({ database }, url);
  const pids = processes.flatMap(({ child }) => child.pid ?? []);
  return { name: "service", target: { url: `${url}/scim/v2`, token }, tenantId, database, pids };
}

async function openBaseline(servicesUrl: string, undo: (() => unknown)[]): Promise<Side> {
  const databaseUrl = new URL(servicesUrl);
  databaseUrl.pathname = "/baseline";
  const administration = open(servicesUrl);
  await administration.query("CREATE DATABASE baseline");
  await administration.close();
  await prepareStores(
    parseConfig(testEnv(databaseUrl.href, { redisUrl: "redis://unused", prefix: "unused" })),
  );
  const database = open(databaseUrl.href);
  undo.push(() => database.close());
  const slug = `t-${randomUUID()}`;
  const tenantId = (await database.transaction((tx) => createTenant(tx, { slug, name: slug })))?.id ?? "";
  const child = fork(join(import.meta.dirname, "../baseline/server.ts"), {
    execArgv: ["--max-semi-space-size=32", "--import", "tsx"],
    env: {
      ...process.env,
      NODE_ENV: "production",
      DATABASE_URL: databaseUrl.href,
      TENANT_ID: tenantId,
      TOKEN,
    },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  undo.push(async () => {
    child.kill();
    await exited;
  });
  const { url } = await new Promise<{ url: string }>((resolve, reject) => {
    child.once("message", (message) => resolve(message as { url: string }));
    void exited.then(() => reject(new Error("the baseline ended at its start")));
  });
  const pids = child.pid === undefined ? [] : [child.pid];
  return { name: "baseline", target: { url, token: TOKEN }, tenantId, database, pids };
}

/** The postmaster: the parent of whoever answers. */
async function findPostgres(database: DatabasePool): Promise<number> {
  const rows = await database.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  return parentOf(rows[0]?.pid ?? 0);
}

async function findRedis(url: string): Promise<number> {
  const redis = new Redis(url);
  const pid = Number(/process_id:(\d+)/.exec(await redis.info("server"))?.[1]);
  redis.disconnect();
  return pid;
}

function open(url: string): DatabasePool {
  return openDatabase({
    url,
    poolMax: 2,
    applicationName: "rollcall-bench",
    onConnectionError: (error) => logger.warn({ err: error }, "a connection was lost"),
  });
}
