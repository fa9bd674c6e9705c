/**
 * A whole installation on the loopback: stores behind proxies, two apis behind proxies, workers, and a tenant with a
 * connection for each client, as if each were an identity provider of its own.
 */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../src/embedded/processes.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import { openDatabase } from "../../src/store/database.ts";
import { createConnection, createTenant, issueToken } from "../../src/store/tenants.ts";
import { type Proxy, startProxy } from "./proxy.ts";
import { createServiceProcess, type ServiceProcess } from "./service-process.ts";
import { openPostgres, openRedis, type QueueKind, type Store } from "./stores.ts";

export interface Api {
  readonly process: ServiceProcess;
  /** What clients connect to. */
  readonly proxy: Proxy;
  /** The api's own port, for its health. */
  readonly port: number;
}

export interface Installation {
  readonly queue: QueueKind;
  /** Logs, and whatever a fault needs on disk. */
  readonly directory: string;
  readonly postgres: Store;
  /** Undefined when the queue lives in Postgres. */
  readonly redis: Store | undefined;
  readonly apis: readonly Api[];
  readonly workers: readonly ServiceProcess[];
  readonly tenantId: string;
  readonly tokens: readonly string[];
  /** Environment of a process of the service with these roles. */
  envOf(roles: string): Readonly<Record<string, string>>;
  close(): Promise<void>;
}

export interface InstallationSettings {
  readonly queue: QueueKind;
  readonly clients: number;
  readonly workers: number;
  /** The apis are workers as well. */
  readonly together?: boolean;
  /** Root of the tree to run. */
  readonly root: string;
  /** Keep the directory with the logs, and say where it is. */
  readonly keep: boolean;
}

export const SECRET = "a secret of the soak alone, long enough for its purpose";
const APIS = 2;
// A request waits shorter than a client would: the give-up and what follows it are met more often.
const SUBMIT_TIMEOUT_MS = "6000";

export async function openInstallation(settings: InstallationSettings): Promise<Installation> {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-soak-"));
  chmodSync(directory, 0o711); // Postgres's own account passes through.
  const undo: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
    if (!settings.keep) rmSync(directory, { recursive: true, force: true });
  };
  try {
    return { ...(await open(settings, directory, undo)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  { queue, clients, workers: workerCount, together, root }: InstallationSettings,
  directory: string,
  undo: (() => unknown)[],
): Promise<Omit<Installation, "close">> {
  const logger = createLogger({ service: "soak", level: "warn" });
  const postgres = await openPostgres(directory, logger);
  undo.push(() => postgres.close());
  const redis = queue === "redis" ? await openRedis(directory, logger) : undefined;
  if (redis) undo.push(() => redis.close());
  const env = environmentOf(postgres.url, redis?.url);
  await prepareStores(parseConfig({ ...env, ROLES: "api,worker,dashboard" }));
  const tenant = await addTenant(postgres.directUrl(), clients);

  const start = async (name: string, more: Readonly<Record<string, string>>): Promise<ServiceProcess> => {
    const logFile = join(directory, `${name}.log`);
    const service = createServiceProcess({ name, root, env: { ...env, ...more }, logFile });
    undo.push(() => service.signal("SIGKILL"));
    await service.start();
    return service;
  };
  const apiRoles = together === true ? "api,worker" : "api";
  const apis = await Promise.all(
    Array.from({ length: APIS }, async (_, index) => {
      const port = await freePort();
      const proxy = await startProxy(port);
      undo.push(() => proxy.close());
      const process = await start(`api-${index}`, { ROLES: apiRoles, API_PORT: String(port) });
      return { process, proxy, port };
    }),
  );
  const workers = await Promise.all(
    Array.from({ length: workerCount }, (_, index) => start(`worker-${index}`, { ROLES: "worker" })),
  );
  const envOf = (roles: string): Readonly<Record<string, string>> => ({ ...env, ROLES: roles });
  return { queue, directory, postgres, redis, apis, workers, ...tenant, envOf };
}

function environmentOf(databaseUrl: string, redisUrl: string | undefined): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: process.env["HOME"] ?? "",
    DATABASE_URL: databaseUrl,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    QUEUE_PREFIX: "soak",
    ROLLCALL_SECRET: SECRET,
    API_PORT: "0",
    DASHBOARD_PORT: "0",
    METRICS_PORT: "0",
    SUBMIT_TIMEOUT_MS,
    LOG_LEVEL: "info",
  };
}

async function addTenant(
  url: string,
  clients: number,
): Promise<{ readonly tenantId: string; readonly tokens: readonly string[] }> {
  const db = openDatabase({ url, poolMax: 1, applicationName: "soak", onConnectionError: () => undefined });
  try {
    return await db.transaction(async (tx) => {
      const tenant = await createTenant(tx, { slug: "soak", name: "Soak" });
      if (!tenant) throw new Error("the tenant is there already");
      const tokens: string[] = [];
      for (let index = 0; index < clients; index += 1) {
        const connectionId = await createConnection(tx, tenant.id, `client ${index}`);
        const request = { tenantId: tenant.id, connectionId, secret: SECRET, ttlDays: 1 };
        tokens.push((await issueToken(tx, request)).token);
      }
      return { tenantId: tenant.id, tokens };
    });
  } finally {
    await db.close();
  }
}
