/**
 * Brings the schema up to date: plain SQL files, run by knex, which keeps the book of what has run and a lock so
 * that two processes starting at once do not collide. A file's bare name is recorded, so a build changes nothing.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import knex, { type Knex } from "knex";

const MIGRATIONS_FOLDER = join(import.meta.dirname, "../../migrations");
// In dist the compiled file lies one folder deeper than in src.
const BUILT_MIGRATIONS_FOLDER = join(import.meta.dirname, "../../../migrations");
const TABLE = "rollcall_migrations";
// First line of a file whose statements, such as CREATE INDEX CONCURRENTLY, may not run in a transaction: each is sent
// alone, and they are apart by an empty line. Whoever writes one sees to it that it can begin again halfway.
const NO_TRANSACTION = "-- no-transaction";

/** @returns the names of the migrations that were applied, oldest first */
export async function migrateUp(databaseUrl: string): Promise<readonly string[]> {
  return withKnex(databaseUrl, async (db) => {
    const [, names] = (await db.migrate.latest()) as [number, string[]];
    return names;
  });
}

/** Undoes the newest batch of migrations. @returns their names */
export async function migrateDown(databaseUrl: string): Promise<readonly string[]> {
  return withKnex(databaseUrl, async (db) => {
    const [, names] = (await db.migrate.rollback()) as [number, string[]];
    return names;
  });
}

/** @returns names of the migrations that have not run yet */
export async function pendingMigrations(databaseUrl: string): Promise<readonly string[]> {
  return withKnex(databaseUrl, async (db) => {
    const [, pending] = (await db.migrate.list()) as [unknown, string[]];
    return pending;
  });
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

async function withKnex<Result>(databaseUrl: string, work: (db: Knex) => Promise<Result>): Promise<Result> {
  const db = knex({
    client: "pg",
    connection: databaseUrl,
    pool: { min: 0, max: 2 },
    migrations: { migrationSource: new SqlFiles(), tableName: TABLE },
  });
  try {
    return await work(db);
  } finally {
    await db.destroy();
  }
}

class SqlFiles implements Knex.MigrationSource<string> {
  readonly #folder =
    [MIGRATIONS_FOLDER, BUILT_MIGRATIONS_FOLDER].find(isMigrationsFolder) ?? MIGRATIONS_FOLDER;

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
  const statements = sql.startsWith(NO_TRANSACTION) ? sql.split(/;\n\n/) : [sql];
  for (const statement of statements) await db.raw(statement.replaceAll("?", "\\?"));
}
