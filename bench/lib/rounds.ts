/**
 * Side by side: the same load on service and baseline in turns, because this minute's machine is not the next
 * minute's. A ratio is made of the two halves of one round; medians are told with their spread.
 */
import { cpuSeconds, cpuSecondsOfFamily, type Used } from "./cpu.ts";
import type { Load, Seen } from "./generator.ts";
import type { Material } from "./scenarios.ts";
import type { Side, Stand } from "./stand.ts";

export interface Rounds {
  readonly scenario: Load["scenario"];
  readonly connections: number;
  readonly rounds: number;
  readonly milliseconds: number;
  /** Before anything counts: as a service that has been up for a while. */
  readonly warmUp: { readonly connections: number; readonly milliseconds: number };
  readonly material?: (side: Side) => Promise<Material>;
}

/** What the client saw, and what a request cost in processor time. */
export type Round = Seen & { readonly cost: Used };

export interface Pair {
  readonly service: Round;
  readonly baseline: Round;
}

export async function alternate(stand: Stand, plan: Rounds): Promise<readonly Pair[]> {
  const { service, baseline, load } = stand;
  const material = new Map<Side, Material>();
  for (const side of [service, baseline]) material.set(side, (await plan.material?.(side)) ?? {});
  const run = async (side: Side, { connections, milliseconds } = plan): Promise<Round> => {
    const before = usedBy(stand, side);
    const seen = await load.run({
      target: side.target,
      scenario: plan.scenario,
      material: material.get(side) ?? {},
      connections,
      milliseconds,
    });
    return { ...seen, cost: costOf(before, usedBy(stand, side), seen.requests) };
  };
  // Once without counting: compiled code, filled pools, open cycle.
  for (const side of [service, baseline]) await run(side, { ...plan, ...plan.warmUp });
  const pairs: Pair[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    // Who goes first changes, so that neither always follows the other's checkpoint.
    const first = round % 2 === 0 ? await run(service) : undefined;
    const base = await run(baseline);
    pairs.push({ service: first ?? (await run(service)), baseline: base });
  }
  return pairs;
}

function usedBy({ postgresPid, redisPid }: Stand, { pids }: Side): Used {
  return {
    node: pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0),
    postgres: cpuSecondsOfFamily(postgresPid),
    redis: redisPid === undefined ? 0 : cpuSeconds(redisPid),
  };
}

function costOf(before: Used, after: Used, requests: number): Used {
  const msOf = (part: keyof Used): number => ((after[part] - before[part]) * 1000) / requests;
  return { node: msOf("node"), postgres: msOf("postgres"), redis: msOf("redis") };
}

export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function summary(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const below = sorted[Math.ceil(sorted.length / 2) - 1] ?? 0;
  return { median: (middle + below) / 2, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

/** "1.52 (1.40–1.61)" */
export function format({ median, least, most }: Summary, digits: number): string {
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}
