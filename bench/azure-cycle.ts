/**
 * How fast does Azure AD provision a directory? One process of each role on stores of their own, and the Azure AD
 * simulator against them over loopback: an initial cycle and an incremental one, then the verification.
 *
 *   npm run bench:cycle -- --users 5000 --groups 50 --concurrency 16 --queue redis [--append]
 *
 * Client, service, Postgres and Redis share the machine's cores, so the figures are a floor. `--append` adds them to
 * bench/README.md.
 */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startStores } from "../src/embedded/stores.ts";
import { parseConfig } from "../src/platform/config.ts";
import { createLogger } from "../src/platform/logger.ts";
import { prepareStores } from "../src/prepare.ts";
import { openDatabase } from "../src/store/database.ts";
import { addTenant, spawnService, testEnv } from "../test/support/service.ts";
import { formatReport, type Report } from "../tools/azure-ad/report.ts";
import { runSimulation } from "../tools/azure-ad/simulation.ts";
import { commit, machine } from "./lib/machine.ts";

const README = join(import.meta.dirname, "README.md");

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "5000" },
    groups: { type: "string", default: "50" },
    concurrency: { type: "string", default: "16" },
    queue: { type: "string", default: "redis" },
    append: { type: "boolean", default: false },
  },
});

const dataDir = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
try {
  const report = await measure();
  console.log(formatReport(report));
  if (values.append) appendFileSync(README, rowOf(report));
  else console.log(rowOf(report));
  process.exitCode = report.clean ? 0 : 1;
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}

async function measure(): Promise<Report> {
  const logger = createLogger({ service: "bench", level: "warn" });
  const stores = await startStores({ dataDir, queue: values.queue, logger });
  const queue = { redisUrl: stores.redisUrl, prefix: "rollcall" };
  const env = testEnv(stores.databaseUrl, queue, { LOG_LEVEL: "warn" });
  const database = openDatabase({
    url: stores.databaseUrl,
    poolMax: 1,
    applicationName: "rollcall-bench",
    onConnectionError: (error) => logger.warn({ err: error }, "a connection was lost"),
  });
  try {
    await prepareStores(parseConfig(env));
    const roles = ["api", "worker", "dashboard"];
    const services = await Promise.all(roles.map((role) => spawnService({ ...env, ROLES: role })));
    try {
      const apiUrl = services[0]?.apiUrl ?? "";
      const { token } = await addTenant({ database }, apiUrl);
      return await simulate(`${apiUrl}/scim/v2`, token);
    } finally {
      await Promise.all(services.map((service) => service.stop()));
    }
  } finally {
    await database.close();
    await stores.stop();
  }
}

function simulate(url: string, token: string): Promise<Report> {
  return runSimulation({
    url,
    token,
    users: Number(values.users),
    groups: Number(values.groups),
    groupSize: 25,
    cycles: 2,
    beat: 0,
    concurrency: Number(values.concurrency),
    dialect: "mixed",
    seed: 1,
    output: process.stdout,
  });
}

/** A row of the table in bench/README.md. */
function rowOf({ cycles, operations, errors, verification }: Report): string {
  const [initial] = cycles;
  const percentiles = (name: string): string => {
    const found = operations.find(({ operation }) => operation === name);
    return found ? [found.p50Ms, found.p95Ms, found.p99Ms].join(" / ") : "none";
  };
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit(),
    machine(),
    values.queue,
    `${values.users} / ${values.groups}, ${values.concurrency} at once`,
    initial ? `${initial.requestsPerSecond} / ${initial.writesPerSecond}` : "none",
    percentiles("create user"),
    percentiles("match user"),
    `${errors.total} errors, ${verification?.differences ?? "unknown"} differences`,
  ];
  return `| ${cells.join(" | ")} |\n`;
}
