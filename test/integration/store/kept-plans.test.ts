/** Plans that a connection keeps, and how they follow the tables that grow. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DatabasePool, openDatabase } from "../../../src/store/database.ts";
import { PlanAges } from "../../../src/store/plans.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let oneConnection: DatabasePool;

beforeAll(async () => {
  store = await createTestDatabase();
  await store.database.query("CREATE TABLE things (id int PRIMARY KEY) WITH (autovacuum_enabled = false)");
  oneConnection = openDatabase({
    url: store.url,
    poolMax: 1,
    applicationName: "rollcall-test",
    onConnectionError: (error) => {
      throw error;
    },
  });
});
afterAll(async () => {
  await oneConnection.close();
  await store.drop();
});

const ABOVE = { name: "things-above", text: "SELECT id FROM things WHERE id > $1 AND id < 0" };

/** @returns how many rows the kept plan was made for */
async function plannedRows(): Promise<number> {
  const rows = await oneConnection.transaction(async (tx) => {
    await tx.planOnce();
    await tx.query(ABOVE, [1]);
    return tx.query<{ "QUERY PLAN": string }>('EXPLAIN EXECUTE "journey-things-above" (1)');
  });
  return Number(/rows=(\d+)/.exec(rows[0]?.["QUERY PLAN"] ?? "")?.[1]);
}

test("a plan that was made while its table was empty is made anew a few batches later", async () => {
  const first = await plannedRows();
  await store.database.query("INSERT INTO things SELECT generate_series(1, 100000)");

  expect([await plannedRows(), await plannedRows()]).toEqual([first, first]);
  expect(await plannedRows()).toBeGreaterThan(10 * first);
});

test("plans of a connection grow old by its batches at first, and by the clock later", () => {
  let now = 0;
  const ages = new PlanAges(() => now);
  const connection = {};
  const old = Array.from({ length: 1_000 }, (_, index) => (ages.haveGrownOld(connection) ? index + 1 : 0));

  expect(old.filter((batch) => batch > 0)).toEqual([4, 32, 256]);
  now += 10_000;
  expect([ages.haveGrownOld(connection), ages.haveGrownOld(connection)]).toEqual([true, false]);
  expect(ages.haveGrownOld({})).toBe(false);
});
