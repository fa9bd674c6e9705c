/** However many tenants there are, and whoever of them is active: the number of series is bounded. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics } from "../../../src/platform/metrics.ts";
import type { WriteQueue } from "../../../src/queue/queues.ts";
import { readEvictionPolicies } from "../../../src/queue/redis.ts";
import type { BatchResult } from "../../../src/worker/commit-batch.ts";
import { countWrite } from "../../../src/worker/count-write.ts";
import { exposeCycles, exposeDirectories, exposeEviction } from "../../../src/worker/expose-state.ts";
import { writeCommand } from "../../support/write-command.ts";
import { queueBackend } from "../../support/queues.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../../support/stores.ts";

const TENANTS = 5_000;
const TENANTS_MAX = 50;
/** Series of each that has more than one. */
const PER_CONNECTION: Readonly<Record<string, number>> = {
  rollcall_cycle_last_writes: 4,
  rollcall_cycles_total: 4,
  rollcall_directory_users: 2,
};

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
  const id = (kind: number): string => `('0190000${kind}-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  for (const statement of [
    `INSERT INTO tenants (id, slug, name) SELECT ${id(1)}, 'tenant-' || n, 'T' FROM generate_series(1, $1::int) n`,
    `INSERT INTO connections (tenant_id, id, name) SELECT ${id(1)}, ${id(2)}, 'Azure AD' FROM generate_series(1, $1::int) n`,
    `INSERT INTO tokens (tenant_id, id, connection_id, token_hash, hint, expires_at)
     SELECT ${id(1)}, ${id(3)}, ${id(2)}, decode(lpad(to_hex(n), 64, '0'), 'hex'), 'rc_', now() + n * interval '1 hour'
       FROM generate_series(1, $1::int) n`,
    `INSERT INTO cycles (tenant_id, id, connection_id, kind, started_at, last_request_at, ended_at, refused)
     SELECT ${id(1)}, ${id(4)}, ${id(2)}, 'incremental', now(), now() - n * interval '1 second', now(), 1
       FROM generate_series(1, $1::int) n`,
    `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
     SELECT ${id(1)}, ${id(5)}, 'u', true, '{}', '{}', 1, now(), now() FROM generate_series(1, $1::int) n`,
  ])
    await store.database.query(statement, [TENANTS]);
}, 180_000);
afterAll(() => store.drop());

test("5,000 tenants that take turns leave as many series as the limit allows", async () => {
  const metrics = createMetrics({ tenantsMax: TENANTS_MAX, version: "0" });
  const queue = undefined as unknown as WriteQueue;
  const deps = { db: store.database, queue, metrics, tenantsMax: TENANTS_MAX };

  for (let round = 0; round < 4; round += 1) {
    await exposeCycles(deps);
    await exposeDirectories(deps);
    // Others come to the front.
    await store.database.query(
      `UPDATE cycles SET last_request_at = now() + $1::int * interval '1 day'
        WHERE id IN (SELECT id FROM cycles ORDER BY last_request_at LIMIT $2)`,
      [round + 1, TENANTS_MAX],
    );
  }

  const exposed = await metrics.registry.getMetricsAsJSON();
  for (const { name, values } of exposed.filter(({ name }) =>
    /^rollcall_(cycle|directory|token|connection)/.test(name),
  )) {
    const perConnection = PER_CONNECTION[name] ?? 1;
    expect([name, values.length <= perConnection * (TENANTS_MAX + 1)]).toEqual([name, true]);
    const tenants = new Set(values.map(({ labels }) => (labels as { tenant?: string }).tenant));
    expect(tenants.size).toBeLessThanOrEqual(TENANTS_MAX + 1);
  }
});

test("what an alert takes the increase of stands at 0 before it happens, and goes on from what was counted", async () => {
  const metrics = createMetrics({ tenantsMax: TENANTS_MAX, version: "0" });
  const deps = { db: store.database, queue: undefined as unknown as WriteQueue, metrics, tenantsMax: 1 };
  const counted = async (): Promise<readonly string[]> => {
    const lines = (await metrics.registry.metrics()).split("\n");
    return lines.filter((line) => /^rollcall_(cycles|writes|user_\w+activations)_total/.test(line)).sort();
  };

  await exposeDirectories(deps);
  const before = await counted();
  metrics.deactivations.inc({ tenant: "tenant-1", cause: "delete" });
  await exposeDirectories(deps);

  const named = (metric: string, labels: readonly string[], value = 0): string =>
    `rollcall_${metric}_total{${['tenant="tenant-1"', ...labels].join(",")}} ${value}`;
  const deleted = named("user_deactivations", ['cause="delete"']);
  expect(before).toEqual(
    [
      ...["initial", "incremental", "on_demand", "test"].map((kind) => named("cycles", [`kind="${kind}"`])),
      ...["User", "Group"].flatMap((resource) =>
        ["create", "replace", "patch", "delete"].map((operation) =>
          named("writes", [`resource="${resource}"`, `operation="${operation}"`, 'result="fault"']),
        ),
      ),
      named("user_deactivations", ['cause="active_false"']),
      deleted,
      named("user_reactivations", []),
    ].sort(),
  );
  expect(await counted()).toEqual(
    before.map((line) => (line === deleted ? deleted.replace(/0$/, "1") : line)),
  );
});

test("of 5,000 tenants that write, as many are told apart as the limit allows, and the others counted together", async () => {
  const metrics = createMetrics({ tenantsMax: TENANTS_MAX, version: "0" });
  for (let round = 0; round < 2; round += 1)
    for (let n = 0; n < TENANTS; n += 1) {
      const command = writeCommand({ tenantSlug: `tenant-${n}` });
      const outcome = {
        kind: "refused",
        status: 400,
        scimType: null,
        code: "value-invalid",
        detail: "x",
      } as const;
      countWrite(metrics, command, { outcome, isReplay: false } as unknown as BatchResult);
    }

  const exposed = await metrics.registry.getMetricsAsJSON();
  const writes = exposed.find(({ name }) => name === "rollcall_writes_total")?.values ?? [];
  expect(writes).toHaveLength(TENANTS_MAX + 1);
  const others = writes.find(({ labels }) => (labels as { tenant?: string }).tenant === "other");
  expect(others?.value).toBe(2 * (TENANTS - TENANTS_MAX));
});

test("what a Redis of the queue does when it is full is told as it is, and not as it was", async () => {
  const metrics = createMetrics({ tenantsMax: TENANTS_MAX, version: "0" });
  const policies = async (): Promise<readonly unknown[]> => {
    const exposed = await metrics.registry.getMetricsAsJSON();
    const found = exposed.find(({ name }) => name === "rollcall_redis_eviction_policy");
    return found?.values.map(({ labels, value }) => [labels, value]) ?? [];
  };
  const tell = (...told: string[]) =>
    exposeEviction({ metrics, backend: { readEvictionPolicies: () => Promise.resolve(told) } });

  expect(await policies()).toEqual([]);
  await tell("noeviction", "allkeys-lru", "noeviction");
  expect(await policies()).toEqual([
    [{ policy: "noeviction" }, 1],
    [{ policy: "allkeys-lru" }, 1],
  ]);
  await tell("noeviction");
  expect(await policies()).toEqual([[{ policy: "noeviction" }, 1]]);
});

test.each(queueBackends())("with the queue on %s, its policies are read where it has any", async (kind) => {
  const backend = queueBackend({ ...openTestQueue(kind), databaseUrl: store.url });

  expect(await backend.readEvictionPolicies()).toEqual(kind === "redis" ? ["noeviction"] : []);
});

test("a Redis that is away is no answer, and soon told", async () => {
  await expect(readEvictionPolicies("redis://127.0.0.1:9")).rejects.toThrow();
});
