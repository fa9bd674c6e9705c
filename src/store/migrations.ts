/**
 * Brings the schema up to date: plain SQL files, run by knex, which keeps the book of what has run and a lock so
 * that two processes starting at once do not collide. A file's bare name is recorded, so a build changes nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import knex, { type Knex } from "knex";

const MIGRATIONS_FOLDER = join(import.meta.dirname, "../../migrations");
// In dist the compiled file lies one folder deeper than in src.
const BUILT_MIGRATIONS_FOLDER = join(import.meta.dirname, "../../../migrations");
const TABLE = "rollcall_migrations";
// First line of a file whose statements, such as CREATE INDEX CONCURRENTLY, may not run in a transaction: each is sent
// alone, and they are apart by an empty line. Whoever writes one sees to it that it can begin again halfway.
const NO_TRANSACTION = "-- no-transaction";

// Whoever waits for a table makes all others wait behind: a migration gives up before they would notice, and comes again.
const LOCK_TIMEOUT_MS = 2_000;
const LOCK_ATTEMPTS = 60;
const LOCK_PAUSE_MS = 2_000;
const LOCK_NOT_AVAILABLE = "55P03";

export interface MigrateOptions {
  /** Where the files are; those of this version without it. */
  readonly folder?: string;
  readonly lockTimeoutMs?: number;
  readonly lockPauseMs?: number;
}

/**
 * @returns the names of the migrations that were applied, oldest first
 * @throws {Error} when a table stays locked for minutes; what was applied until then stays
 */
export async function migrateUp(
  databaseUrl: string,
  { lockPauseMs = LOCK_PAUSE_MS, ...options }: MigrateOptions = {},
): Promise<readonly string[]> {
  const names: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const before = new Set(await pendingMigrations(databaseUrl, options));
    try {
      await withKnex(databaseUrl, (db) => db.migrate.latest() as Promise<unknown>, options);
      return [...names, ...before];
    } catch (error) {
      if ((error as { readonly code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      // Each migration is a transaction of its own: those before the one that had to wait are done.
      const left = new Set(await pendingMigrations(databaseUrl, options));
      names.push(...[...before].filter((name) => !left.has(name)));
      if (attempt === LOCK_ATTEMPTS) throw staysLocked([...left][0], error);
      await sleep(lockPauseMs);
    }
  }
}

function staysLocked(name: string | undefined, cause: unknown): Error {
  const advice =
    "end what has been open for long (pg_stat_activity, state and xact_start), then migrate again";
  return new Error(`${name ?? "a migration"} waits for a table that others hold: ${advice}`, { cause });
}

/** Undoes the newest batch of migrations. @returns their names */
export async function migrateDown(databaseUrl: string): Promise<readonly string[]> {
  return withKnex(databaseUrl, async (db) => {
    const [, names] = (await db.migrate.rollback()) as [number, string[]];
    return names;
  });
}

/** @returns names of the migrations that have not run yet */
export async function pendingMigrations(
  databaseUrl: string,
  options: MigrateOptions = {},
): Promise<readonly string[]> {
  return withKnex(
    databaseUrl,
    async (db) => {
      const [, pending] = (await db.migrate.list()) as [unknown, string[]];
      return pending;
    },
    options,
  );
}

/** @returns names of all migrations of this version, oldest first */
export function knownMigrations(): Promise<readonly string[]> {
  return new SqlFiles().getMigrations();
}

/** @returns names of the migrations that have run here, of which this version knows nothing: those of a newer one */
export async function unknownMigrations(databaseUrl: string): Promise<readonly string[]> {
  return withKnex(databaseUrl, async (db) => {
    // knex's own list ends in "the migration directory is corrupt" where a file is missing.
    if (!(await db.schema.hasTable(TABLE))) return [];
    const completed = await db<{ name: string }>(TABLE).select("name").orderBy("id");
    const known = new Set(await new SqlFiles().getMigrations());
    return completed.map(({ name }) => name).filter((name) => !known.has(name));
  });
}

async function withKnex<Result>(
  databaseUrl: string,
  work: (db: Knex) => Promise<Result>,
  { folder, lockTimeoutMs = LOCK_TIMEOUT_MS }: MigrateOptions = {},
): Promise<Result> {
  const db = knex({
    client: "pg",
    // The types of knex do not know the setting.
    connection: { connectionString: databaseUrl, ...({ lock_timeout: lockTimeoutMs } as object) },
    pool: { min: 0, max: 2 },
    migrations: { migrationSource: new SqlFiles(folder), tableName: TABLE },
    // It tells of a failure on the console; we throw it.
    log: { warn: () => undefined, error: () => undefined },
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

class SqlFiles implements Knex.MigrationSource<string> {
  readonly #folder: string;

  constructor(folder?: string) {
    const ours = [MIGRATIONS_FOLDER, BUILT_MIGRATIONS_FOLDER].find(isMigrationsFolder);
    this.#folder = folder ?? ours ?? MIGRATIONS_FOLDER;
  }

  getMigrations(): Promise<string[]> {
    const names = readdirSync(this.#folder)
      .filter((file) => file.endsWith(".up.sql"))
      .map((file) => file.slice(0, -".up.sql".length));
    return Promise.resolve(names.sort());
  }

  getMigrationName(name: string): string {
    return name;
  }

  getMigration(name: string): Promise<Knex.Migration> {
    const up = this.#read(`${name}.up.sql`);
    const down = this.#read(`${name}.down.sql`);
    return Promise.resolve({
      up: (db) => run(db, up),
      down: (db) => run(db, down),
      config: { transaction: !up.startsWith(NO_TRANSACTION) },
    });
  }

  #read(file: string): string {
    return readFileSync(join(this.#folder, file), "utf8");
  }
}

function isMigrationsFolder(folder: string): boolean {
  try {
    return readdirSync(folder).some((file) => file.endsWith(".up.sql"));
  } catch {
    return false;
  }
}

/** knex takes a bare `?` for a binding, so it is escaped: a file's text reaches Postgres as it stands. */
async function run(db: Knex, sql: string): Promise<void> {
  const send = (statement: string): Knex.Raw => db.raw(statement.replaceAll("?", "\\?"));
  const isLoose = sql.startsWith(NO_TRANSACTION);
  const statements = isLoose ? sql.split(/;\n\n/) : [sql];
  for (const statement of statements) {
    if (isLoose && statement.includes("CONCURRENTLY")) await runPatiently(db, send(statement));
    else await send(statement);
  }
}

/** What is done beside everybody else waits for their transactions without being in their way: it may take its time. */
async function runPatiently(db: Knex, statement: Knex.Raw): Promise<void> {
  const client = db.client as Pick<Knex.Client, "acquireConnection" | "releaseConnection">;
  const connection: unknown = await client.acquireConnection();
  try {
    await db.raw("SET lock_timeout = 0").connection(connection);
    await statement.connection(connection);
  } finally {
    await db.raw("RESET lock_timeout").connection(connection);
    await client.releaseConnection(connection);
  }
}
