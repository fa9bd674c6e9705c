/**
 * What does one tenant notice of another's initial cycle? Tenant B goes on with its small cycle, one request at a time,
 * first alone and then while tenant A provisions as fast as it is answered.
 *
 *   npm run bench:fairness -- [--seconds 60] [--connections 64] [--queue redis] [--append]
 *
 * Client, service and stores share the machine's cores: what B waits for is then the processor as well as the queue.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addTenant } from "../test/support/service.ts";
import { Connection, type Target } from "./lib/connection.ts";
import { commit, machine } from "./lib/machine.ts";
import { SCENARIOS, sender } from "./lib/scenarios.ts";
import { openStand, type QueueKind } from "./lib/stand.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    connections: { type: "string", default: "64" },
    queue: { type: "string", default: "redis" },
    append: { type: "boolean", default: false },
  },
});
const milliseconds = Number(values.seconds) * 1_000;
// Azure's small cycles come one request after another, with pauses of its own.
const PAUSE_MS = 25;
const WARM_UP_MS = 3_000;

interface Times {
  readonly requests: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

const stand = await openStand(values.queue as QueueKind, ["api,worker,dashboard"]);
try {
  const a = stand.service.target;
  const { token } = await addTenant(stand.service, new URL(a.url).origin);
  const b = { url: a.url, token };
  await smallCycle(b, WARM_UP_MS);
  const quiet = await smallCycle(b, milliseconds / 2);
  const initialCycle = stand.load.run({
    target: a,
    scenario: "create",
    material: {},
    connections: Number(values.connections),
    milliseconds: milliseconds + WARM_UP_MS,
    turnsMax: 200_000,
  });
  await sleep(WARM_UP_MS);
  const busy = await smallCycle(b, milliseconds);
  const { turns, seconds } = await initialCycle;
  const line = rowOf({ quiet, busy, creates: turns / seconds });
  console.log(line);
  if (values.append) appendFileSync(join(import.meta.dirname, "README.md"), line);
} finally {
  await stand.stop();
}

/** Users are made and disabled, over and over. @returns how long its writes took */
async function smallCycle(target: Target, forMs: number): Promise<Times> {
  const times: number[] = [];
  const connection = await Connection.open(target);
  const send = sender(connection, (ms) => times.push(ms));
  const until = performance.now() + forMs;
  for (let index = 0; performance.now() < until; index += 1) {
    await SCENARIOS.create({ send, material: {}, index });
    await sleep(PAUSE_MS);
  }
  connection.close();
  times.sort((x, y) => x - y);
  const at = (share: number): number => times[Math.floor((times.length - 1) * share)] ?? Number.NaN;
  return { requests: times.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}

function rowOf(found: { readonly quiet: Times; readonly busy: Times; readonly creates: number }): string {
  const figures = ({ p50Ms, p95Ms, p99Ms }: Times): string =>
    [p50Ms, p95Ms, p99Ms].map((ms) => ms.toFixed(1)).join(" / ");
  const cells = [
    new Date().toISOString().slice(0, 10),
    commit(),
    machine(),
    values.queue,
    `${values.connections} at once: ${Math.round(found.creates)} creates/s`,
    figures(found.quiet),
    figures(found.busy),
    (found.busy.p95Ms / found.quiet.p95Ms).toFixed(1),
  ];
  return `| ${cells.join(" | ")} |\n`;
}
