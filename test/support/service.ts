/** The service under test: in this process for speed, or as processes of its own where they are to be killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import { createService, type Service } from "../../src/service.ts";
import type { DatabasePool } from "../../src/store/database.ts";
import { createConnection, createTenant, type Dialect, issueToken } from "../../src/store/tenants.ts";
import { createScimClient, type ScimClient } from "./scim-client.ts";
import { createTestDatabase, type TestDatabase, type TestQueue } from "./stores.ts";

export const TEST_SECRET = "a secret that only the tests use, long enough";

type Env = Readonly<Record<string, string | undefined>>;

/** Environment of a service on these stores, on free ports. */
export function testEnv(databaseUrl: string, queue: TestQueue, env: Env = {}): Env {
  return {
    DATABASE_URL: databaseUrl,
    REDIS_URL: queue.redisUrl,
    QUEUE_PREFIX: queue.prefix,
    ROLLCALL_SECRET: TEST_SECRET,
    ROLLCALL_OWNER_PASSWORD: "a password for tests",
    API_PORT: "0",
    DASHBOARD_PORT: "0",
    METRICS_PORT: "0",
    LOG_LEVEL: "silent",
    ...env,
  };
}

export interface TestService {
  readonly database: DatabasePool;
  readonly databaseUrl: string;
  readonly service: Service;
  readonly apiUrl: string;
  readonly dashboardUrl: string;
  readonly metricsUrl: string;
  /** Makes a tenant with a connection. @returns a client that speaks for it */
  addTenant(dialect?: Dialect): Promise<TestTenant>;
  stop(): Promise<void>;
}

export interface TestTenant {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly token: string;
  readonly scim: ScimClient;
}

/** All roles in this process, on a database of their own. @param now - milliseconds since the epoch */
export async function startTestService(
  queue: TestQueue,
  env: Env = {},
  now?: () => number,
): Promise<TestService> {
  const store = await createTestDatabase();
  const config = parseConfig(testEnv(store.url, queue, env));
  await prepareStores(config);
  const logger = createLogger({ service: "test", level: config.LOG_LEVEL });
  const service = createService(config, logger, "0.0.0", now);
  await service.start();
  const { api = "", dashboard = "", metrics } = service.addresses();
  return {
    service,
    database: store.database,
    databaseUrl: store.url,
    apiUrl: api,
    dashboardUrl: dashboard,
    metricsUrl: metrics,
    addTenant: (dialect) => addTenant(store, api, dialect),
    async stop() {
      await service.stop();
      await store.drop();
    },
  };
}

export async function addTenant(
  { database }: Pick<TestDatabase, "database">,
  apiUrl: string,
  dialect?: Dialect,
): Promise<TestTenant> {
  const slug = `t-${randomUUID()}`;
  const issued = await database.transaction(async (tx) => {
    const tenant = await createTenant(tx, { slug, name: `Tenant ${slug}` });
    if (!tenant) throw new Error("the slug is taken");
    const connectionId = await createConnection(tx, tenant.id, "Azure AD", dialect);
    const request = { tenantId: tenant.id, connectionId, secret: TEST_SECRET, ttlDays: 1 };
    return { tenantId: tenant.id, connectionId, token: (await issueToken(tx, request)).token };
  });
  return { ...issued, scim: createScimClient(`${apiUrl}/scim/v2`, issued.token) };
}

export interface ServiceProcess {
  readonly child: ChildProcess;
  /** Origin of the api, where the process has that role. */
  readonly apiUrl: string;
  readonly metricsUrl: string;
  readonly output: () => string;
  /** SIGTERM. @returns the exit code */
  stop(): Promise<number | null>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
}

const ROOT = join(import.meta.dirname, "../..");
const READY_MS = 60_000;
// As bin/start does.
const NODE_MEMORY = "--max-semi-space-size=32";

/** What is run: its folder, and what Node is told. */
export interface Program {
  readonly cwd: string;
  readonly entry: readonly string[];
}

const SOURCE: Program = { cwd: ROOT, entry: ["--import", "tsx", "src/main.ts"] };

/**
 * Runs `src/main.ts`, or another program that is a Rollcall, as a process of its own; resolves once it says that it is ready.
 * @param nodeArgs - switches of Node itself, such as `--cpu-prof`
 */
export async function spawnService(
  env: Env,
  args: readonly string[] = [],
  nodeArgs: readonly string[] = [],
  { cwd, entry }: Program = SOURCE,
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [NODE_MEMORY, ...nodeArgs, ...entry, ...args], {
    cwd,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await waitFor(() => {
    if (child.exitCode !== null) throw new Error(`the service ended at start:\n${output}`);
    return output.includes("Rollcall is ready");
  }, READY_MS);
  return {
    child,
    apiUrl: /SCIM +(\S+)\/scim\/v2/.exec(output)?.[1] ?? "",
    metricsUrl: /Metrics +(\S+)\/metrics/.exec(output)?.[1] ?? "",
    output: () => output,
    async stop() {
      child.kill("SIGTERM");
      return exited;
    },
    async kill() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Waits for a condition, never for time. @throws {Error} when it does not hold within `timeoutMs` */
export async function waitFor(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 45_000,
): Promise<void> {
  const until = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > until) throw new Error(`the condition did not hold within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
