/**
 * How long do the console's pages take where everything is large? Every page, one request at a time, over a million users,
 * ten million writes and two thousand cycles.
 *
 *   npm run bench:console -- [--users 1000000] [--writes 10000000] [--cycles 2000] [--append] [--data DIR]
 *
 * On a Postgres of its own; what was seeded, about seven gigabytes, is deleted in the end, unless `--data` names a folder
 * for it: a second run on the same folder measures without seeding. `--append` adds the table to bench/README.md.
 */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pg from "pg";
import { startStores } from "../src/embedded/stores.ts";
import { parseConfig } from "../src/platform/config.ts";
import { createLogger } from "../src/platform/logger.ts";
import { prepareStores } from "../src/prepare.ts";
import { openDatabase } from "../src/store/database.ts";
import { startConsole, type TestVisitor } from "../test/support/console.ts";
import { addAccount } from "../test/support/console-seed.ts";
import { testEnv } from "../test/support/service.ts";
import { consolePages } from "./lib/console-pages.ts";
import { commit, machine } from "./lib/machine.ts";
import { type SeededConsole, seedLargeConsole } from "./lib/seed-console.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "1000000" },
    writes: { type: "string", default: "10000000" },
    cycles: { type: "string", default: "2000" },
    append: { type: "boolean", default: false },
    "seed-only": { type: "boolean", default: false },
    data: { type: "string" },
  },
});
const ROUNDS = 30;
const WARM_UP = 2;
const AIM_MS = 300;

const dataDir = values.data ?? mkdtempSync(join(tmpdir(), "rollcall-bench-console-"));
mkdirSync(dataDir, { recursive: true });
chmodSync(dataDir, 0o711); // As root, Postgres runs as another account, which must be able to pass.
const seededFile = join(dataDir, "seeded.json");
const logger = createLogger({ service: "bench", level: "warn" });
try {
  await run();
} finally {
  if (values.data === undefined) rmSync(dataDir, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const stores = await startStores({ dataDir, queue: "postgres", logger });
  try {
    const env = testEnv(stores.databaseUrl, { redisUrl: undefined, prefix: "rollcall" });
    await prepareStores(parseConfig(env));
    const seeded = existsSync(seededFile)
      ? (JSON.parse(readFileSync(seededFile, "utf8")) as SeededConsole)
      : await seed(stores.databaseUrl);
    if (values["seed-only"]) return;
    const table = await measure(stores.databaseUrl, seeded);
    console.log(table);
    if (values.append) appendFileSync(join(import.meta.dirname, "README.md"), `\n${table}`);
  } finally {
    await stores.stop();
  }
}

async function seed(url: string): Promise<SeededConsole> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { users, writes, cycles } = values;
    const size = { users: Number(users), writes: Number(writes), cycles: Number(cycles), tenants: 60 };
    const startedAt = Date.now();
    const seeded = await seedLargeConsole(client, size);
    console.log(`seeded in ${Math.round((Date.now() - startedAt) / 1000)} s`);
    writeFileSync(seededFile, JSON.stringify(seeded));
    return seeded;
  } finally {
    await client.end();
  }
}

async function measure(url: string, seeded: SeededConsole): Promise<string> {
  const database = openDatabase({
    url,
    poolMax: 8,
    applicationName: "rollcall-bench",
    // Postgres is stopped while the last idle ones are still closing.
    onConnectionError: () => undefined,
  });
  const console = await startConsole(database);
  try {
    const login = `owner-${Date.now()}`;
    await addAccount(database, login, "owner");
    const visitor = console.visitor();
    await visitor.signIn(login);
    const { pages, unknown } = consolePages(seeded);
    const rows: string[] = [];
    for (const { route, path } of pages) rows.push(await rowOf(visitor, route, path));
    const skipped = unknown.length === 0 ? "" : `\nNothing was seeded for ${unknown.join(", ")}.\n`;
    const what = `${values.users} users, ${values.writes} writes, ${values.cycles} cycles; ${machine()}, commit ${commit()}`;
    return `${what}:\n\n| page | p50 ms | p95 ms | longest ms | kB | aim p95 < ${AIM_MS} |\n| --- | --- | --- | --- | --- | --- |\n${rows.join("")}${skipped}`;
  } finally {
    await console.stop();
    await database.close();
  }
}

async function rowOf(visitor: TestVisitor, route: string, path: string): Promise<string> {
  const times: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    const startedAt = performance.now();
    const { status, text } = await visitor.get(path);
    if (status !== 200) throw new Error(`${path} answered ${status}`);
    if (round >= WARM_UP) times.push(performance.now() - startedAt);
    bytes = text.length;
  }
  times.sort((a, b) => a - b);
  const at = (part: number): number => times[Math.ceil(times.length * part) - 1] ?? 0;
  const query = path.includes("?") ? ` \`${path.slice(path.indexOf("?")).slice(0, 60)}\`` : "";
  const verdict = at(0.95) < AIM_MS ? "met" : "missed";
  return `| \`${route}\`${query} | ${at(0.5).toFixed(0)} | ${at(0.95).toFixed(0)} | ${at(1).toFixed(0)} | ${(bytes / 1000).toFixed(0)} | ${verdict} |\n`;
}
