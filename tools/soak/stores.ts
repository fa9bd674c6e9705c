/**
 * The stores under test: a Postgres and, where the queue lives there, a Redis, started by the tool itself, each behind
 * a proxy whose address stays when the store comes back on another port.
 */
import { readdirSync, readFileSync } from "node:fs";
import { Redis } from "ioredis";
import { startPostgres, type RunningServer } from "../../src/embedded/postgres.ts";
import { startRedis } from "../../src/embedded/redis.ts";
import type { Logger } from "../../src/platform/logger.ts";
import { type Proxy, startProxy } from "./proxy.ts";

export type QueueKind = "redis" | "postgres";

export interface Store {
  readonly proxy: Proxy;
  /** Through the proxy, as the service sees it. */
  readonly url: string;
  /** Past the proxy, for the tool itself. */
  directUrl(): string;
  /** SIGKILL of the server, and of every process it has. */
  kill(): void;
  /** SIGSTOP or SIGCONT of all of them. */
  freeze(isFrozen: boolean): void;
  /** An orderly stop, as an administrator asks for. */
  stop(): Promise<void>;
  /** Brings it back with its data, and aims the proxy at it. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const START_ATTEMPTS = 40;

export function openPostgres(dataDir: string, logger: Logger): Promise<Store> {
  // Durable, as in production: what was acknowledged must survive a kill.
  const settings = { max_connections: "200", log_checkpoints: "off" };
  return openStore(() => startPostgres({ dataDir, logger, settings }));
}

export function openRedis(dataDir: string, logger: Logger): Promise<Store> {
  let password: string | undefined;
  return openStore(async () => {
    const server = await startRedis({ dataDir, logger });
    // Each start gives it a new password; the service was told the first.
    password ??= new URL(server.url).password;
    return withPassword(server, password);
  });
}

async function withPassword(server: RunningServer, password: string): Promise<RunningServer> {
  const url = new URL(server.url);
  if (url.password === password) return server;
  const redis = new Redis(server.url, { maxRetriesPerRequest: 1 });
  try {
    await redis.config("SET", "requirepass", password);
  } finally {
    redis.disconnect();
  }
  url.password = password;
  return { ...server, url: url.href };
}

async function openStore(startServer: () => Promise<RunningServer>): Promise<Store> {
  let server = await startServer();
  const proxy = await startProxy(portOf(server.url));
  const url = new URL(server.url);
  url.port = String(proxy.port);
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of [server.pid, ...childrenOf(server.pid)]) trySignal(pid, name);
  };
  return {
    proxy,
    url: url.href,
    directUrl: () => server.url,
    kill: () => signal("SIGKILL"),
    freeze: (isFrozen) => signal(isFrozen ? "SIGSTOP" : "SIGCONT"),
    stop: () => server.stop(),
    async start() {
      server = await restarted(startServer);
      proxy.aim(portOf(server.url));
    },
    async close() {
      signal("SIGCONT");
      await proxy.close();
      await server.stop();
    },
  };
}

/** A server that was killed may leave locks that go only after its last process has. */
async function restarted(startServer: () => Promise<RunningServer>): Promise<RunningServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startServer();
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** Postgres has a process for each connection, none of which is in its parent's group. Linux only. */
function childrenOf(pid: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => parentOf(child) === pid);
}

function parentOf(pid: number): number | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return Number(fields[1]);
  } catch {
    return undefined;
  }
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself meanwhile.
  }
}
