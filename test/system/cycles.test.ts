/**
 * Cycles as Azure AD makes them, on a clock that the test moves: what each counted is what the simulator did, and each is
 * told apart by its kind. CYCLE_USERS=5000 CYCLE_BEATS=20 makes it as large as a customer's.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CycleReport } from "../../tools/azure-ad/report.ts";
import { runSimulation } from "../../tools/azure-ad/simulation.ts";
import { readCycleTimings, readCycleSpans } from "../../src/store/cycle-timings.ts";
import { closeCycles } from "../../src/worker/close-cycles.ts";
import { countsOfReports, cycleCounts } from "../support/cycle-counts.ts";
import { createUser, patch, USER } from "../support/provision.ts";
import { filterQuery } from "../support/scim-client.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const USERS = Number(process.env["CYCLE_USERS"] ?? 60);
const BEATS = Number(process.env["CYCLE_BEATS"] ?? 6);
const IDLE_SECONDS = 300;
const PATIENCE_MS = 600_000;

let service: TestService;
let passedMs = 0;
beforeAll(async () => {
  const [kind = "postgres"] = queueBackends();
  const env = { CYCLE_IDLE_SECONDS: String(IDLE_SECONDS) };
  service = await startTestService(openTestQueue(kind), env, () => Date.now() + passedMs);
});
afterAll(() => service.stop());

interface Row {
  readonly id: string;
  readonly kind: string | null;
  readonly requests: number;
  readonly reads: number;
  readonly writes: Readonly<Record<string, number>>;
  readonly requestKinds: Readonly<Record<string, number>>;
}

function cyclesOf({ tenantId }: TestTenant): Promise<readonly Row[]> {
  return service.database.query<Row>(
    `SELECT id, kind, requests::int AS requests, reads::int AS reads, writes, request_kinds AS "requestKinds"
       FROM cycles WHERE tenant_id = $1 ORDER BY started_at`,
    [tenantId],
  );
}

const sumOf = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

/** Until the api has flushed what it counted. */
async function settle(tenant: TestTenant, requests: number): Promise<void> {
  await waitFor(async () => {
    const open = (await cyclesOf(tenant)).find(({ kind }) => kind === null);
    return open !== undefined && open.requests === requests && sumOf(open.requestKinds) === requests;
  });
}

/** Lets time pass for all there is, so that open cycles end. */
async function pass(minutes: number): Promise<void> {
  passedMs += minutes * 60_000;
  await service.database.query(
    `UPDATE cycles SET started_at = started_at - $1 * interval '1 minute',
            last_request_at = last_request_at - $1 * interval '1 minute',
            ended_at = ended_at - $1 * interval '1 minute'`,
    [minutes],
  );
  await closeCycles(service.database, IDLE_SECONDS);
  await waitFor(async () => {
    const open = await service.database.query("SELECT FROM cycles WHERE ended_at IS NULL");
    return open.length === 0;
  });
}

async function overdue({ connectionId }: TestTenant): Promise<number> {
  const text = await (await fetch(`${service.metricsUrl}/metrics`)).text();
  const line = text
    .split("\n")
    .find((each) => each.startsWith("rollcall_connection_overdue{") && each.includes(connectionId));
  return Number(line?.slice(line.lastIndexOf(" ") + 1));
}

/** All tenants' cycles end before the clock moves and the next ones begin. */
function inStep(size: number, step: () => Promise<void>): () => Promise<void> {
  let waiting: (() => void)[] = [];
  return () =>
    new Promise((resolve, reject) => {
      waiting.push(resolve);
      if (waiting.length < size) return;
      const all = waiting;
      waiting = [];
      step().then(() => all.forEach((go) => go()), reject);
    });
}

async function simulate(tenant: TestTenant, seed: number, beatIsOver: () => Promise<void>) {
  const reports: CycleReport[] = [];
  await runSimulation({
    url: `${service.apiUrl}/scim/v2`,
    token: tenant.token,
    users: USERS,
    groups: 4,
    groupSize: 12,
    cycles: BEATS + 1,
    beat: 0,
    concurrency: 8,
    dialect: "mixed",
    seed,
    onCycle: async (report) => {
      reports.push(report);
      await settle(tenant, report.requests);
      await beatIsOver();
    },
  });
  return reports;
}

const isRead = (kind: string): boolean => /\.(list|get|search|probe)$/.test(kind);

test(
  "each cycle of two tenants counts exactly what its Azure did, and is told apart by its kind",
  async () => {
    const tenants = await Promise.all([service.addTenant(), service.addTenant()]);
    const beatIsOver = inStep(tenants.length, () => pass(40));

    const told = await Promise.all(tenants.map((tenant, index) => simulate(tenant, index + 1, beatIsOver)));

    for (const [index, tenant] of tenants.entries()) {
      const reports = told[index] ?? [];
      const cycles = (await cyclesOf(tenant)).slice(0, reports.length);
      expect(reports).toHaveLength(BEATS + 1);
      expect(cycles.map(({ kind }) => kind)).toEqual([
        "initial",
        ...Array<string>(BEATS).fill("incremental"),
      ]);
      expect(cycles.map(({ requests, reads }) => [requests, requests - reads])).toEqual(
        reports.map(({ requests, writes }) => [requests, writes]),
      );
      for (const { requestKinds, reads, writes, requests } of cycles) {
        const read = Object.entries(requestKinds).filter(([kind]) => isRead(kind));
        expect(sumOf(Object.fromEntries(read))).toBe(reads);
        expect(sumOf(writes)).toBe(requests - reads);
        expect(requestKinds["User.probe"]).toBe(1);
      }
      const counted = reports
        .map((report) => countsOfReports([report]))
        .filter((sums) => sumOf({ ...sums }) > 0);
      expect(await cycleCounts(service.database, tenant.tenantId)).toEqual(counted);
    }
  },
  PATIENCE_MS,
);

test("what comes between the beats is on demand or a test, and who stays away is late, then silent", async () => {
  const tenant = await service.addTenant();
  const { scim } = tenant;
  const probe = async (): Promise<void> => {
    await scim("GET", `/Users${filterQuery(`userName eq "${randomUUID()}"`)}`);
    await scim("GET", `/Groups${filterQuery(`displayName eq "${randomUUID()}"`)}`);
  };
  const busy = async (creates: number): Promise<void> => {
    await probe();
    for (let made = 0; made < creates; made += 1) await createUser(scim, `${randomUUID()}@contoso.com`);
    await settle(tenant, creates + 2);
  };
  const quiet = async (): Promise<void> => {
    await probe();
    await settle(tenant, 2);
  };

  await quiet();
  await pass(10);
  await busy(12);
  await pass(40);
  await busy(6);
  await pass(40);
  await quiet();
  await pass(15);
  const person = (await scim("GET", "/Users?count=1")).body.Resources[0]?.id ?? "";
  await probe();
  await scim("PATCH", `/Users/${person}`, patch({ op: "Replace", path: "title", value: "Head" }));
  await settle(tenant, 4);
  await pass(10);
  await quiet();
  await pass(56);
  // Of the last beat the connection has been quiet for 81 minutes, but somebody tested it in between.
  expect(await overdue(tenant)).toBe(0);
  await pass(26);
  await waitFor(async () => (await overdue(tenant)) === 1);
  await pass(24 * 60);
  await waitFor(async () => (await overdue(tenant)) === 2);
  await quiet();
  await waitFor(async () => (await overdue(tenant)) === 0);

  expect((await cyclesOf(tenant)).map(({ kind }) => kind)).toEqual([
    ...["test", "initial", "incremental", "incremental", "on_demand", "test", null],
  ]);
});

test("a cycle knows how long its writes took, which was the slowest, and when they ended", async () => {
  const tenant = await service.addTenant();
  await createUser(tenant.scim, "one@contoso.com");
  await createUser(tenant.scim, "two@contoso.com");
  const twin = { schemas: [USER], userName: "ONE@contoso.com" };
  const refused = await tenant.scim("POST", "/Users", twin);
  expect(refused.status).toBe(409);
  expect((await tenant.scim("POST", "/Users", { schemas: [USER] })).status).toBe(400);
  await settle(tenant, 4);
  const [cycle] = await cyclesOf(tenant);
  const key = { tenantId: tenant.tenantId, cycleId: cycle!.id };
  const spans = async (): Promise<{ applied: number; refused: number }> => {
    const all = await readCycleSpans(service.database, key);
    const sum = (of: "applied" | "refused"): number => all.reduce((total, each) => total + each[of], 0);
    return { applied: sum("applied"), refused: sum("refused") };
  };
  await waitFor(async () => (await spans()).applied + (await spans()).refused === 3);

  const { waits, commits, slowest } = await readCycleTimings(service.database, key);

  expect(await spans()).toEqual({ applied: 2, refused: 1 });
  for (const durations of [waits!, commits!]) {
    expect(durations.p50).toBeLessThanOrEqual(durations.p95);
    expect(durations.p95).toBeLessThanOrEqual(durations.max);
  }
  expect(commits!.max).toBeGreaterThan(0);
  expect(cycle!.writes).toEqual({ "User.create.applied": 2, "User.create.refused": 2 });
  const correlations = await service.database.query<{ id: string }>(
    "SELECT correlation_id AS id FROM writes WHERE tenant_id = $1 AND write_id = $2",
    [tenant.tenantId, slowest!.writeId],
  );
  expect(correlations).toEqual([{ id: slowest!.correlationId }]);
});
