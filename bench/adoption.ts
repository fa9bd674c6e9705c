/**
 * A product of 100,000 people gets a directory: how long do import, matching and preview take, and does Azure's cycle
 * adopt them all, without a twin?
 *
 *   npm run bench:adoption -- --people 100000 --cycle 2000
 *
 * `--people` are imported; the simulator provisions the first `--cycle` of them, and the rest is left out.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startStores } from "../src/embedded/stores.ts";
import { parseConfig } from "../src/platform/config.ts";
import { createLogger } from "../src/platform/logger.ts";
import { prepareStores } from "../src/prepare.ts";
import { openDatabase } from "../src/store/database.ts";
import { addProductKey, createProductClient, type ProductClient } from "../test/support/product.ts";
import { addTenant, spawnService, testEnv } from "../test/support/service.ts";
import { createDirectory } from "../tools/azure-ad/directory.ts";
import { formatReport } from "../tools/azure-ad/report.ts";
import { runSimulation } from "../tools/azure-ad/simulation.ts";
import { commit, machine } from "./lib/machine.ts";

const PAGE = 1_000;

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "100000" },
    cycle: { type: "string", default: "2000" },
    queue: { type: "string", default: "redis" },
  },
});

const dataDir = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
const logger = createLogger({ service: "bench", level: "warn" });
const stores = await startStores({ dataDir, queue: values.queue, logger });
const env = testEnv(
  stores.databaseUrl,
  { redisUrl: stores.redisUrl, prefix: "rollcall" },
  { LOG_LEVEL: "warn" },
);
const database = openDatabase({
  url: stores.databaseUrl,
  poolMax: 2,
  applicationName: "rollcall-bench",
  onConnectionError: (error) => logger.warn({ err: error }, "a connection was lost"),
});
try {
  await prepareStores(parseConfig(env));
  const service = await spawnService({ ...env, ROLES: "api,worker,dashboard" });
  try {
    await measure(service.apiUrl);
  } finally {
    await service.stop();
  }
} finally {
  await database.close();
  await stores.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

async function measure(apiUrl: string): Promise<void> {
  const tenant = await addTenant({ database }, apiUrl);
  const product = createProductClient(apiUrl, await addProductKey(database, tenant.tenantId));
  const shape = { seed: 3, users: Number(values.cycle), groups: 0, groupSize: 0 };
  const provisioned = [...createDirectory({ ...shape, tag: "" }).people.values()];
  const people = Array.from({ length: Number(values.people) }, (_, number) => ({
    id: String(number),
    userName: (provisioned[number]?.userName ?? `person.${String(number)}@contoso.example`).toUpperCase(),
    email: `mail.${String(number)}@contoso.example`,
  }));
  console.log(`${new Date().toISOString().slice(0, 10)} ${commit()} ${machine()}, queue on ${values.queue}`);
  await timed("import", () => importAll(product, people));
  await timed("matching with nobody there", () => product("POST", "/existing-users/match"));
  const report = await runSimulation({
    ...shape,
    ...{ url: `${apiUrl}/scim/v2`, token: tenant.token, cycles: 1, beat: 0, concurrency: 16 },
    dialect: "mixed",
  });
  console.log(formatReport(report));
  await timed("matching after the cycle", () => product("POST", "/existing-users/match"));
  for (const query of ["?count=100", "?state=unmatched&count=100", "?state=matched&count=100&after=1"])
    await timed(`preview ${query}`, () => product("GET", `/existing-users${query}`));
  const { body } = await product("GET", "/existing-users?count=0");
  console.log(JSON.stringify((body as { readonly summary: object }).summary));
  const [users] = await database.query<{ users: number; twins: number }>(
    `SELECT count(*)::int AS users, (count(*) - count(DISTINCT user_name_key))::int AS twins
       FROM users WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  console.log(JSON.stringify(users));
}

async function importAll(product: ProductClient, people: readonly object[]): Promise<void> {
  for (let from = 0; from < people.length; from += PAGE) {
    const { status } = await product("PUT", "/existing-users", { users: people.slice(from, from + PAGE) });
    if (status !== 200) throw new Error(`an import was answered ${String(status)}`);
  }
}

async function timed(what: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  await work();
  console.log(`${what}: ${String(Math.round(performance.now() - start))} ms`);
}
