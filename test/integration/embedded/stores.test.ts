/** The stores a Rollcall brings up for itself: durable, private, one at a time, and taken over after a crash. */
import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import pg from "pg";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findRedis } from "../../../src/embedded/redis.ts";
import { readSecret, readState, startStores, type Stores, writeState } from "../../../src/embedded/stores.ts";
import { createLogger } from "../../../src/platform/logger.ts";

const ROOT = join(import.meta.dirname, "../../..");
const GIVEN_URL = "postgres://db.example.com/rollcall";
const GIVEN_SECRET = "a secret that was given, and is long enough";
const logger = createLogger({ service: "embedded-test", level: "silent" });

let base: string;
let dataDir: string;
const cleanUps: (() => unknown)[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "rollcall-embedded-"));
  // Where root runs the tests, Postgres's account must get to the data directory.
  chmodSync(base, 0o711);
  dataDir = join(base, "data");
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  rmSync(base, { recursive: true, force: true });
});

async function start(more: Partial<Parameters<typeof startStores>[0]> = {}): Promise<Stores> {
  const stores = await startStores({ dataDir, queue: "postgres", logger, ...more });
  cleanUps.push(() => stores.stop());
  return stores;
}

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Starts stores in a process of its own, and kills that, which leaves its servers behind. @returns its database */
async function startAndDie(queue: string): Promise<string> {
  const program = `
    import { startStores } from "./src/embedded/stores.ts";
    import { createLogger } from "./src/platform/logger.ts";
    const logger = createLogger({ service: "doomed", level: "silent" });
    const { databaseUrl } = await startStores({ dataDir: ${JSON.stringify(dataDir)}, queue: "${queue}", logger });
    console.log(databaseUrl);
    setInterval(() => undefined, 1000);`;
  const args = ["--import", "tsx", "--input-type=module", "--eval", program];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding("utf8").once("data", (text: string) => resolve(text.trim()));
    child.once("exit", () => reject(new Error("the process ended before its stores were up")));
  });
  child.kill("SIGKILL");
  await exited;
  return url;
}

test("data and secret survive a restart, and nothing runs in between", async () => {
  const first = await start();
  await query(first.databaseUrl, "CREATE TABLE kept AS SELECT 42 AS answer");
  await first.stop();
  await expect(query(first.databaseUrl, "SELECT 1")).rejects.toThrow();

  const second = await start();

  expect(await query(second.databaseUrl, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  expect(second.secret).toBe(first.secret);
  expect(second.secret).toMatch(/^[\w-]{64}$/);
  expect(readSecret(dataDir)).toBe(first.secret);
  expect(first.redisUrl).toBeUndefined();
});

test("the state tells where the stores are while they run, and nothing afterwards", async () => {
  const stores = await start({ secret: GIVEN_SECRET });
  const { databaseUrl } = stores;
  writeState(dataDir, { apiUrl: "http://127.0.0.1:8080" });

  const state = readState(dataDir);
  await stores.stop();

  expect(state).toMatchObject({ databaseUrl, pid: process.pid, apiUrl: "http://127.0.0.1:8080" });
  expect(readState(dataDir)).toBeUndefined();
  expect(readSecret(dataDir)).toBeUndefined();
});

test("no file is open to others", async () => {
  await start();

  const names = readdirSync(dataDir, { recursive: true, encoding: "utf8" });
  const open = names.filter((name) => {
    const stats = statSync(join(dataDir, name), { throwIfNoEntry: false });
    return stats?.isFile() === true && (stats.mode & 0o077) !== 0;
  });

  expect(names).toEqual(expect.arrayContaining(["secret", "state.json", "lock", "postgres/password"]));
  expect(open).toEqual([]);
  expect(statSync(dataDir).mode & 0o066).toBe(0);
});

test("a second Rollcall on the same data directory is told which process has it", async () => {
  const { databaseUrl } = await start();

  await expect(start()).rejects.toThrow(`another Rollcall (process ${process.pid}) runs on ${dataDir}`);

  expect(await query(databaseUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a lock and a postmaster.pid whose process is another one by now are no obstacle", async () => {
  const first = await start();
  await first.stop();
  // Both name a process that lives, as after a restart of a container, where pids are dealt anew.
  writeFileSync(join(dataDir, "lock"), JSON.stringify({ pid: process.pid, identity: "start 0" }));
  const pidFile = [process.pid, join(dataDir, "postgres/data"), 0, 1, "", "127.0.0.1"].join("\n");
  writeFileSync(join(dataDir, "postgres/data/postmaster.pid"), pidFile);

  const second = await start();

  expect(await query(second.databaseUrl, "SELECT 1 AS one")).toEqual([{ one: 1 }]);
});

test("a Postgres that outlived its killed process is taken over, and stopped in the end", async () => {
  const orphan = await startAndDie("postgres");
  await query(orphan, "CREATE TABLE kept AS SELECT 42 AS answer");
  expect(readState(dataDir)).toBeUndefined();

  const stores = await start();
  const { databaseUrl } = stores;

  expect(databaseUrl).toBe(orphan);
  expect(await query(databaseUrl, "SELECT answer FROM kept")).toEqual([{ answer: 42 }]);
  await stores.stop();
  await expect(query(databaseUrl, "SELECT 1")).rejects.toThrow();
});

test("what is given is used as it is, and leaves no trace in the data directory", async () => {
  const given = { databaseUrl: GIVEN_URL, redisUrl: "redis://queue.example.com", secret: GIVEN_SECRET };

  const all = await start(given);
  writeState(dataDir, { apiUrl: "http://127.0.0.1:8080" });
  const withoutRedis = await start({ ...given, redisUrl: "", queue: undefined });

  expect(all).toMatchObject(given);
  expect(withoutRedis).toMatchObject({ databaseUrl: GIVEN_URL, redisUrl: undefined });
  expect(existsSync(dataDir)).toBe(false);
});

test("a queue that cannot be had is refused before anything starts", async () => {
  const path = process.env["PATH"];
  cleanUps.push(() => (process.env["PATH"] = path));

  await expect(start({ queue: "kafka" })).rejects.toThrow('must be redis or postgres, and is "kafka"');
  process.env["PATH"] = base;
  await expect(start({ queue: "redis" })).rejects.toThrow("no redis-server or valkey-server is on the PATH");

  expect(existsSync(join(dataDir, "postgres"))).toBe(false);
  expect(existsSync(join(dataDir, "lock"))).toBe(false);
});

describe.skipIf(findRedis() === undefined)("with Redis", () => {
  async function withRedis<Result>(url: string | undefined, work: (redis: Redis) => Promise<Result>) {
    const redis = new Redis(url ?? "", { lazyConnect: true, retryStrategy: () => null });
    redis.on("error", () => undefined);
    try {
      return await work(redis);
    } finally {
      redis.disconnect();
    }
  }

  test("it is durable, evicts nothing, and wants its password", async () => {
    const first = await start({ queue: undefined });
    await withRedis(first.redisUrl, (redis) => redis.set("kept", "42"));
    await first.stop();

    const second = await start({ queue: "redis" });
    const { redisUrl = "" } = second;

    expect(await withRedis(redisUrl, (redis) => redis.get("kept"))).toBe("42");
    expect(await withRedis(redisUrl, (redis) => redis.config("GET", "maxmemory-policy"))).toContain(
      "noeviction",
    );
    await expect(
      withRedis(redisUrl.replace(/:[^:@]+@/, ""), async (redis) => redis.get("kept")),
    ).rejects.toThrow();
  });

  test("one that outlived its killed process is taken over", async () => {
    await startAndDie("redis");

    const stores = await start({ queue: "redis" });
    const { redisUrl } = stores;

    expect(await withRedis(redisUrl, (redis) => redis.ping())).toBe("PONG");
    await stores.stop();
    await expect(withRedis(redisUrl, (redis) => redis.ping())).rejects.toThrow();
  });
});
