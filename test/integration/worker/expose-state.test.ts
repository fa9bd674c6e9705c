/** However many tenants there are, and whoever of them is active: the number of series is bounded. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createMetrics } from "../../../src/platform/metrics.ts";
import type { WriteQueue } from "../../../src/queue/queues.ts";
import { exposeCycles, exposeDirectories } from "../../../src/worker/expose-state.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const TENANTS = 5_000;
const TENANTS_MAX = 50;

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
    const perConnection =
      name === "rollcall_cycle_last_writes" ? 4 : name === "rollcall_directory_users" ? 2 : 1;
    expect([name, values.length <= perConnection * (TENANTS_MAX + 1)]).toEqual([name, true]);
    const tenants = new Set(values.map(({ labels }) => (labels as { tenant?: string }).tenant));
    expect(tenants.size).toBeLessThanOrEqual(TENANTS_MAX + 1);
  }
});
