/** A database and a queue of their own for each test file, on the stores that the run's setup started. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { QueueBackend } from "../../src/queue/queues.ts";
import { type DatabasePool, openDatabase } from "../../src/store/database.ts";

export type QueueKind = QueueBackend["kind"];

export interface TestDatabase {
  readonly url: string;
  readonly database: DatabasePool;
  /** Closes the pool and removes the database, whoever may still be connected. */
  drop(): Promise<void>;
}

export interface TestQueue {
  /** Undefined when the queue lives in Postgres. */
  readonly redisUrl: string | undefined;
  readonly prefix: string;
}

/** Migrated once per run; every test database is a copy of it. */
export const TEMPLATE_DATABASE = "rollcall_template";

const POOL_MAX = 8;
const COPY_ATTEMPTS = 200;
const COPY_RETRY_MS = 50;
// object_in_use: another file is copying the template at this moment.
const IN_USE = "55006";

export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `test_${uniqueSuffix()}`;
  await copyTemplate(name);
  return openTestDatabase(name);
}

/** Without a schema: for what brings its own. */
export async function createEmptyDatabase(): Promise<TestDatabase> {
  const name = `test_${uniqueSuffix()}`;
  await administer(`CREATE DATABASE ${name}`);
  return openTestDatabase(name);
}

function openTestDatabase(name: string): TestDatabase {
  const url = databaseUrlOf(name);
  const database = openDatabase({
    url,
    poolMax: POOL_MAX,
    applicationName: "rollcall-test",
    // Tests cut connections on purpose; whoever used one hears of it by the query that failed.
    onConnectionError: () => undefined,
  });
  return {
    url,
    database,
    async drop() {
      await database.close();
      await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** A queue that no other test has. */
export function openTestQueue(kind: QueueKind): TestQueue {
  const redisUrl = kind === "redis" ? required("TEST_REDIS_URL") : undefined;
  return { redisUrl, prefix: `test_${uniqueSuffix()}` };
}

/** The queue backends this machine can test; the run's setup says so loudly when Redis is not one. */
export function queueBackends(): QueueKind[] {
  return (process.env["TEST_REDIS_URL"] ?? "") === "" ? ["postgres"] : ["redis", "postgres"];
}

/** Address of another database on the server under test. */
export function databaseUrlOf(name: string): string {
  const url = new URL(required("TEST_DATABASE_URL"));
  url.pathname = `/${name}`;
  return url.href;
}

async function copyTemplate(name: string, attempt = 1): Promise<void> {
  try {
    await administer(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`);
  } catch (error) {
    const isBusy = error instanceof pg.DatabaseError && error.code === IN_USE;
    if (!isBusy || attempt >= COPY_ATTEMPTS) throw error;
    await sleep(COPY_RETRY_MS);
    await copyTemplate(name, attempt + 1);
  }
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: required("TEST_DATABASE_URL") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function uniqueSuffix(): string {
  return randomBytes(8).toString("hex");
}

function required(name: string): string {
  const value = process.env[name] ?? "";
  if (value === "") throw new Error(`${name} is not set: this test needs the setup of its vitest project`);
  return value;
}
