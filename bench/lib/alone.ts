/** Measures that compare the service with itself: small and large groups, small and large directories. */
import { Connection } from "./connection.ts";
import type { Result } from "./result.ts";
import { format, summary } from "./rounds.ts";
import { groupBody, idIn, type ScenarioName } from "./scenarios.ts";
import { seedUsers, someUsers } from "./seed.ts";
import type { Stand } from "./stand.ts";

const ROUNDS = 5;
const ROUND_MS = 1_500;
const LARGE_GROUP = 100_000;
const SMALL_GROUP = 10;
const DIRECTORY = { small: 10_000, large: 1_000_000 };

/** One member into a group of 100,000 beside one into a group of 10; a group of 100,000 made and replaced. */
export async function members(stand: Stand): Promise<readonly Result[]> {
  const { service, load } = stand;
  await seedUsers(service, 1, LARGE_GROUP + 20_000);
  const { userIds } = await someUsers(service, LARGE_GROUP + 20_000);
  const connection = await Connection.open(service.target);
  const large = userIds.slice(0, LARGE_GROUP);
  const timed = async (method: string, path: string, ids: readonly string[]) => {
    const since = performance.now();
    const answer = await connection.send(method, path, groupBody("Measured", ids));
    if (answer.status >= 300) throw new Error(`${method} was answered ${answer.status}: ${answer.body}`);
    return { id: idIn(answer), seconds: (performance.now() - since) / 1000 };
  };
  const created = await timed("POST", "/Groups", large);
  const shifted = userIds.slice(SMALL_GROUP, LARGE_GROUP + SMALL_GROUP);
  const replaced = await timed("PUT", `/Groups/${created.id}`, shifted);
  const small = await timed("POST", "/Groups", large.slice(0, SMALL_GROUP));
  connection.close();
  const others = userIds.slice(LARGE_GROUP + SMALL_GROUP);
  const ratios: number[] = [];
  const times: Record<string, number[]> = { [created.id]: [], [small.id]: [] };
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const groupId of [created.id, small.id]) {
      const userIdsOfRound = others.slice(round * 3_000, (round + 1) * 3_000);
      const { p50Ms } = await load.run({
        target: service.target,
        scenario: "addMember",
        material: { groupIds: [groupId], userIds: userIdsOfRound },
        connections: 1,
        milliseconds: ROUND_MS,
        turnsMax: userIdsOfRound.length,
      });
      if (round > 0) times[groupId]?.push(p50Ms);
    }
  }
  times[created.id]?.forEach((time, index) => ratios.push(time / (times[small.id]?.[index] ?? Number.NaN)));
  return [
    {
      measure: "one member into a group of 100,000, p50 in ms, beside a group of 10",
      service: `${format(summary(times[created.id] ?? []), 2)}, ${format(summary(times[small.id] ?? []), 2)}`,
      baseline: "–",
      verdict: `× ${format(summary(ratios), 2)}`,
    },
    {
      measure: "a group of 100,000 members: created, replaced",
      service: `${created.seconds.toFixed(2)} s, ${replaced.seconds.toFixed(2)} s`,
      baseline: "–",
      verdict: `${replaced.seconds.toFixed(2)} s`,
    },
  ];
}

/** Create, filter and PATCH with a million users stored beside the same with ten thousand. */
export async function size(stand: Stand): Promise<readonly Result[]> {
  const scenarios = ["create", "readByName", "patch"] as const satisfies readonly ScenarioName[];
  await seedUsers(stand.service, 1, DIRECTORY.small);
  const before = await timesOf(stand, scenarios);
  await seedUsers(stand.service, DIRECTORY.small + 1, DIRECTORY.large);
  const after = await timesOf(stand, scenarios);
  return scenarios.map((scenario, index) => {
    const [small = [], large = []] = [before[index], after[index]];
    return {
      measure: `${scenario} with 1,000,000 users stored, p50 in ms, beside 10,000`,
      service: `${format(summary(large), 2)}, ${format(summary(small), 2)}`,
      baseline: "–",
      verdict: `× ${(summary(large).median / summary(small).median).toFixed(2)}`,
    };
  });
}

async function timesOf(stand: Stand, scenarios: readonly ScenarioName[]): Promise<number[][]> {
  const times: number[][] = scenarios.map(() => []);
  const material = await someUsers(stand.service, DIRECTORY.small);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, scenario] of scenarios.entries()) {
      const { p50Ms } = await stand.load.run({
        target: stand.service.target,
        scenario,
        material,
        connections: 1,
        milliseconds: ROUND_MS,
      });
      if (round > 0) times[index]?.push(p50Ms);
    }
  }
  return times;
}
