/**
 * A Postgres with its pg_dump and pg_basebackup: the embedded one comes without, and only tools of the server's version
 * or later will do. Debian's package postgresql has them.
 */
import { execFile } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { openHome } from "../../src/embedded/accounts.ts";
import type { RunningServer } from "../../src/embedded/postgres.ts";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { createLogger } from "../../src/platform/logger.ts";

const FOLDER = "/usr/lib/postgresql";
const PROGRAMS = ["initdb", "postgres", "pg_dump", "pg_restore", "pg_basebackup"];

function findFolder(): string | undefined {
  const majors = existsSync(FOLDER) ? readdirSync(FOLDER).sort((one, two) => Number(two) - Number(one)) : [];
  return majors
    .map((major) => join(FOLDER, major, "bin"))
    .find((folder) => PROGRAMS.every((program) => existsSync(join(folder, program))));
}

/**
 * Whether this machine has it; where not, it is said in a line that nobody overlooks.
 * @throws {Error} on a CI run, which must not leave it out
 */
export function hasDebianPostgres(): boolean {
  if (findFolder() !== undefined) return true;
  if (process.env["CI"] === "true")
    throw new Error("no pg_dump on this machine, and a CI run drills a restore: install postgresql");
  console.warn(
    "\n!!! NO PG_DUMP: backups, restores and replicas are NOT tested; install the package postgresql !!!\n",
  );
  return false;
}

export interface DebianPostgres {
  /** Address of a database on it. */
  urlOf(database: string): string;
  /** Makes a streaming replica, which does not run yet. */
  addReplica(): Promise<DebianReplica>;
  stop(): Promise<void>;
}

/** Begins at a new address each time; what it had replayed before is still there. */
export interface DebianReplica {
  start(): Promise<void>;
  /** Address of a database on it while it runs. */
  urlOf(database: string): string;
  stop(): Promise<void>;
  remove(): Promise<void>;
}

type Settings = Readonly<Record<string, string>>;

const HASTY: Settings = { fsync: "off", synchronous_commit: "off", full_page_writes: "off" };

export async function startDebianPostgres(settings: Settings = {}): Promise<DebianPostgres> {
  const dataDir = makeDataDir("rollcall-debian-");
  let server: RunningServer;
  try {
    server = await startIn(dataDir, settings);
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  return {
    urlOf: (database) => withDatabase(server.url, database),
    addReplica: () => copyOf(server.url, dataDir, settings),
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function copyOf(primaryUrl: string, primaryDir: string, settings: Settings): Promise<DebianReplica> {
  const dataDir = makeDataDir("rollcall-replica-");
  const { path: home, account } = openHome(dataDir, "postgres");
  const password = join(home, "password");
  cpSync(join(openHome(primaryDir, "postgres").path, "password"), password);
  if (account) chownSync(password, account.uid, account.gid);
  const args = [`--dbname=${withDatabase(primaryUrl, "postgres")}`, `--pgdata=${join(home, "data")}`];
  args.push("--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync");
  await promisify(execFile)(program("pg_basebackup"), args, { cwd: home, env: { LC_ALL: "C" }, ...account });
  let server: RunningServer | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    server = undefined;
  };
  return {
    start: async () => void (server = await startIn(dataDir, settings)),
    urlOf(database) {
      if (server === undefined) throw new Error("the replica does not run");
      return withDatabase(server.url, database);
    },
    stop,
    async remove() {
      await stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

function makeDataDir(prefix: string): string {
  const dataDir = mkdtempSync(join(tmpdir(), prefix));
  chmodSync(dataDir, 0o711); // As root, Postgres runs as another account, which must be able to pass.
  return dataDir;
}

function startIn(dataDir: string, settings: Settings): Promise<RunningServer> {
  return startPostgres({
    dataDir,
    logger: createLogger({ service: "test", level: "warn" }),
    settings: { ...HASTY, ...settings },
    binaries: { initdb: program("initdb"), postgres: program("postgres") },
  });
}

function program(name: string): string {
  return join(findFolder() ?? "", name);
}

function withDatabase(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}
