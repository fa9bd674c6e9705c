/**
 * What does an installation of 10,000 tenants and 50 million users need? Measures what one request and one row cost here,
 * reckons from that what this machine should do with a mix it was not measured with, measures that too, and prints both.
 *
 *   npm run bench:capacity -- [--seconds 8] [--append]
 *
 * `--append` puts the tables into docs/scaling.md. One api and one worker, the queue on Redis; the client shares the cores.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { DatabasePool } from "../src/store/database.ts";
import { addProductKey } from "../test/support/product.ts";
import { type Cost, costOf, needOf, rateOn, type RowBytes, total } from "./lib/capacity-model.ts";
import { Connection } from "./lib/connection.ts";
import { busySeconds, cpuSeconds, cpuSecondsOfFamily } from "./lib/cpu.ts";
import { comparison, costTable, type Line, needTable } from "./lib/capacity-tables.ts";
import { runLoad } from "./lib/load.ts";
import { commit, machine } from "./lib/machine.ts";
import { groupBody, idIn, type Material, type ScenarioName } from "./lib/scenarios.ts";
import { someUsers } from "./lib/seed.ts";
import { openStand, type Stand } from "./lib/stand.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "8" }, append: { type: "boolean", default: false } },
});
const milliseconds = Number(values.seconds) * 1_000;
const CONNECTIONS = 64;
const WARM_UP_MS = 4_000;
const CORES = cpus().length;

interface Measured {
  readonly perSecond: number;
  readonly cost: Cost;
  /** Of the client, on the same cores. */
  readonly clientMs: number;
  /** Cores that nobody else used meanwhile. */
  readonly cores: number;
}
const INSTALLATION = {
  tenants: 10_000,
  users: 50_000_000,
  changedPerDay: 0.01,
  peak: 5,
  signInsPerUserPerDay: 2,
  writeDays: 90,
  eventDays: 30,
  writesAtFirst: 3,
} as const;

const stand = await openStand("redis", ["api", "worker"]);
try {
  const text = await measureAll(stand);
  console.log(text);
  if (values.append) intoPage(text);
} finally {
  await stand.stop();
}

async function measureAll(on: Stand): Promise<string> {
  const { database, tenantId } = on.service;
  const groupIds = [await addGroup(on)];
  await measure(on, "create", {}, WARM_UP_MS);
  const users = await someUsers(on.service, 5_000);
  const material = { ...users, groupIds };
  await measure(on, "cycle", material, WARM_UP_MS);
  const create = await measure(on, "create", {}, milliseconds);
  const patch = await measure(on, "patch", material, milliseconds);
  const readByName = await measure(on, "readByName", material, milliseconds);
  const addMember = await measure(on, "addMember", material, milliseconds);
  const loginCheck = await measureLoginChecks(on, users.userNames);
  const before = await rowBytes(database, tenantId);

  const cycle = await measure(on, "cycle", material, milliseconds);
  const after = await rowBytes(database, tenantId);
  const connections = await countConnections(database);

  const costs = {
    create: create.cost,
    patch: patch.cost,
    readByName: readByName.cost,
    addMember: addMember.cost,
  };
  const clients = create.clientMs + patch.clientMs + readByName.clientMs + addMember.clientMs;
  const turn = costOf({ create: 1, patch: 1, readByName: 1, addMember: 1 }, costs);
  const lines = [
    ...ratesOf({ create, readByName, loginCheck, cycle }, turn, clients),
    ...sizesOf(before, after),
  ];
  const measuredCosts = { ...costs, "login check": loginCheck.cost };
  const need = needOf(
    INSTALLATION,
    { write: patch.cost, read: readByName.cost, loginCheck: loginCheck.cost },
    after,
  );
  return [
    `${new Date().toISOString().slice(0, 10)}, ${commit()}, ${machine()}; queue on Redis, an api and a worker.`,
    `Others used ${(CORES - cycle.cores).toFixed(2)} of the cores during the mixed load, ${(CORES - create.cores).toFixed(2)} during the creates.\n`,
    costTable(measuredCosts, after),
    `Connections to Postgres under load: ${connections}.\n`,
    comparison(lines),
    needTable(need, create.cost),
  ].join("\n");
}

type Rates = Readonly<Record<"create" | "readByName" | "loginCheck" | "cycle", Measured>>;

/** What the machine should do a second, from what one costs, beside what it did. */
function ratesOf(
  { create, readByName, loginCheck, cycle }: Rates,
  turn: Cost,
  clients: number,
): readonly Line[] {
  return [
    {
      what: "creates/s",
      model: rateOn(create.cores, create.cost, create.clientMs),
      measured: create.perSecond,
      unit: "",
    },
    {
      what: "look-ups by name/s",
      model: rateOn(readByName.cores, readByName.cost, readByName.clientMs),
      measured: readByName.perSecond,
      unit: "",
    },
    {
      what: "login checks/s, one a request",
      model: rateOn(loginCheck.cores, loginCheck.cost, loginCheck.clientMs),
      measured: loginCheck.perSecond,
      unit: "",
    },
    {
      what: "turns/s of a cycle: look-up, create, change, membership",
      model: rateOn(cycle.cores, turn, clients),
      measured: cycle.perSecond,
      unit: "",
    },
    {
      what: "processor ms of such a turn, without the client",
      model: total(turn),
      measured: total(cycle.cost),
      unit: " ms",
    },
  ];
}

/** What the rows that came since should take, from what one took before. */
function sizesOf(before: Sizes, after: Sizes): readonly Line[] {
  return [
    {
      what: "users, after as many again",
      model: (before.users * after.counts.users) / 1e6,
      measured: (after.users * after.counts.users) / 1e6,
      unit: " MB",
    },
    {
      what: "ledger, after the cycle",
      model: (before.writes * after.counts.writes) / 1e6,
      measured: (after.writes * after.counts.writes) / 1e6,
      unit: " MB",
    },
    {
      what: "events, after the cycle",
      model: (before.events * after.counts.events) / 1e6,
      measured: (after.events * after.counts.events) / 1e6,
      unit: " MB",
    },
  ];
}

async function measure(
  on: Stand,
  scenario: ScenarioName,
  material: Material,
  forMs: number,
): Promise<Measured> {
  const since = usedBy(on);
  const { turns, seconds } = await on.load.run({
    target: on.service.target,
    scenario,
    material,
    connections: CONNECTIONS,
    milliseconds: forMs,
  });
  return measuredOf([since, usedBy(on)], turns, seconds);
}

async function measureLoginChecks(on: Stand, userNames: readonly string[]): Promise<Measured> {
  const key = await addProductKey(on.service.database, on.service.tenantId);
  const url = new URL(on.service.target.url).origin;
  let index = 0;
  const body = (): string => JSON.stringify({ userName: userNames[(index += 1) % userNames.length] });
  const load = { url, path: "/v1/login-check", key, body, connections: CONNECTIONS };
  await runLoad({ ...load, seconds: WARM_UP_MS / 1_000 });
  const [since, own] = [usedBy(on), process.cpuUsage()];
  const { perSecond, errors } = await runLoad({ ...load, seconds: milliseconds / 1_000 });
  if (errors > 0) throw new Error(`${errors} login checks failed`);
  const { user, system } = process.cpuUsage(own);
  const seconds = milliseconds / 1_000;
  return measuredOf([since, usedBy(on)], perSecond * seconds, seconds, (user + system) / 1e6);
}

type Used = Cost & { readonly client: number; readonly all: number };

/** Seconds of a processor since the start. */
function usedBy({ service, postgresPid, redisPid, load }: Stand): Used {
  const [api = 0, worker = 0] = service.pids.map(cpuSeconds);
  return {
    api,
    worker,
    postgres: cpuSecondsOfFamily(postgresPid),
    redis: redisPid === undefined ? 0 : cpuSeconds(redisPid),
    client: cpuSeconds(load.pid),
    all: busySeconds(),
  };
}

/** @param client - seconds of the client, where it is this process */
function measuredOf(
  [since, now]: readonly [Used, Used],
  turns: number,
  seconds: number,
  client?: number,
): Measured {
  const ms = (place: keyof Used): number => ((now[place] - since[place]) * 1_000) / turns;
  const clientMs = client === undefined ? ms("client") : (client * 1_000) / turns;
  const cost = { api: ms("api"), worker: ms("worker"), postgres: ms("postgres"), redis: ms("redis") };
  const ours = ms("api") + ms("worker") + ms("postgres") + ms("redis") + clientMs;
  const others = Math.max(0, ((ms("all") - ours) * turns) / 1_000 / seconds);
  return { perSecond: turns / seconds, cost, clientMs, cores: CORES - others };
}

async function addGroup(on: Stand): Promise<string> {
  const connection = await Connection.open(on.service.target);
  const id = idIn(await connection.send("POST", "/Groups", groupBody("Everybody")));
  connection.close();
  return id;
}

type Sizes = RowBytes & { readonly counts: RowBytes };

/** With indexes, of a table and its partitions. */
async function rowBytes(database: DatabasePool, tenantId: string): Promise<Sizes> {
  const one = async (table: "users" | "writes" | "events"): Promise<[number, number]> => {
    const [size] = await database.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_total_relation_size(relid)), pg_total_relation_size($1::regclass)) AS bytes
         FROM pg_partition_tree($1::regclass) WHERE isleaf`,
      [table],
    );
    const [rows] = await database.query<{ count: string }>(
      `SELECT count(*) AS count FROM ${table} WHERE tenant_id = $1`,
      [tenantId],
    );
    const count = Number(rows?.count ?? 0);
    return [Number(size?.bytes ?? 0) / count, count];
  };
  const [[users, userCount], [writes, writeCount], [events, eventCount]] = [
    await one("users"),
    await one("writes"),
    await one("events"),
  ];
  return { users, writes, events, counts: { users: userCount, writes: writeCount, events: eventCount } };
}

async function countConnections(database: DatabasePool): Promise<string> {
  const rows = await database.query<{ name: string; count: string }>(
    `SELECT application_name AS name, count(*) AS count FROM pg_stat_activity
      WHERE application_name LIKE 'rollcall-%' AND application_name <> 'rollcall-bench' GROUP BY 1 ORDER BY 1`,
  );
  return rows.map(({ name, count }) => `${count} of ${name}`).join(", ");
}

/** Between the marks that the page has for it. */
function intoPage(text: string): void {
  const path = join(import.meta.dirname, "../docs/scaling.md");
  const page = readFileSync(path, "utf8");
  const marked = /(?<=<!-- bench:capacity -->\n)[^]*(?=<!-- end -->)/;
  if (!marked.test(page)) throw new Error("docs/scaling.md has no place for the tables");
  writeFileSync(path, page.replace(marked, `\n${text}\n`));
}
