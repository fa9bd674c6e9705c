/** The load generator, as a process of its own: takes one load at a time from its parent, and tells what it saw. */
import { Connection, type Target } from "./connection.ts";
import { type Material, type ScenarioName, SCENARIOS, sender } from "./scenarios.ts";

export interface Load {
  readonly target: Target;
  readonly scenario: ScenarioName;
  readonly material: Material;
  readonly connections: number;
  readonly milliseconds: number;
  /** Ends the load before its time, once so many turns have begun. */
  readonly turnsMax?: number;
}

export interface Seen {
  readonly requests: number;
  /** How often the scenario was gone through. */
  readonly turns: number;
  readonly seconds: number;
  /** Of a request. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

export type Report = { readonly seen: Seen } | { readonly error: string };

process.on("message", (load: Load) => {
  run(load).then(
    (seen) => process.send?.({ seen } satisfies Report),
    (error: unknown) =>
      process.send?.({ error: error instanceof Error ? error.message : String(error) } satisfies Report),
  );
});

async function run({ target, scenario, material, connections, milliseconds, turnsMax }: Load): Promise<Seen> {
  const turn = SCENARIOS[scenario];
  const times: number[] = [];
  let turns = 0;
  const open = await Promise.all(Array.from({ length: connections }, () => Connection.open(target)));
  const since = performance.now();
  const until = since + milliseconds;
  try {
    await Promise.all(
      open.map(async (connection) => {
        const send = sender(connection, (ms) => times.push(ms));
        while (performance.now() < until && turns < (turnsMax ?? Infinity)) {
          const index = turns;
          turns += 1;
          await turn({ send, material, index });
        }
      }),
    );
  } finally {
    for (const connection of open) connection.close();
  }
  const seconds = (performance.now() - since) / 1000;
  times.sort((a, b) => a - b);
  const at = (share: number): number =>
    times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0;
  return { requests: times.length, turns, seconds, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99) };
}
