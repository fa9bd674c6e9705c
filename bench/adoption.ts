/**
 * A product of 100,000 people gets a directory: how long do import, matching and preview take, and does Azure's cycle
 * adopt them all, without a twin?
 *
 *   npm run bench:adoption -- --people 100000 --cycle 2000 [--append]
 *
 * `--people` are imported; the simulator provisions the first `--cycle` of them (all of them takes some ten minutes), and the
 * rest is left out. Ends with 1 where somebody was doubled or missed, where the report names others than those who were
 * left out, or where it took longer than is aimed at. `--append` adds the figures to bench/README.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig } from "../src/platform/config.ts";
import { prepareStores } from "../src/prepare.ts";
import { addProductKey, createProductClient, type ProductClient } from "../test/support/product.ts";
import { addTenant, spawnService } from "../test/support/service.ts";
import { createDirectory } from "../tools/azure-ad/directory.ts";
import { formatReport } from "../tools/azure-ad/report.ts";
import { runSimulation } from "../tools/azure-ad/simulation.ts";
import { openBenchStores } from "./lib/bench-stores.ts";
import { commit, machine } from "./lib/machine.ts";

const PAGE = 1_000;
const MATCHING_MS_MAX = 60_000;
const PREVIEW_MS_MAX = 300;
const PREVIEWS = 30;
const HEADING = "## How long does it take to bring";

const { values } = parseArgs({
  options: {
    people: { type: "string", default: "100000" },
    cycle: { type: "string", default: "2000" },
    queue: { type: "string", default: "redis" },
    append: { type: "boolean", default: false },
  },
});
const faults: string[] = [];

const benchStores = await openBenchStores(values.queue);
const { env, database } = benchStores;
try {
  await prepareStores(parseConfig(env));
  const service = await spawnService({ ...env, ROLES: "api,worker,dashboard" });
  try {
    const line = await measure(service.apiUrl);
    console.log(line);
    if (values.append && faults.length === 0) addRow(line);
  } finally {
    await service.stop();
  }
} finally {
  await benchStores.stop();
}

for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

async function measure(apiUrl: string): Promise<string> {
  const tenant = await addTenant({ database }, apiUrl);
  const product = createProductClient(apiUrl, await addProductKey(database, tenant.tenantId));
  const [total, cycle] = [Number(values.people), Number(values.cycle)];
  const shape = { seed: 3, users: cycle, groups: 0, groupSize: 0 };
  const provisioned = [...createDirectory({ ...shape, tag: "" }).people.values()];
  const people = Array.from({ length: total }, (_, number) => ({
    id: String(number),
    userName: (provisioned[number]?.userName ?? `person.${String(number)}@contoso.example`).toUpperCase(),
    email: `mail.${String(number)}@contoso.example`,
  }));
  console.log(`${new Date().toISOString().slice(0, 10)} ${commit()} ${machine()}, queue on ${values.queue}`);
  const importMs = await timed("import", () => importAll(product, people));
  const emptyMs = await timed("matching with nobody there", () => product("POST", "/existing-users/match"));
  const report = await runSimulation({
    ...shape,
    ...{ url: `${apiUrl}/scim/v2`, token: tenant.token, cycles: 1, beat: 0, concurrency: 16 },
    dialect: "mixed",
  });
  console.log(formatReport(report));
  const matchMs = await timed("matching after the cycle", () => product("POST", "/existing-users/match"));
  expectThat(Math.max(emptyMs, matchMs) < MATCHING_MS_MAX, `matching took ${matchMs} ms`);
  const previews: number[] = [];
  for (const query of ["?count=100", "?state=unmatched&count=100", "?state=matched&count=100&after=1"])
    for (let turn = 0; turn < PREVIEWS; turn += 1)
      previews.push(await elapsed(() => product("GET", `/existing-users${query}`)));
  const p95 = previews.toSorted((a, b) => a - b)[Math.floor(previews.length * 0.95)] ?? Infinity;
  expectThat(p95 < PREVIEW_MS_MAX, `a page of the preview took ${p95} ms`);
  await judge(product, { tenantId: tenant.tenantId, total, cycle });
  expectThat(report.clean, `${report.verification?.differences ?? -1} differences`);
  const [initial] = report.cycles;
  const cells = [
    ...[new Date().toISOString().slice(0, 10), commit(), machine(), values.queue, `${total}, ${cycle}`],
    ...[`${importMs}`, `${emptyMs}, ${matchMs}`, `${initial?.seconds ?? 0} s`, p95.toFixed(0)],
    faults.length === 0 ? "all adopted, no twin, the rest reported" : `${faults.length} faults`,
  ];
  return `| ${cells.join(" | ")} |\n`;
}

interface Judged {
  readonly tenantId: string;
  readonly total: number;
  readonly cycle: number;
}

/** Everybody provisioned is adopted once, and the report names all others and nobody else. */
async function judge(product: ProductClient, { tenantId, total, cycle }: Judged): Promise<void> {
  const [users] = await database.query<{ users: number; twins: number; linked: number }>(
    `SELECT count(*)::int AS users, (count(*) - count(DISTINCT user_name_key))::int AS twins,
            count(DISTINCT resource -> 'urn:ietf:params:scim:schemas:extension:rollcall:2.0:User' ->> 'productId')::int AS linked
       FROM users WHERE tenant_id = $1`,
    [tenantId],
  );
  console.log(JSON.stringify(users));
  const isWhole = users?.users === cycle && users.twins === 0 && users.linked === cycle;
  expectThat(isWhole, `of ${cycle} there are ${JSON.stringify(users)}`);
  const { body } = await product("GET", "/existing-users?count=0");
  const { summary } = body as { readonly summary: Readonly<Record<string, number>> };
  console.log(JSON.stringify(summary));
  const isTold = summary["adopted"] === cycle && summary["wouldLoseAccess"] === total - cycle;
  expectThat(isTold, `the report says ${JSON.stringify(summary)}`);
  const left: string[] = [];
  for (let after = ""; ;) {
    const query = `?state=unmatched&count=${PAGE}&after=${encodeURIComponent(after)}`;
    const page = await product("GET", `/existing-users${query}`);
    const { users: found } = page.body as { readonly users: readonly { readonly id: string }[] };
    left.push(...found.map(({ id }) => id));
    if (found.length < PAGE) break;
    after = found.at(-1)?.id ?? "";
  }
  const isRight = left.length === total - cycle && left.every((id) => Number(id) >= cycle);
  expectThat(isRight, `${left.length} people are reported as left out`);
}

async function importAll(product: ProductClient, people: readonly object[]): Promise<void> {
  for (let from = 0; from < people.length; from += PAGE) {
    const { status } = await product("PUT", "/existing-users", { users: people.slice(from, from + PAGE) });
    if (status !== 200) throw new Error(`an import was answered ${String(status)}`);
  }
}

/** @returns milliseconds */
async function timed(what: string, work: () => Promise<unknown>): Promise<number> {
  const ms = Math.round(await elapsed(work));
  console.log(`${what}: ${String(ms)} ms`);
  return ms;
}

async function elapsed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) faults.push(otherwise);
}

/** Behind the rows that this question has in bench/README.md. */
function addRow(line: string): void {
  const path = join(import.meta.dirname, "README.md");
  const [before = "", own = ""] = readFileSync(path, "utf8").split(new RegExp(`(?=^${HEADING})`, "m"));
  const end = /(?<=^\|.*\n)(?!\|)/m.exec(own)?.index ?? own.length;
  writeFileSync(path, before + own.slice(0, end) + line + own.slice(end));
}
