/** Measures that service and baseline both take: rates at many connections, the time of one write at one. */
import { Connection } from "./connection.ts";
import type { Used } from "./cpu.ts";
import type { Seen } from "./generator.ts";
import type { Result } from "./result.ts";
import { alternate, format, type Pair, type Rounds, summary } from "./rounds.ts";
import { groupBody, idIn, type Material } from "./scenarios.ts";
import { seedUsers, someUsers } from "./seed.ts";
import type { Side, Stand } from "./stand.ts";

const ROUNDS = 5;
const ROUND_MS = 3_000;
const CONNECTIONS = 64;
// Of a directory that reads look into, and of the groups that new members are spread over.
const USERS = 10_000;
const GROUPS = 50;

export function creates(stand: Stand): Promise<readonly Result[]> {
  return rates(stand, "durable creates/s, 64 connections", { scenario: "create" });
}

export function cycle(stand: Stand): Promise<readonly Result[]> {
  return rates(stand, "mixed cycle: probe, create, PATCH active, add member; requests/s, 64 connections", {
    scenario: "cycle",
    material: async (side) => ({ groupIds: await createGroups(side) }),
  });
}

export function readsByName(stand: Stand): Promise<readonly Result[]> {
  return rates(stand, "GET userName eq, requests/s, 64 connections", {
    scenario: "readByName",
    material: seeded,
  });
}

export function readsById(stand: Stand): Promise<readonly Result[]> {
  return rates(stand, "GET by id, requests/s, 64 connections", { scenario: "readById", material: seeded });
}

export async function latency(stand: Stand): Promise<readonly Result[]> {
  const pairs = await alternate(stand, { ...PLAN, scenario: "create", connections: 1 });
  const p50 = (pick: (pair: (typeof pairs)[number]) => number): ReturnType<typeof summary> =>
    summary(pairs.map(pick));
  const found = {
    measure: "one create, one connection, p50 in ms",
    service: format(
      p50(({ service }) => service.p50Ms),
      2,
    ),
    baseline: format(
      p50(({ baseline }) => baseline.p50Ms),
      2,
    ),
    verdict: `+ ${format(
      p50(({ service, baseline }) => service.p50Ms - baseline.p50Ms),
      2,
    )} ms`,
  };
  return [found, costs(pairs)];
}

// Thousands of requests: a few hundred would measure how V8 compiles.
const WARM_UP = { connections: CONNECTIONS, milliseconds: 10_000 };
const PLAN = { connections: CONNECTIONS, rounds: ROUNDS, milliseconds: ROUND_MS, warmUp: WARM_UP };

async function rates(
  stand: Stand,
  measure: string,
  plan: Pick<Rounds, "scenario" | "material">,
): Promise<readonly Result[]> {
  const pairs = await alternate(stand, { ...PLAN, ...plan });
  const rate = ({ requests, seconds }: Seen): number => requests / seconds;
  const found = {
    measure,
    service: format(summary(pairs.map(({ service }) => rate(service))), 0),
    baseline: format(summary(pairs.map(({ baseline }) => rate(baseline))), 0),
    verdict: `× ${format(summary(pairs.map(({ service, baseline }) => rate(service) / rate(baseline))), 2)}`,
  };
  return [found, costs(pairs)];
}

/** Where a request's cost lies: unlike a rate it hardly minds what else the machine does. */
function costs(pairs: readonly Pair[]): Result {
  const medians = (side: keyof Pair): number[] =>
    PARTS.map((part) => summary(pairs.map((pair) => pair[side].cost[part])).median);
  const [service, baseline] = [medians("service"), medians("baseline")];
  const text = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(" / ");
  return {
    measure: "– its processor ms a request: Node / Postgres / Redis",
    service: text(service),
    baseline: text(baseline),
    verdict: `Node × ${((service[0] ?? 0) / (baseline[0] ?? 1)).toFixed(2)}`,
  };
}

const PARTS = ["node", "postgres", "redis"] as const satisfies readonly (keyof Used)[];

async function createGroups({ target }: Side): Promise<readonly string[]> {
  const connection = await Connection.open(target);
  const ids: string[] = [];
  for (let number = 0; number < GROUPS; number += 1) {
    ids.push(idIn(await connection.send("POST", "/Groups", groupBody(`Group ${number}`))));
  }
  connection.close();
  return ids;
}

async function seeded(side: Side): Promise<Material> {
  const { userIds } = await someUsers(side, USERS);
  if (userIds.length < USERS) await seedUsers(side, 1, USERS);
  return someUsers(side, USERS);
}
