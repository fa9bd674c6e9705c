/**
 * Redis or Valkey for a machine that has one installed but none running for us: in the data directory, on a port of
 * the loopback, with the settings a queue needs. One that outlived its Rollcall is taken over.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Redis } from "ioredis";
import { z } from "zod";
import type { Logger } from "../platform/logger.ts";
import { makePrivateDir, parseJson, randomPassword, readFileIfAny, replacePrivateFile } from "./files.ts";
import type { RunningServer } from "./postgres.ts";
import { freePort, holdsWithin, logTail, processIdentity } from "./processes.ts";
import { signalAtExit, spawnServer, stopProcess } from "./processes.ts";

const PROGRAMS = ["redis-server", "valkey-server"];
const READY_MS = 60_000;
const CONNECT_MS = 2_000;
const LAUNCHES_MAX = 3;

/** What a later start must know to take a server over. */
const Server = z.object({
  pid: z.int().positive(),
  identity: z.string(),
  port: z.int().positive(),
  password: z.string(),
});
type Server = z.infer<typeof Server>;

interface Place {
  readonly directory: string;
  readonly logFile: string;
  readonly serverFile: string;
}

/** @returns the name of a server's program that runs here; undefined when none is on the PATH */
export function findRedis(): string | undefined {
  return PROGRAMS.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

export async function startRedis(options: {
  readonly dataDir: string;
  readonly logger: Logger;
}): Promise<RunningServer> {
  const directory = join(options.dataDir, "redis");
  const place = {
    directory,
    logFile: join(directory, "redis.log"),
    serverFile: join(directory, "server.json"),
  };
  makePrivateDir(directory);
  const adopted = await adopt(place);
  const server = adopted ?? (await launch(place));
  const { pid, port, password } = server;
  const what = adopted ? "took over the embedded Redis that still ran" : "started embedded Redis";
  options.logger.info({ pid, port, directory }, what);
  const forget = signalAtExit(pid, "SIGTERM");
  return {
    url: `redis://:${password}@127.0.0.1:${port}`,
    pid,
    async stop() {
      forget();
      await stopProcess(pid, "SIGTERM");
      rmSync(place.serverFile, { force: true });
    },
  };
}

async function launch(place: Place, attempt = 1): Promise<Server> {
  const { directory, logFile, serverFile } = place;
  const file = findRedis();
  if (file === undefined) {
    throw new Error(
      `no ${PROGRAMS.join(" or ")} is on the PATH: install Redis 7 or Valkey 8, set REDIS_URL, or let the queue live ` +
        "in Postgres by ROLLCALL_EMBEDDED_QUEUE=postgres",
    );
  }
  const [port, password] = [await freePort(), randomPassword()];
  const config = join(directory, "redis.conf");
  replacePrivateFile(config, configOf(directory, port, password));
  const command = { file, args: [config], cwd: directory, logFile, account: undefined, env: undefined };
  const { pid } = await spawnServer(command);
  const server = { pid, identity: processIdentity(pid) ?? "ended", port, password };
  replacePrivateFile(serverFile, JSON.stringify(server));
  const forget = signalAtExit(pid, "SIGTERM");
  try {
    if (await becomesReady(place, server)) return server;
  } finally {
    forget();
  }
  const tail = logTail(logFile);
  if (/address already in use/i.test(tail) && attempt < LAUNCHES_MAX) return launch(place, attempt + 1);
  throw new Error(`embedded Redis did not start; the end of ${logFile}:\n${tail}`);
}

/** @returns the server that already runs on this directory; undefined when none does */
async function adopt(place: Place): Promise<Server | undefined> {
  const server = Server.safeParse(parseJson(readFileIfAny(place.serverFile)));
  if (!server.success || processIdentity(server.data.pid) !== server.data.identity) return undefined;
  return (await becomesReady(place, server.data)) ? server.data : undefined;
}

/** @returns false when the process ended */
async function becomesReady({ logFile }: Place, server: Server): Promise<boolean> {
  const isAlive = (): boolean => processIdentity(server.pid) === server.identity;
  if (await holdsWithin(READY_MS, async () => !isAlive() || (await answers(server)))) return isAlive();
  throw new Error(`embedded Redis runs (process ${server.pid}) but does not answer; its log is ${logFile}`);
}

async function answers({ port, password }: Server): Promise<boolean> {
  const redis = new Redis({
    host: "127.0.0.1",
    port,
    password,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  redis.on("error", () => undefined); // It comes through the PING as well.
  try {
    await redis.connect();
    await redis.ping(); // Refused while the server still reads its append-only file.
    return true;
  } catch {
    return false;
  } finally {
    redis.disconnect();
  }
}

/** The password stands in a private file, since an argument could be read by everybody on the machine. */
function configOf(directory: string, port: number, password: string): string {
  const lines = [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(directory)}`,
    "daemonize no",
    "maxmemory-policy noeviction",
    "appendonly yes",
    "appendfsync everysec",
    // The append-only file is the record; snapshots beside it would only cost.
    'save ""',
  ];
  return `${lines.join("\n")}\n`;
}
