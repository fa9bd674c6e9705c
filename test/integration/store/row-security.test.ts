/**
 * The second fence: what forgets its tenant, through the very pool that the service uses, meets no other tenant's rows.
 * And no table is left out of it.
 */
import { randomBytes } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grantAppRole } from "../../../src/store/app-role.ts";
import { type DatabasePool, openDatabase } from "../../../src/store/database.ts";
import { makePartitions } from "../../../src/store/partitions.ts";
import { keepFence, lowerFence, raiseFence, readFence } from "../../../src/store/row-security.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const role = `fenced_${randomBytes(6).toString("hex")}`;
const [A, B] = [uuidv7(), uuidv7()];

let store: TestDatabase;
let url: string;
let pool: DatabasePool;

const open = (isFenced: boolean, poolMax = 1): DatabasePool =>
  openDatabase({ url, poolMax, applicationName: "test", isFenced, onConnectionError: () => undefined });

beforeAll(async () => {
  store = await createTestDatabase();
  const { database } = store;
  await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'a password'`);
  await grantAppRole(database, { role, queueSchema: "none", queues: [] });
  await raiseFence(database);
  const address = new URL(store.url);
  [address.username, address.password] = [role, "a password"];
  url = address.href;
  pool = open(true);
  for (const [id, slug] of [
    [A, "a"],
    [B, "b"],
  ] as const)
    await database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [id, slug]);
  await database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
     SELECT t, gen_random_uuid(), n::text, true, '{}', '{}', 1, now(), now()
       FROM unnest($1::uuid[]) AS t, generate_series(1, 3) AS n`,
    [[A, B]],
  );
  await database.query("INSERT INTO audit (tenant_id, actor, action, subject) VALUES (NULL, 'x', 'x', 'x')");
});
afterAll(async () => {
  await pool.close();
  const { database } = store;
  await database.query(`DROP OWNED BY ${role}`);
  await database.query(`DROP ROLE ${role}`);
  await store.drop();
});

// What they have in common: not one of them says whose rows it wants.
const tenantsOf = async (db: Pick<DatabasePool, "query">): Promise<string[]> =>
  (await db.query<{ id: string }>("SELECT DISTINCT tenant_id AS id FROM users ORDER BY tenant_id")).map(
    ({ id }) => id,
  );

describe("a statement that forgets its tenant", () => {
  test("reads the rows of the tenants it was said to concern, by whatever connection", async () => {
    expect(await tenantsOf(pool)).toEqual([A, B].sort());
    expect(await tenantsOf(pool.of([A]))).toEqual([A]);
    expect(await tenantsOf(pool.of([B]))).toEqual([B]);
    expect(await tenantsOf(pool.of([A, B]))).toEqual([A, B].sort());
    expect(await tenantsOf(pool.of([]))).toEqual([]);
    expect(await tenantsOf(pool)).toEqual([A, B].sort());
    expect(await pool.of([A]).query("SELECT slug FROM tenants")).toEqual([{ slug: "a" }]);
    // What is nobody's is for those alone who go over everybody.
    expect(await pool.of([A]).query("SELECT id FROM audit")).toEqual([]);
    expect(await pool.query("SELECT id FROM audit")).toHaveLength(1);
  });

  test("changes no other tenant's rows, and makes none", async () => {
    const changed = await pool
      .of([A])
      .transaction((tx) => tx.query("UPDATE users SET version = 2 RETURNING tenant_id AS id"));
    expect(changed).toEqual([{ id: A }, { id: A }, { id: A }]);
    const gone = await pool
      .of([A])
      .query("DELETE FROM users WHERE user_name_key = '3' RETURNING tenant_id AS id");
    expect(gone).toEqual([{ id: A }]);
    const insert = `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
                    VALUES ($1, $2, 'new', true, '{}', '{}', 1, now(), now())`;
    await expect(pool.of([A]).query(insert, [B, uuidv7()])).rejects.toMatchObject({ code: "42501" });
    await expect(
      pool.of([A]).transaction((tx) => tx.query("UPDATE users SET tenant_id = $1", [B])),
    ).rejects.toMatchObject({ code: "42501" });
  });

  test("keeps to its tenant while others use the same few connections", async () => {
    const shared = open(true, 3);
    const rounds = Array.from({ length: 300 }, (_, index) => [A, B][index % 2] ?? A);
    const seen = await Promise.all(
      rounds.map((tenant, index) =>
        index % 3 === 0
          ? shared.of([tenant]).transaction((tx) => tenantsOf(tx))
          : tenantsOf(shared.of([tenant])),
      ),
    );
    await shared.close();
    expect(seen).toEqual(rounds.map((tenant) => [tenant]));
  });

  test("keeps to its tenant after one that failed and was rolled back", async () => {
    const failing = pool.of([B]).transaction(async (tx) => {
      await tx.query("SELECT 1 / 0");
    });
    await expect(failing).rejects.toMatchObject({ code: "22012" });
    expect(await tenantsOf(pool.of([A]))).toEqual([A]);
    expect(await tenantsOf(pool.of([B]))).toEqual([B]);
  });

  test("of a process that says nothing fails, since an empty directory would be believed", async () => {
    const silent = open(false);
    await expect(tenantsOf(silent)).rejects.toThrow(/rollcall\.tenants/);
    await silent.close();
  });

  test("a scope is made of ids and nothing else", () => {
    expect(() => pool.of(["*"])).toThrow(/ids of tenants/);
    expect(() => pool.of([`${A},${B}`])).toThrow(/ids of tenants/);
  });
});

interface Fenced {
  readonly name: string;
  readonly isOn: boolean;
  readonly policies: number;
  readonly isPartition: boolean;
}
const FENCED = `
  SELECT c.relname AS name, c.relrowsecurity AS "isOn", c.relispartition AS "isPartition",
         (SELECT count(*)::int FROM pg_policy p WHERE p.polrelid = c.oid) AS policies
    FROM pg_class c
   WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
     AND (c.relname = 'tenants'
          OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))`;

test("every table that has a tenant has its policy, and weeks that come later are reached through their table alone", async () => {
  const later = new Date(Date.now() + 40 * 7 * 86_400_000);
  const [week = ""] = await makePartitions(pool, "writes", later);
  await expect(pool.query(`SELECT count(*) FROM ${week}`)).resolves.toEqual([{ count: "0" }]);

  const tables = await store.database.query<Fenced>(FENCED);
  expect(tables.length).toBeGreaterThan(35);
  expect(tables.filter(({ isOn }) => !isOn)).toEqual([]);
  expect(tables.filter(({ policies, isPartition }) => policies === 0 && !isPartition)).toEqual([]);
});

test("a table that a migration makes later comes within the fence", async () => {
  await store.database.query("CREATE TABLE later (tenant_id uuid NOT NULL)");
  await store.database.query("INSERT INTO later VALUES ($1), ($2)", [A, B]);
  await keepFence(store.database);
  expect(await pool.of([B]).query("SELECT tenant_id AS id FROM later")).toEqual([{ id: B }]);
});

test("taken down, it binds nobody; its owner it never did", async () => {
  expect(await tenantsOf(store.database)).toEqual([A, B].sort());
  expect((await readFence(store.database)).isPassedBy).toBe(true);
  expect((await readFence(pool)).isPassedBy).toBe(false);
  await lowerFence(store.database);
  expect(await tenantsOf(pool.of([A]))).toEqual([A, B].sort());
  expect((await store.database.query<Fenced>(FENCED)).filter(({ isOn }) => isOn)).toEqual([]);
});
