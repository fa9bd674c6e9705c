/** However much waits for a webhook's receiver, taking what is due reads it once: shown by Postgres's own plans. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../src/store/database.ts";
import { takeDue } from "../../../src/store/webhook-deliveries.ts";
import { createEndpoint } from "../../../src/store/webhook-endpoints.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const RESOURCES = 12;
const PENDING = 1_800;
const DELIVERED = 10_000;

let store: TestDatabase;
let endpoint: { readonly tenantId: string; readonly id: string };

beforeAll(async () => {
  store = await createTestDatabase();
  const tenantId = uuidv7();
  const { id } = await store.database.transaction(async (tx) => {
    await tx.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'away', 'Away')", [tenantId]);
    const url = "https://product.example.com/hooks";
    return createEndpoint(tx, {
      tenantId,
      url,
      types: null,
      secret: "a secret that only this test uses, long enough",
    });
  });
  endpoint = { tenantId, id };
  await fill(1, DELIVERED, "delivered");
});
afterAll(() => store.drop());

/** Deliveries of a few resources, in turn. */
async function fill(from: number, to: number, state: "delivered" | "pending"): Promise<void> {
  await store.database.query(
    `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, id, event_id, type, resource_id, state)
     SELECT $1, $2, n, gen_random_uuid(), gen_random_uuid(), 'user.updated',
            ('01900000-0000-7000-8000-' || lpad((n % $3::int)::text, 12, '0'))::uuid, $4
       FROM generate_series($5::int, $6::int) AS n`,
    [endpoint.tenantId, endpoint.id, RESOURCES, state, from, to],
  );
}

interface Plan {
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly "Rows Removed by Join Filter"?: number;
  readonly Plans?: readonly Plan[];
}

/** Rows that all the nodes of a plan have looked at, each time that they were asked. */
function rowsOf(plan: Plan): number {
  const each =
    plan["Actual Rows"] + (plan["Rows Removed by Filter"] ?? 0) + (plan["Rows Removed by Join Filter"] ?? 0);
  return each * plan["Actual Loops"] + (plan.Plans ?? []).reduce((sum, part) => sum + rowsOf(part), 0);
}

test.each(["as the table was before the outage", "of what waits"])("with statistics %s", async (which) => {
  const { database } = store;
  await database.query("DELETE FROM webhook_deliveries WHERE state = 'pending'");
  if (which !== "of what waits") await database.query("VACUUM ANALYZE webhook_deliveries");
  await fill(DELIVERED + 1, DELIVERED + PENDING, "pending");
  if (which === "of what waits") await database.query("VACUUM ANALYZE webhook_deliveries");
  const read: number[] = [];
  const taken = await database.transaction(async (tx) => {
    const spy: Database = {
      async query<Row>(statement: string | { readonly text: string }, values: readonly unknown[] = []) {
        const text = typeof statement === "string" ? statement : statement.text;
        await tx.query("SAVEPOINT looked");
        const rows = await tx.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(
          `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
          values,
        );
        await tx.query("ROLLBACK TO SAVEPOINT looked");
        read.push(rowsOf(rows[0]!["QUERY PLAN"][0].Plan));
        return tx.query<Row>(statement, values);
      },
    };
    return takeDue(spy, endpoint, { parallel: 8, leaseSeconds: 60 });
  });

  expect(taken.map(({ position }) => position)).toEqual(
    Array.from({ length: 8 }, (_unused, index) => DELIVERED + 1 + index),
  );
  expect(read.length).toBeGreaterThan(0);
  for (const rows of read) expect(rows).toBeLessThan(10 * PENDING);
});
