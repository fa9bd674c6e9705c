/**
 * A Postgres with its pg_dump: the embedded one comes without, and only tools of the server's version or later will do.
 * Debian's package postgresql has both.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunningServer } from "../../src/embedded/postgres.ts";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { createLogger } from "../../src/platform/logger.ts";

const FOLDER = "/usr/lib/postgresql";
const PROGRAMS = ["initdb", "postgres", "pg_dump", "pg_restore"];

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
  console.warn("\n!!! NO PG_DUMP: backup and restore are NOT tested; install the package postgresql !!!\n");
  return false;
}

export interface DebianPostgres {
  /** Address of a database on it. */
  urlOf(database: string): string;
  stop(): Promise<void>;
}

export async function startDebianPostgres(settings: Record<string, string> = {}): Promise<DebianPostgres> {
  const folder = findFolder() ?? "";
  const dataDir = mkdtempSync(join(tmpdir(), "rollcall-debian-"));
  chmodSync(dataDir, 0o711); // As root, Postgres runs as another account, which must be able to pass.
  let server: RunningServer;
  try {
    server = await startPostgres({
      dataDir,
      logger: createLogger({ service: "test", level: "warn" }),
      settings: { fsync: "off", synchronous_commit: "off", full_page_writes: "off", ...settings },
      binaries: { initdb: join(folder, "initdb"), postgres: join(folder, "postgres") },
    });
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  return {
    urlOf(database) {
      const url = new URL(server.url);
      url.pathname = `/${database}`;
      return url.href;
    },
    async stop() {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
