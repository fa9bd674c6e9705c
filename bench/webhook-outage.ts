/**
 * What becomes of webhooks whose receiver is killed and stays away for minutes, while the directory goes on changing and
 * workers are killed as well? Everything must arrive, each resource in its order, and what comes twice under the same id.
 *
 *   npm run bench:webhook-outage -- [--minutes 5] [--writers 6] [--pause-ms 250] [--queue redis] [--append]
 *                                   [--pause-after SECONDS] [--probe SECONDS]
 *
 * Postgres, queue, an api, two workers and the receiver are processes of their own; the receiver verifies with the official
 * library. The schedule of retries is the default one; --pause-after and --probe shorten the automatic pause (a day) and its
 * probes (an hour), for a run in which it is to be seen. Ends with 1 when anything was lost, out of order or unsigned.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseConfig } from "../src/platform/config.ts";
import { prepareStores } from "../src/prepare.ts";
import { listTenantAudit } from "../src/store/audit.ts";
import { createEndpoint } from "../src/store/webhook-endpoints.ts";
import { addProductKey } from "../test/support/product.ts";
import { addTenant, type ServiceProcess, spawnService, TEST_SECRET } from "../test/support/service.ts";
import { openBenchStores } from "./lib/bench-stores.ts";
import { FeedReader } from "./lib/feed-reader.ts";
import { commit, machine } from "./lib/machine.ts";
import { isGood, judge } from "./lib/outage-check.ts";
import { OutageReceiver } from "./lib/outage-receiver.ts";
import { startOutageWriters } from "./lib/outage-writers.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "5" },
    writers: { type: "string", default: "6" },
    "pause-ms": { type: "string", default: "250" },
    "pause-after": { type: "string" },
    probe: { type: "string" },
    queue: { type: "string", default: "redis" },
    append: { type: "boolean", default: false },
  },
});

const HEADING = "## What becomes of webhooks whose receiver is away for minutes?";
const QUIET_SECONDS = 10;
const WORKER_AWAY_SECONDS = 5;
// The longest pause of an endpoint that fails is five minutes; then all that waits is sent.
const CATCH_UP_SECONDS_MAX = 900;
const WRITES_AFTER_SECONDS = 20;

const started = performance.now();
const benchStores = await openBenchStores(values.queue);
const { database } = benchStores;
const env = {
  ...benchStores.env,
  // The receiver is on this machine; all else is as it is in production.
  WEBHOOK_HTTP_ALLOWED: "true",
  WEBHOOK_PRIVATE_ALLOWED: "true",
  ...(values["pause-after"] !== undefined && { WEBHOOK_PAUSE_SECONDS: values["pause-after"] }),
  ...(values.probe !== undefined && { WEBHOOK_PROBE_SECONDS: values.probe }),
};
const folder = mkdtempSync(join(tmpdir(), "rollcall-receiver-"));
const receiver = new OutageReceiver(join(folder, "taken.jsonl"));
const running = new Set<ServiceProcess>();
try {
  await prepareStores(parseConfig(env));
  const api = await spawn("api");
  const workers = [await spawn("worker"), await spawn("worker")];
  const isFine = await measure(api.apiUrl, workers);
  process.exitCode = isFine ? 0 : 1;
} finally {
  await receiver.kill();
  await Promise.all([...running].map((each) => each.stop()));
  await benchStores.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function measure(apiUrl: string, workers: ServiceProcess[]): Promise<boolean> {
  const { tenantId, scim } = await addTenant({ database }, apiUrl);
  const key = await addProductKey(database, tenantId);
  const get = reader(apiUrl, key);
  const feed = new FeedReader(get);
  await receiver.reserve();
  const wanted = { tenantId, url: receiver.url, types: null, secret: TEST_SECRET };
  const { webhookSecret } = await database.transaction((tx) => createEndpoint(tx, wanted));
  await receiver.start(webhookSecret);
  const pauseMs = Number(values["pause-ms"]);
  const writing = startOutageWriters({ scim, writers: Number(values.writers), pauseMs });
  await sleep(QUIET_SECONDS * 1_000);

  await receiver.kill();
  const awayFrom = Date.now();
  say(`the receiver is killed; it has taken ${receiver.taken().length}`);
  const halfMs = Number(values.minutes) * 30_000;
  await sleep(halfMs - WORKER_AWAY_SECONDS * 1_000);
  await replace(workers, 0);
  await sleep(Math.max(0, awayFrom + 2 * halfMs - Date.now()));
  await feed.catchUp();
  const state = await stateOf(get);
  await receiver.start(webhookSecret);
  const backAt = Date.now();
  const before = new Set(receiver.taken().map(({ id }) => id));
  const waiting = feed.events.filter(({ id }) => !before.has(id)).map(({ id }) => id);
  say(`the receiver is back; ${waiting.length} events wait, the endpoint is ${state}`);

  const first = await arrival(backAt, () => receiver.taken().length > before.size);
  say(`the first message comes after ${first.toFixed(1)} s; a worker is killed`);
  const replaced = replace(workers, 1);
  const caughtUp = await arrival(backAt, () => {
    const arrived = new Set(receiver.taken().map(({ id }) => id));
    return waiting.every((id) => arrived.has(id));
  });
  say(`all that waited has come after ${caughtUp.toFixed(1)} s`);
  await replaced;
  await sleep(WRITES_AFTER_SECONDS * 1_000);
  await writing.stop();
  await arrival(Date.now(), async () => {
    const count = await feed.catchUp();
    return new Set(receiver.taken().map(({ id }) => id)).size >= count;
  });

  const verdict = judge(feed.events, receiver.taken(), writing.acknowledged);
  const pauses = await pausesOf(tenantId, awayFrom, backAt);
  say(
    `in the end the endpoint is ${await stateOf(get)}; ${writing.repeated()} requests were sent again; ${pauses}`,
  );
  say(JSON.stringify(verdict));
  const line = rowOf({
    verdict,
    waiting: waiting.length,
    events: feed.events.length,
    first,
    caughtUp,
    pauses,
  });
  console.log(line);
  if (values.append) addRow(line);
  return isGood(verdict);
}

/** What the product asks with its key. */
function reader(apiUrl: string, key: string): (path: string) => Promise<unknown> {
  return async (path) => {
    const response = await fetch(`${apiUrl}/v1${path}`, { headers: { Authorization: `Bearer ${key}` } });
    if (response.status !== 200) throw new Error(`GET /v1${path} was answered ${response.status}`);
    return response.json();
  };
}

async function spawn(role: string): Promise<ServiceProcess> {
  const process = await spawnService({ ...env, ROLES: role });
  running.add(process);
  return process;
}

/** A worker dies as it stands, and another comes in its place. */
async function replace(workers: ServiceProcess[], index: number): Promise<void> {
  const [old] = workers.splice(index, 1);
  if (old === undefined) return;
  running.delete(old);
  await old.kill();
  say("a worker is killed");
  await sleep(WORKER_AWAY_SECONDS * 1_000);
  workers.splice(index, 0, await spawn("worker"));
}

/** @returns after how many seconds it held, which is awaited for so long at most */
async function arrival(since: number, holds: () => boolean | Promise<boolean>): Promise<number> {
  while (!(await holds())) {
    if (Date.now() - since > CATCH_UP_SECONDS_MAX * 1_000) {
      say(`did not come to pass within ${CATCH_UP_SECONDS_MAX} s`);
      break;
    }
    await sleep(200);
  }
  return (Date.now() - since) / 1_000;
}

async function stateOf(get: (path: string) => Promise<unknown>): Promise<string> {
  const { webhooks } = (await get("/webhooks")) as {
    readonly webhooks: readonly {
      readonly state: string;
      readonly pending: number;
      readonly failed: number;
    }[];
  };
  const [{ state, pending, failed } = { state: "gone", pending: 0, failed: 0 }] = webhooks;
  return `${state} (${pending} pending, ${failed} failed)`;
}

/** Of the audit: after how many seconds it was paused and taken up again. */
async function pausesOf(tenantId: string, awayFrom: number, backAt: number): Promise<string> {
  const after = (at: Date, since: number): string => `${((at.getTime() - since) / 1_000).toFixed(0)} s`;
  const changes = (await listTenantAudit(database, tenantId, 100)).toReversed().flatMap(({ at, action }) => {
    if (action === "webhook.paused") return [`paused ${after(at, awayFrom)} after the kill`];
    return action === "webhook.resumed" ? [`resumed ${after(at, backAt)} after the return`] : [];
  });
  return changes.length === 0 ? "no pause" : changes.join(", ");
}

interface Found {
  readonly verdict: ReturnType<typeof judge>;
  readonly waiting: number;
  readonly events: number;
  readonly first: number;
  readonly caughtUp: number;
  readonly pauses: string;
}

function rowOf({ verdict, waiting, events, first, caughtUp, pauses }: Found): string {
  const { lost, disordered, foreign, unsigned, repeated, miscounted } = verdict;
  const cells = [
    ...[new Date().toISOString().slice(0, 10), commit(), machine(), values.queue],
    ...[`${values.minutes} min, ${values.writers}`, `${events}, ${waiting}`],
    ...[`${first.toFixed(1)} s`, `${caughtUp.toFixed(1)} s`, pauses],
    ...[`${lost} / ${disordered} / ${unsigned + foreign + miscounted}`, String(repeated)],
  ];
  return `| ${cells.join(" | ")} |\n`;
}

function say(text: string): void {
  console.log(`${((performance.now() - started) / 1_000).toFixed(0).padStart(6)} s  ${text}`);
}

/** Behind the rows that this question has in bench/README.md. */
function addRow(line: string): void {
  const path = join(import.meta.dirname, "README.md");
  const [before = "", own = ""] = readFileSync(path, "utf8").split(
    new RegExp(`(?=^${HEADING.replace("?", "\\?")})`, "m"),
  );
  const end = /(?<=^\|.*\n)(?!\|)/m.exec(own)?.index ?? own.length;
  writeFileSync(path, before + own.slice(0, end) + line + own.slice(end));
}
