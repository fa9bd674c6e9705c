/** What must be true of the stores before a part of the service starts: schema known, secret the right one. */
import { ROLES, type Config } from "./platform/config.ts";
import { fingerprint } from "./platform/secrets.ts";
import { createQueueBackend } from "./queue/queues.ts";
import { type Database, type DatabasePool, openDatabase } from "./store/database.ts";
import { checkSecret } from "./store/installation.ts";
import { keepFence, readFence } from "./store/row-security.ts";
import { migrateUp, pendingMigrations, unknownMigrations } from "./store/migrations.ts";

/**
 * The process that runs all roles migrates; one that runs some of them refuses to start on a schema it does not know.
 * @throws {Error} when migrations are missing, or ROLLCALL_SECRET is not the one that tokens were hashed under
 */
export async function prepareStores(config: Config): Promise<void> {
  await assertNotNewer(config.DATABASE_URL);
  if (config.ROLES.size === ROLES.length) await migrate(config);
  else await assertMigrated(config.DATABASE_URL);
  const db = openForStart(config);
  try {
    if (config.ROLES.size === ROLES.length) await keepFence(db);
    await assertWithin(db, config);
    await checkSecret(db, fingerprint(config.ROLLCALL_SECRET));
  } finally {
    await db.close();
  }
}

/** @throws {Error} while it cannot be reached, or lets nobody in */
export async function reachPostgres(config: Config): Promise<void> {
  const db = openForStart(config);
  try {
    await db.query("SELECT 1");
  } finally {
    await db.close();
  }
}

function openForStart(config: Config): DatabasePool {
  return openDatabase({
    url: config.DATABASE_URL,
    poolMax: 1,
    applicationName: "rollcall-start",
    isFenced: config.ROW_LEVEL_SECURITY,
    // The query that needs the connection reports the same error.
    onConnectionError: () => undefined,
  });
}

/** Otherwise every statement would fail, one by one. */
async function assertWithin(db: Database, { ROW_LEVEL_SECURITY: isFenced }: Config): Promise<void> {
  const { isRaised, isPassedBy } = await readFence(db);
  if (isRaised && !isPassedBy && !isFenced)
    throw new Error("the database has row-level security on for this role: set ROW_LEVEL_SECURITY=true");
}

async function migrate(config: Config): Promise<void> {
  await migrateUp(config.DATABASE_URL);
  await createQueueBackend({
    redisUrl: config.REDIS_URL,
    databaseUrl: config.DATABASE_URL,
    prefix: config.QUEUE_PREFIX,
    onError: (error) => {
      throw error;
    },
  }).prepare();
}

async function assertMigrated(databaseUrl: string): Promise<void> {
  const pending = await pendingMigrations(databaseUrl);
  if (pending.length === 0) return;
  throw new Error(`the database lacks ${pending.join(", ")}; run "bin/rollcall migrate" first`);
}

/** A process that runs already goes on; one that starts must not write what a newer schema no longer expects. */
async function assertNotNewer(databaseUrl: string): Promise<void> {
  const unknown = await unknownMigrations(databaseUrl);
  if (unknown.length === 0) return;
  throw new Error(
    `the database was migrated by a newer Rollcall (${unknown.join(", ")}), which this version does not know; start that version, or a later one`,
  );
}
