/**
 * A scoping filter is changed by mistake, and Azure deactivates 40 % of 10,000 users in one cycle: what does the guard let
 * through, does everything else go on, and what becomes of it when an admin releases or rejects?
 *
 *   npm run bench:guard -- [--users 10000] [--percent 40] [--limit 500] [--queue redis]
 *     [--decision release|reject] [--append]
 *
 * The Azure AD simulator provisions a tenant, then makes the mistake beside its usual joiners, movers and leavers. Once all
 * that is held is released, once it is rejected and the filter mended; in the end the simulator compares the directory
 * with what it sent. Ends with 1 where anything is not as it should be. `--append` adds the figures to bench/README.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { parseConfig } from "../src/platform/config.ts";
import { prepareStores } from "../src/prepare.ts";
import { releaseCommands } from "../src/queue/release.ts";
import type { DatabasePool } from "../src/store/database.ts";
import { setGuard } from "../src/store/deactivation-guards.ts";
import { decideAllHeld } from "../src/store/held-deactivations.ts";
import { addTenant, spawnService } from "../test/support/service.ts";
import type { Report } from "../tools/azure-ad/report.ts";
import { runSimulation } from "../tools/azure-ad/simulation.ts";
import { openBenchStores } from "./lib/bench-stores.ts";
import { commit, machine } from "./lib/machine.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "10000" },
    percent: { type: "string", default: "40" },
    limit: { type: "string", default: "500" },
    queue: { type: "string", default: "redis" },
    decision: { type: "string", default: "release,reject" },
    append: { type: "boolean", default: false },
  },
});
const users = Number(values.users);
const limit = Number(values.limit);
const mistakenShare = Number(values.percent) / 100;
const RELEASE_MS_MAX = 300_000;
const HEADING = "## What does the guard do";
// Azure itself cannot say who the manager is of somebody who reports to a person out of scope.
const MANAGER_LEFT = /^the manager of .* is not provisioned$/;
const NEVER_OUT = /active was provisioned as false, found as true before an update$/;

type Decision = "release" | "reject";

const benchStores = await openBenchStores(values.queue);
const { env, database } = benchStores;
const faults: string[] = [];
try {
  await prepareStores(parseConfig(env));
  const service = await spawnService({ ...env, ROLES: "api,worker", CYCLE_IDLE_SECONDS: "5" });
  try {
    const wanted = values.decision.split(",");
    for (const decision of (["release", "reject"] as const).filter((each) => wanted.includes(each))) {
      const line = await measure(service.apiUrl, decision);
      console.log(line);
      if (values.append && faults.length === 0) addRows(line);
    }
  } finally {
    await service.stop();
  }
} finally {
  await benchStores.stop();
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

interface Counts {
  readonly active: number;
  readonly inactive: number;
  readonly waiting: number;
}

async function measure(apiUrl: string, decision: Decision): Promise<string> {
  const tenant = await addTenant({ database }, apiUrl);
  const { tenantId, connectionId, token } = tenant;
  const answer = "accept" as const;
  await database.transaction((tx) =>
    setGuard(tx, { tenantId, connectionId }, { usersMax: limit, percentMax: null, answer }),
  );
  let held: Counts = { active: 0, inactive: 0, waiting: 0 };
  let decidedSeconds = 0;
  const report = await runSimulation({
    ...{ url: `${apiUrl}/scim/v2`, token, users, groups: 20, groupSize: 50, seed: 5, mistakenShare },
    ...{ cycles: decision === "release" ? 2 : 3, beat: 0, concurrency: 16, dialect: "mixed" },
    async onCycle({ cycle }) {
      console.log(`cycle ${cycle}: ${JSON.stringify(await countsOf(database, tenantId))}`);
      await cycleEnds(database, tenantId);
      if (cycle !== 2) return;
      held = await countsOf(database, tenantId);
      expectThat(held.inactive === limit, `${held.inactive} were deactivated with a limit of ${limit}`);
      expectThat(held.waiting > users * mistakenShare - limit, `${held.waiting} are held`);
      decidedSeconds = await decide(decision, { tenantId, connectionId }, held);
    },
  });
  const after = await countsOf(database, tenantId);
  // Azure was told that they are out; it looks before it takes them in again, and finds that they never were.
  const neverOut = decision === "reject" ? held.waiting : 0;
  const differences = differencesIn(report, neverOut);
  expectThat(after.waiting === 0, `${after.waiting} are still held`);
  const [, mistaken] = report.cycles;
  const cells = [
    ...[
      new Date().toISOString().slice(0, 10),
      commit(),
      machine(),
      values.queue,
      `${users}, ${values.percent} %`,
    ],
    ...[
      limit,
      `${held.inactive}, ${held.waiting}`,
      `${mistaken?.writes ?? 0} in ${mistaken?.seconds ?? 0} s`,
    ],
    ...[
      `${decision}, ${decidedSeconds.toFixed(1)} s`,
      `${after.inactive} inactive`,
      `${differences} differences`,
    ],
  ];
  return `| ${cells.join(" | ")} |\n`;
}

/** @returns how many there are, without those whom the simulator rightly found active */
function differencesIn({ verification, unmended }: Report, neverOut: number): number {
  const { differences = -1, first = [] } = verification ?? {};
  const others = first.filter((each) => neverOut === 0 || !NEVER_OUT.test(each));
  expectThat(
    differences === neverOut && others.length === 0,
    `${differences} differences, ${others[0] ?? ""}`,
  );
  const left = unmended.filter((each) => !MANAGER_LEFT.test(each));
  expectThat(left.length === 0, `never made good: ${left[0] ?? ""}`);
  return differences - neverOut;
}

/** @returns seconds until everything that was decided is in force */
async function decide(
  decision: Decision,
  key: { readonly tenantId: string; readonly connectionId: string },
  held: Counts,
): Promise<number> {
  const start = performance.now();
  const request = { ...key, decision, actor: "bench", reason: "the scope was wrong" };
  const count = await decideAllHeld(database, request, releaseCommands("bench"));
  expectThat(count === held.waiting, `${count} of ${held.waiting} were decided about`);
  const wanted = held.inactive + (decision === "release" ? held.waiting : 0);
  for (;;) {
    const { inactive } = await countsOf(database, key.tenantId);
    if (inactive === wanted) break;
    if (performance.now() - start > RELEASE_MS_MAX) {
      expectThat(false, `${inactive} are inactive where ${wanted} should be`);
      break;
    }
    await sleep(50);
  }
  return (performance.now() - start) / 1_000;
}

/** What comes next belongs to another cycle, with a limit of its own. */
async function cycleEnds(db: DatabasePool, tenantId: string): Promise<void> {
  const open = "SELECT FROM cycles WHERE tenant_id = $1 AND ended_at IS NULL";
  while ((await db.query(open, [tenantId])).length > 0) await sleep(200);
}

async function countsOf(db: DatabasePool, tenantId: string): Promise<Counts> {
  const [counts] = await db.query<Counts>(
    `SELECT (SELECT count(*)::int FROM users WHERE tenant_id = $1 AND active) AS active,
            (SELECT count(*)::int FROM users WHERE tenant_id = $1 AND NOT active) AS inactive,
            (SELECT count(*)::int FROM held_deactivations WHERE tenant_id = $1 AND state = 'waiting') AS waiting`,
    [tenantId],
  );
  return counts ?? { active: 0, inactive: 0, waiting: 0 };
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) faults.push(otherwise);
}

/** Behind the rows that this question has in bench/README.md. */
function addRows(lines: string): void {
  const path = join(import.meta.dirname, "README.md");
  const [before = "", own = ""] = readFileSync(path, "utf8").split(new RegExp(`(?=^${HEADING})`, "m"));
  const end = /(?<=^\|.*\n)(?!\|)/m.exec(own)?.index ?? own.length;
  writeFileSync(path, before + own.slice(0, end) + lines + own.slice(end));
}
