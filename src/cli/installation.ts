/**
 * Finds the installation a command is about: the one the environment names, else the one that runs here on embedded
 * stores, else the embedded stores themselves, brought up for as long as the command takes.
 */
import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { readSecret, readState, startStores } from "../embedded/stores.ts";
import { type Config, parseConfig } from "../platform/config.ts";
import { createLogger } from "../platform/logger.ts";
import { fingerprint } from "../platform/secrets.ts";
import { createQueueBackend } from "../queue/queues.ts";
import { type DatabasePool, openDatabase } from "../store/database.ts";
import { checkSecret } from "../store/installation.ts";
import { keepFence } from "../store/row-security.ts";
import { migrateUp, pendingMigrations } from "../store/migrations.ts";
import { CommandError, type Env, reason } from "./command.ts";

export interface Installation {
  /** Its secret is worth nothing where `secret` is undefined. */
  readonly config: Config;
  /** Undefined where neither the environment nor the data directory knows it; only tokens need it. */
  readonly secret: string | undefined;
  /** Origin of the api, where it is known to run. */
  readonly apiUrl: string | undefined;
  /** What an identity provider is given. */
  readonly tenantUrl: string;
}

interface Stores {
  readonly databaseUrl?: string | undefined;
  readonly redisUrl?: string | undefined;
  readonly secret?: string | undefined;
  readonly apiUrl?: string | undefined;
}

/** Nothing needs closing after `work`: stores that were started for it are stopped. */
export async function withInstallation<Result>(
  env: Env,
  work: (installation: Installation) => Promise<Result>,
): Promise<Result> {
  const dataDir = resolve(env["ROLLCALL_DATA_DIR"] || ".rollcall");
  const running = findRunning(env, dataDir);
  if (isGiven(env, "DATABASE_URL") || running.databaseUrl !== undefined)
    return work(installationOf(env, { secret: readSecret(dataDir), ...running }));
  const stores = await startStores({
    dataDir,
    databaseUrl: undefined,
    redisUrl: env["REDIS_URL"],
    queue: env["ROLLCALL_EMBEDDED_QUEUE"],
    secret: env["ROLLCALL_SECRET"],
    // stdout is the command's result.
    logger: createLogger({ service: "stores", level: env["LOG_LEVEL"] || "warn" }, process.stderr),
  });
  try {
    const installation = installationOf(env, stores);
    // bin/start would do the same, and nobody else runs on these stores.
    await migrate(installation.config);
    return await work(installation);
  } finally {
    await stores.stop();
  }
}

/** A pool for one command. @throws {CommandError} when the schema is not the one this version knows */
export async function withDatabase<Result>(
  { config }: Installation,
  work: (db: DatabasePool) => Promise<Result>,
): Promise<Result> {
  const db = openCommandDatabase(config);
  try {
    await assertReachable(db);
    const pending = await pendingMigrations(config.DATABASE_URL);
    if (pending.length > 0)
      throw new CommandError(`the database lacks ${pending.join(", ")}; run "bin/rollcall migrate" first`);
    return await work(db);
  } finally {
    await db.close();
  }
}

/** The frame of most commands: work on the database of the installation. */
export function onDatabase<Result>(
  { env }: { readonly env: Env },
  work: (db: DatabasePool, installation: Installation) => Promise<Result>,
): Promise<Result> {
  return withInstallation(env, (installation) => withDatabase(installation, (db) => work(db, installation)));
}

export function openCommandDatabase(
  config: Pick<Config, "DATABASE_URL" | "ROW_LEVEL_SECURITY">,
): DatabasePool {
  const { DATABASE_URL: url, ROW_LEVEL_SECURITY: isFenced } = config;
  const onConnectionError = (): void => undefined; // The query that needs the connection reports the same error.
  return openDatabase({ url, poolMax: 2, applicationName: "rollcall-cli", isFenced, onConnectionError });
}

/** @throws {CommandError} when there is no secret, or when tokens made under it would not be accepted */
export async function requireSecret(installation: Installation, db: DatabasePool): Promise<string> {
  const { secret } = installation;
  if (secret === undefined)
    throw new CommandError(
      "ROLLCALL_SECRET is not set; tokens are hashed under it, so give the service's own",
    );
  await checkSecret(db, fingerprint(secret)).catch((error: unknown) => {
    throw new CommandError(reason(error), { cause: error });
  });
  return secret;
}

/** Our schema, and the queue's where it lives in Postgres. @returns the migrations that were applied */
export async function migrate(config: Config): Promise<readonly string[]> {
  const db = openCommandDatabase(config);
  const applied = await assertReachable(db)
    .then(() => migrateUp(config.DATABASE_URL))
    .then((names) => keepFence(db).then(() => names))
    .finally(() => db.close());
  const failed: Error[] = [];
  await createQueueBackend({
    redisUrl: config.REDIS_URL,
    databaseUrl: config.DATABASE_URL,
    prefix: config.QUEUE_PREFIX,
    onError: (error) => failed.push(error),
  }).prepare();
  if (failed[0] !== undefined) throw failed[0];
  return applied;
}

/** Asked first, because knex puts a stack trace on the screen when nobody answers. */
export async function assertReachable(db: DatabasePool): Promise<void> {
  try {
    const client = await db.connect();
    await client.end();
  } catch (error) {
    throw new CommandError(`Postgres does not answer: ${reason(error)}`, { cause: error });
  }
}

/** What runs on this data directory, unless the environment names another database. */
function findRunning(env: Env, dataDir: string): Stores {
  const state = readState(dataDir);
  if (state === undefined) return {};
  const isOther = isGiven(env, "DATABASE_URL") && env["DATABASE_URL"] !== state.databaseUrl;
  return isOther ? {} : state;
}

function installationOf(env: Env, stores: Stores): Installation {
  const config = parseConfig({
    ...env,
    DATABASE_URL: env["DATABASE_URL"] || stores.databaseUrl,
    REDIS_URL: env["REDIS_URL"] || stores.redisUrl,
    // Most commands do without the secret; the configuration as a whole does not.
    ROLLCALL_SECRET: env["ROLLCALL_SECRET"] || stores.secret || randomBytes(32).toString("hex"),
  });
  const hasSecret = isGiven(env, "ROLLCALL_SECRET") || stores.secret !== undefined;
  const apiUrl = (config.PUBLIC_URL ?? stores.apiUrl)?.replace(/\/+$/, "");
  return {
    config,
    secret: hasSecret ? config.ROLLCALL_SECRET : undefined,
    apiUrl,
    tenantUrl: `${apiUrl ?? `http://127.0.0.1:${config.API_PORT}`}/scim/v2`,
  };
}

/** As itself, or as the path of a file. */
function isGiven(env: Env, name: string): boolean {
  return [env[name], env[`${name}_FILE`]].some((value) => value !== undefined && value !== "");
}
