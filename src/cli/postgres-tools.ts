/**
 * pg_dump and pg_restore: found on this machine, fitting the server, and run without its password on their command
 * line. An older pg_dump refuses a newer server, and a newer pg_restore sends settings that an older one does not know.
 */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { CommandError, type Env } from "./command.ts";

const run = promisify(execFile);
// Where Debian keeps each major version's own programs; what it puts on the PATH is a wrapper that guesses.
const DEBIAN = "/usr/lib/postgresql";
const NAMES = ["pg_dump", "pg_restore"] as const;
// Lists of contents and the rows of two small tables.
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

type Name = (typeof NAMES)[number];

export interface PostgresTools {
  readonly major: number;
  /** @returns what it printed. @throws {CommandError} with the first of what it complained about */
  run(name: Name, args: readonly string[]): Promise<string>;
}

interface Found {
  readonly folder: string;
  readonly major: number;
}

export interface ToolsWanted {
  readonly env: Env;
  readonly databaseUrl: string;
  readonly serverMajor: number;
  /** A folder to look in instead. */
  readonly folder: string | undefined;
}

/** The server's own version where it is there, else the next newer one. @throws {CommandError} where none will do */
export async function findPostgresTools(wanted: ToolsWanted): Promise<PostgresTools> {
  const { env, databaseUrl, serverMajor, folder } = wanted;
  const folders = folder === undefined ? foldersOf(env) : [folder];
  const found = (await Promise.all(folders.map(look))).filter((each) => each !== undefined);
  const [best] = found.filter(({ major }) => major >= serverMajor).sort((one, two) => one.major - two.major);
  if (best === undefined) throw new CommandError(lacking(serverMajor, found, folder));
  const environment = { ...env, ...connectionOf(databaseUrl) };
  return {
    major: best.major,
    run: (name, args) => runTool(join(best.folder, name), args, environment),
  };
}

function foldersOf(env: Env): readonly string[] {
  const debian = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((major) => join(DEBIAN, major, "bin")) : [];
  return [...debian, ...(env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "")];
}

async function look(folder: string): Promise<Found | undefined> {
  if (!NAMES.every((name) => existsSync(join(folder, name)))) return undefined;
  try {
    const { stdout } = await run(join(folder, "pg_dump"), ["--version"]);
    const major = Number.parseInt(/\d+/.exec(stdout)?.[0] ?? "", 10);
    return Number.isNaN(major) ? undefined : { folder, major };
  } catch {
    return undefined; // Debian's wrapper without any version behind it.
  }
}

function lacking(serverMajor: number, found: readonly Found[], folder: string | undefined): string {
  const versions = [...new Set(found.map(({ major }) => major))].sort((one, two) => one - two);
  const seen = versions.length === 0 ? "none was found" : `found was ${versions.join(", ")}`;
  const where = folder === undefined ? "" : ` in ${folder}`;
  return (
    `this needs pg_dump and pg_restore of Postgres ${serverMajor} or later, and ${seen}${where}; ` +
    `install the package postgresql-client-${serverMajor}, or name their folder with --pg-bin`
  );
}

// As libpq reads them: an argument would be seen by everybody on the machine.
const PARAMETERS: Readonly<Record<string, string>> = {
  host: "PGHOST",
  port: "PGPORT",
  sslmode: "PGSSLMODE",
  sslrootcert: "PGSSLROOTCERT",
  sslcert: "PGSSLCERT",
  sslkey: "PGSSLKEY",
  options: "PGOPTIONS",
};

/** What DATABASE_URL says, as the environment of libpq. */
export function connectionOf(databaseUrl: string): Env {
  const url = new URL(databaseUrl);
  const parts = {
    PGHOST: url.hostname.replace(/^\[|\]$/g, ""),
    PGPORT: url.port,
    PGUSER: decodeURIComponent(url.username),
    PGPASSWORD: decodeURIComponent(url.password),
    PGDATABASE: decodeURIComponent(url.pathname.slice(1)),
  };
  const given = Object.entries(parts).filter(([, value]) => value !== "");
  const parameters = [...url.searchParams].flatMap(([name, value]) =>
    PARAMETERS[name] === undefined ? [] : [[PARAMETERS[name], value === "no-verify" ? "require" : value]],
  );
  return Object.fromEntries([...given, ...parameters]) as Env;
}

async function runTool(program: string, args: readonly string[], env: Env): Promise<string> {
  try {
    const options = { env: { ...env, LC_ALL: "C" }, maxBuffer: OUTPUT_BYTES_MAX };
    return (await run(program, args, options)).stdout;
  } catch (error) {
    const { stderr = "" } = error as { readonly stderr?: string };
    const complaint = stderr.split("\n").find((line) => /error:/.test(line)) ?? stderr.split("\n")[0];
    throw new CommandError(complaint === undefined || complaint === "" ? String(error) : complaint.trim(), {
      cause: error,
    });
  }
}
