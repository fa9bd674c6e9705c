/**
 * Is writing through the queue as fast as writing without one? The service beside the plain server that one would
 * write without a queue (bench/baseline), in turns on the same Postgres, each under the same load.
 *
 *   npm run bench                                  # everything, on both queues; about twenty minutes
 *   npm run bench -- creates latency --queue redis # some measures, on one queue
 *   npm run bench -- members --append              # add what was found to bench/README.md
 *
 * Client, servers and stores share the machine's cores: the ratios tell, and rates are a floor.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { members, size } from "./lib/alone.ts";
import { memory, ROLES_APART, workers } from "./lib/apart.ts";
import { commit, machine } from "./lib/machine.ts";
import { HEADER, type Result, rowOf } from "./lib/result.ts";
import { creates, cycle, latency, readsById, readsByName } from "./lib/side-by-side.ts";
import { openStand, type QueueKind, type Stand } from "./lib/stand.ts";

const README = join(import.meta.dirname, "README.md");

const MEASURES: Readonly<Record<string, (stand: Stand) => Promise<Result | readonly Result[]>>> = {
  creates,
  cycle,
  latency,
  "reads-by-name": readsByName,
  "reads-by-id": readsById,
  members,
  size,
  workers,
  memory,
};
// Whatever --roles says, api and worker are processes of their own.
const APART = new Set(["workers", "memory"]);
// Filling a million rows takes minutes, and what it shows does not depend on where the queue lives.
const REDIS_ONLY = new Set(["size"]);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    queue: { type: "string", default: "both" },
    /** Of the service's processes, one process each, separated by "+". */
    roles: { type: "string", default: "api,worker,dashboard" },
    append: { type: "boolean", default: false },
  },
});

const unknown = positionals.find((name) => !(name in MEASURES));
if (unknown !== undefined) {
  console.error(`There is no measure "${unknown}"; there are ${Object.keys(MEASURES).join(", ")}.`);
  process.exit(2);
}
const wanted = positionals.length > 0 ? positionals : Object.keys(MEASURES);
const queues: QueueKind[] = values.queue === "both" ? ["redis", "postgres"] : [values.queue as QueueKind];

for (const queue of queues) await measure(queue);

async function measure(queue: QueueKind): Promise<void> {
  const given = values.roles.split("+");
  const roles = wanted.every((name) => APART.has(name)) ? ROLES_APART : given;
  const title = `${new Date().toISOString().slice(0, 10)}, ${commit()}, queue on ${queue}, ${roles.length === 1 ? "one process of all roles" : `processes ${roles.join(" + ")}`}, ${machine()}; medians (least–most)`;
  const rows: string[] = [];
  const show = (text: string): void => {
    process.stdout.write(text);
    rows.push(text);
  };
  show(`\n${title}:\n\n${HEADER}`);
  for (const name of wanted) {
    if (queue === "postgres" && REDIS_ONLY.has(name) && positionals.length === 0) continue;
    // Stores of its own for each measure: none finds the tables that another one filled.
    const stand = await openStand(queue, APART.has(name) ? ROLES_APART : given);
    try {
      const found = (await MEASURES[name]?.(stand)) ?? [];
      for (const result of [found].flat()) show(rowOf(result));
    } finally {
      await stand.stop();
    }
  }
  if (values.append) append(rows.join(""));
}

/** Below what was found before: the section of this question is the first. */
function append(found: string): void {
  const [head = "", first = "", ...others] = readFileSync(README, "utf8").split(/^(?=## )/m);
  writeFileSync(README, [head, `${first.trimEnd()}\n${found}\n`, ...others].join(""));
}
