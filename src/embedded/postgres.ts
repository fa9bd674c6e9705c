/**
 * Postgres for a machine that has none: a cluster of its own in the data directory, on a port of the loopback. One
 * that outlived its Rollcall is taken over, because two postmasters on the same files are not to be had.
 */
import { execFile } from "node:child_process";
import { chownSync, existsSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import type { Logger } from "../platform/logger.ts";
import { type Home, openHome } from "./accounts.ts";
import { createPrivateFile, makePrivateDir, randomPassword, readFileIfAny } from "./files.ts";
import { type PostgresBinaries, preparePostgres } from "./postgres-binaries.ts";
import { commandLine, freePort, holdsWithin, logTail, processIdentity } from "./processes.ts";
import { signalAtExit, spawnServer, stopProcess } from "./processes.ts";

export interface PostgresOptions {
  readonly dataDir: string;
  readonly logger: Logger;
  /** Settings of the server beside our own, such as `fsync: "off"` for tests. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of another Postgres than the one that npm brought along. */
  readonly binaries?: PostgresBinaries;
}

export interface RunningServer {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

interface Cluster extends Home {
  readonly data: string;
  readonly logFile: string;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
}

interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

const USER = "rollcall";
const DATABASE = "rollcall";
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  // Statements and the details of their errors hold names and addresses of people.
  log_error_verbosity: "terse",
  log_min_error_statement: "panic",
};
// A PGPORT or a locale of the operator's shell must not change how the server behaves.
const ENVIRONMENT = { LC_ALL: "C", LANG: "C" };
const DRAFT = "data.new-";
// Another process may take the free port between our look and the server's.
const LAUNCHES_MAX = 3;
// A crash is recovered from at the start, by the log of what was written since the last checkpoint.
const READY_MS = 120_000;
const CONNECT_MS = 2_000;
// Postgres's fast shutdown: clients are cut off, everything is on disk.
const FAST_SHUTDOWN = "SIGINT";

export async function startPostgres(options: PostgresOptions): Promise<RunningServer> {
  const { dataDir, logger, settings = {} } = options;
  makePrivateDir(dataDir);
  const home = openHome(dataDir, "postgres");
  const cluster: Cluster = {
    ...home,
    data: join(home.path, "data"),
    logFile: join(home.path, "postgres.log"),
    password: openPassword(home),
    settings: { ...SETTINGS, ...settings },
  };
  let postmaster = await adopt(cluster);
  const isAdopted = postmaster !== undefined;
  if (postmaster === undefined) {
    const binaries = options.binaries ?? preparePostgres(home);
    if (!existsSync(cluster.data)) await initialise(cluster, binaries);
    postmaster = await launch(cluster, binaries);
  }
  const { pid, port } = postmaster;
  const forget = signalAtExit(pid, FAST_SHUTDOWN);
  const stop = async (): Promise<void> => {
    forget();
    await stopProcess(pid, FAST_SHUTDOWN);
  };
  try {
    await ensureDatabase(cluster, port);
  } catch (error) {
    await stop();
    throw error;
  }
  const what = isAdopted ? "took over the embedded Postgres that still ran" : "started embedded Postgres";
  logger.info({ pid, port, directory: home.path }, what);
  return { url: urlOf(cluster, port, DATABASE), pid, stop };
}

function openPassword({ path, account }: Home): string {
  const file = join(path, "password");
  createPrivateFile(file, randomPassword());
  // initdb reads it, as who it runs as.
  if (account) chownSync(file, account.uid, account.gid);
  return readFileIfAny(file) ?? "";
}

/** Makes the cluster under another name first, so that one that was cut off is not taken for whole. */
async function initialise(cluster: Cluster, { initdb }: PostgresBinaries): Promise<void> {
  for (const name of readdirSync(cluster.path)) {
    if (name.startsWith(DRAFT)) rmSync(join(cluster.path, name), { recursive: true, force: true });
  }
  // A name of its own: the initdb of a start that was killed may still be busy with another one.
  const draft = join(cluster.path, `${DRAFT}${process.pid}`);
  const args = [`--pgdata=${draft}`, `--username=${USER}`, `--pwfile=${join(cluster.path, "password")}`];
  args.push("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions");
  if (cluster.settings["fsync"] === "off") args.push("--no-sync");
  const options = { cwd: cluster.path, env: ENVIRONMENT, ...cluster.account };
  const running = promisify(execFile)(initdb, args, options);
  const { pid } = running.child;
  const forget = pid === undefined ? undefined : signalAtExit(pid, "SIGTERM");
  try {
    await running;
  } catch (error) {
    throw new Error("embedded Postgres cannot run here; set DATABASE_URL to one of your own", {
      cause: error,
    });
  } finally {
    forget?.();
  }
  renameSync(draft, cluster.data);
}

async function launch(cluster: Cluster, binaries: PostgresBinaries, attempt = 1): Promise<Postmaster> {
  const { path: cwd, data, logFile, account, settings } = cluster;
  const port = await freePort();
  const args = ["-D", data, "-p", `${port}`];
  for (const [name, value] of Object.entries(settings)) args.push("-c", `${name}=${value}`);
  const { pid } = await spawnServer({
    file: binaries.postgres,
    args,
    cwd,
    logFile,
    account,
    env: ENVIRONMENT,
  });
  const forget = signalAtExit(pid, FAST_SHUTDOWN);
  try {
    if (await becomesReady(cluster, { pid, port })) return { pid, port };
  } finally {
    forget();
  }
  const tail = logTail(logFile);
  await stopProcess(pid, FAST_SHUTDOWN);
  if (tail.includes("Address already in use") && attempt < LAUNCHES_MAX) {
    return launch(cluster, binaries, attempt + 1);
  }
  throw new Error(`embedded Postgres did not start; the end of ${logFile}:\n${tail}`);
}

/** @returns the postmaster that already runs on this cluster; undefined when none does */
async function adopt(cluster: Cluster): Promise<Postmaster | undefined> {
  const pidFile = join(cluster.data, "postmaster.pid");
  const lines = readFileIfAny(pidFile)?.split("\n") ?? [];
  const postmaster = { pid: Number(lines[0]), port: Number(lines[3]) };
  if (!(postmaster.pid > 0)) return undefined;
  if (commandLine(postmaster.pid)?.includes(cluster.data) === false) {
    // A stranger has the pid by now. Postgres would take it for its own and not start.
    rmSync(pidFile, { force: true });
    return undefined;
  }
  return (await becomesReady(cluster, postmaster)) ? postmaster : undefined;
}

/** @returns false when the process ended, as one does that was about to when we looked */
async function becomesReady(cluster: Cluster, { pid, port }: Postmaster): Promise<boolean> {
  let lastError: unknown;
  const isSettled = await holdsWithin(READY_MS, async () => {
    if (processIdentity(pid) === undefined) return true;
    lastError = await connectError(cluster, port);
    return lastError === undefined;
  });
  if (!isSettled) {
    const where = `process ${pid}, port ${port}; its log is ${cluster.logFile}`;
    throw new Error(`embedded Postgres runs but lets nobody in (${where})`, { cause: lastError });
  }
  return lastError === undefined && processIdentity(pid) !== undefined;
}

async function connectError(cluster: Cluster, port: number): Promise<unknown> {
  try {
    const found = await query(cluster, port, "SHOW data_directory");
    const directory: unknown = found[0]?.["data_directory"];
    return directory === cluster.data ? undefined : new Error(`port ${port} leads to ${String(directory)}`);
  } catch (error) {
    return error;
  }
}

async function ensureDatabase(cluster: Cluster, port: number): Promise<void> {
  const found = await query(cluster, port, `SELECT 1 FROM pg_database WHERE datname = '${DATABASE}'`);
  if (found.length === 0) await query(cluster, port, `CREATE DATABASE ${DATABASE}`);
}

async function query(cluster: Cluster, port: number, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    connectionString: urlOf(cluster, port, "postgres"),
    connectionTimeoutMillis: CONNECT_MS,
    application_name: "rollcall-embedded",
  });
  // A server that goes away while we ask is an answer too; it comes through the query.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end().catch(() => undefined);
  }
}

function urlOf({ password }: Cluster, port: number, database: string): string {
  return `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
}
