/** Measures of processes of one role each: what a second worker gives, and how much memory api and worker take. */
import { setTimeout as sleep } from "node:timers/promises";
import { Connection } from "./connection.ts";
import { residentMib } from "./cpu.ts";
import type { Result } from "./result.ts";
import { format, summary } from "./rounds.ts";
import { newUserName, userBody } from "./scenarios.ts";
import type { Stand } from "./stand.ts";

/** One process each; the first is the api. */
export const ROLES_APART = ["api", "worker"] as const;

const ROUNDS = 5;
const ROUND_MS = 3_000;
const CONNECTIONS = 64;

/** Creates a second with two workers beside one. Client, stores and all processes share the machine's cores. */
export async function workers(stand: Stand): Promise<Result> {
  const rates: { one: number[]; two: number[] } = { one: [], two: [] };
  await rateOf(stand, 2 * ROUND_MS);
  for (let round = 0; round < ROUNDS; round += 1) {
    rates.one.push(await rateOf(stand, ROUND_MS));
    const second = await stand.spawn("worker");
    await rateOf(stand, ROUND_MS); // Until its code is compiled.
    rates.two.push(await rateOf(stand, ROUND_MS));
    await second.stop();
  }
  const ratios = rates.two.map((rate, index) => rate / (rates.one[index] ?? Number.NaN));
  return {
    measure:
      "durable creates/s, 64 connections: two workers, one worker (processes of their own, client on the same cores)",
    service: `${format(summary(rates.two), 0)}, ${format(summary(rates.one), 0)}`,
    baseline: "–",
    verdict: `× ${format(summary(ratios), 2)}`,
  };
}

async function rateOf({ load, service }: Stand, milliseconds: number): Promise<number> {
  const { requests, seconds } = await load.run({
    ...{ target: service.target, scenario: "create", material: {} },
    ...{ connections: CONNECTIONS, milliseconds },
  });
  return requests / seconds;
}

const WAITING = 1_000;
// Well within the budget of a request, and before Postgres ends the transaction of a worker that says nothing.
const HELD_MS = 3_000;
const FULL_LOAD_MS = [20_000, 40_000] as const;

/** Resident memory of the api while 1,000 requests wait for a worker that stands still; of a worker under full load. */
export async function memory(stand: Stand): Promise<readonly Result[]> {
  const [api = 0, worker = 0] = stand.service.pids;
  await rateOf(stand, ROUND_MS);
  const quiet = residentMib(api);
  const waiting = await whileWaiting(stand, worker, () => residentMib(api));
  await sleep(ROUND_MS);
  const afterwards = residentMib(api);
  const loaded: number[] = [];
  for (const milliseconds of FULL_LOAD_MS) {
    await rateOf(stand, milliseconds);
    loaded.push(residentMib(worker));
  }
  const mib = (value: number): string => `${value.toFixed(0)} MiB`;
  return [
    {
      measure: "memory of an api of its own: before, while 1,000 requests wait, afterwards",
      service: [quiet, waiting, afterwards].map(mib).join(", "),
      baseline: "–",
      verdict: `+ ${mib(waiting - quiet)}`,
    },
    {
      measure:
        "memory of a worker of its own under full load, 64 connections: after 20 s, after another 40 s",
      service: loaded.map(mib).join(", "),
      baseline: "–",
      verdict: `+ ${mib((loaded[1] ?? 0) - (loaded[0] ?? 0))}`,
    },
  ];
}

/** @returns what was looked at while the worker stood still and the requests waited */
async function whileWaiting({ service }: Stand, worker: number, look: () => number): Promise<number> {
  const connections = await Promise.all(
    Array.from({ length: WAITING }, () => Connection.open(service.target)),
  );
  process.kill(worker, "SIGSTOP");
  try {
    const answers = connections.map((connection) =>
      connection.send("POST", "/Users", userBody(newUserName())),
    );
    await sleep(HELD_MS);
    const seen = look();
    process.kill(worker, "SIGCONT");
    const failed = (await Promise.all(answers)).filter(({ status }) => status !== 201);
    if (failed.length > 0)
      throw new Error(`${failed.length} of ${WAITING} were not answered 201, but ${failed[0]?.status}`);
    return seen;
  } finally {
    process.kill(worker, "SIGCONT");
    for (const connection of connections) connection.close();
  }
}
