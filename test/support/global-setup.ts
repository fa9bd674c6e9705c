/**
 * The stores of a test run: one Postgres with a migrated template database, and one Redis where this machine has it,
 * in a directory that goes when the run ends. TEST_DATABASE_URL and TEST_REDIS_URL put others in their place.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { findRedis, startRedis } from "../../src/embedded/redis.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { migrateUp } from "../../src/store/migrations.ts";
import { databaseUrlOf, TEMPLATE_DATABASE } from "./stores.ts";

type Stop = () => Promise<void>;
type Undo = () => unknown;

// Projects load this file each on their own, so what they share must lie outside the module.
const shared = globalThis as typeof globalThis & { rollcallTestStores?: Promise<void> };

// Nothing of a test run has to survive a power cut; and every file has pools of its own.
const TEST_SETTINGS = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: "600",
};

/** @returns how to stop the stores, for the project that came first: vitest calls it after all of them */
export async function setup(): Promise<Stop | undefined> {
  if (shared.rollcallTestStores !== undefined) {
    await shared.rollcallTestStores;
    return undefined;
  }
  const undo: Undo[] = [];
  const stop: Stop = async () => {
    delete shared.rollcallTestStores;
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  shared.rollcallTestStores = startAll(undo);
  try {
    await shared.rollcallTestStores;
  } catch (error) {
    await stop();
    throw error;
  }
  return stop;
}

async function startAll(undo: Undo[]): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "rollcall-test-"));
  undo.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const logger = createLogger({ service: "test", level: "warn" });

  // Forked workers inherit the environment as it is when the first of them starts.
  const publish = (name: string, url: string): void => {
    process.env[name] = url;
    undo.push(() => Reflect.deleteProperty(process.env, name));
  };
  if (!isSet("TEST_REDIS_URL") && hasRedis()) {
    const redis = await startRedis({ dataDir, logger });
    undo.push(() => redis.stop());
    publish("TEST_REDIS_URL", redis.url);
  }
  if (!isSet("TEST_DATABASE_URL")) {
    const postgres = await startPostgres({ dataDir, logger, settings: TEST_SETTINGS });
    undo.push(() => postgres.stop());
    publish("TEST_DATABASE_URL", postgres.url);
  }
  await makeTemplate();
}

function hasRedis(): boolean {
  if (findRedis() !== undefined) return true;
  const advice = "install redis-server 7 or valkey-server 8, or set TEST_REDIS_URL";
  if (process.env["CI"] === "true") {
    throw new Error(`no Redis on this machine, and a CI run tests both queue backends: ${advice}`);
  }
  console.warn(`\n!!! NO REDIS: the queue on Redis is NOT tested in this run; ${advice} !!!\n`);
  return false;
}

async function makeTemplate(): Promise<void> {
  const client = new pg.Client({ connectionString: process.env["TEST_DATABASE_URL"] });
  await client.connect();
  try {
    await client.query(`DROP DATABASE IF EXISTS ${TEMPLATE_DATABASE} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  } finally {
    await client.end();
  }
  await migrateUp(databaseUrlOf(TEMPLATE_DATABASE));
}

function isSet(name: string): boolean {
  return (process.env[name] ?? "") !== "";
}
