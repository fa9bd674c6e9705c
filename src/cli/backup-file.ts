/** What a backup says of itself: it is a dump in pg_dump's custom format and nothing besides, so it says so by its rows. */
import { CommandError } from "./command.ts";
import type { PostgresTools } from "./postgres-tools.ts";

export interface BackupFacts {
  /** When the dump was begun, as pg_dump noted it. */
  readonly takenAt: string;
  /** Major version of the server it was taken from. */
  readonly serverMajor: number;
  /** Migrations that had run, oldest first. */
  readonly migrations: readonly string[];
  /** Of the ROLLCALL_SECRET it was taken under; undefined where no process had started yet. */
  readonly secretFingerprint: string | undefined;
}

/** @throws {CommandError} when the file cannot be read, or is a dump of something else */
export async function readBackup(tools: PostgresTools, file: string): Promise<BackupFacts> {
  const list = await tools.run("pg_restore", ["--list", file]);
  const migrations = await rowsOf(tools, file, "rollcall_migrations");
  const installation = await rowsOf(tools, file, "installation");
  if (migrations.length === 0) throw new CommandError(`${file} is not a backup of a Rollcall`);
  return {
    takenAt: /^;\s+Archive created at (.+)$/m.exec(list)?.[1] ?? "an unknown time",
    serverMajor: Number.parseInt(/^;\s+Dumped from database version: (\d+)/m.exec(list)?.[1] ?? "0", 10),
    migrations: migrations.map(({ name = "" }) => name).sort(),
    secretFingerprint: installation.find(({ key }) => key === "secret-fingerprint")?.["value"],
  };
}

/** Reads a small table out of the file, without a server: pg_restore prints it as COPY has it. */
async function rowsOf(
  tools: PostgresTools,
  file: string,
  table: string,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const args = ["--data-only", "--schema=public", `--table=${table}`, "--file=-", file];
  const copy = /^COPY [^(]+\((.+)\) FROM stdin;\n([\s\S]*?)^\\\.$/m.exec(await tools.run("pg_restore", args));
  if (copy === null) return [];
  const [, columns = "", lines = ""] = copy;
  const names = columns.split(", ");
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const values = line.split("\t");
      return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
    });
}
