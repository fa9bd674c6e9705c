/**
 * Tables can be spread over machines by their tenant (the rules are Citus's): a unique key that spans tenants cannot be
 * kept there, nor a foreign key between rows of different machines. What breaks the rule stands here with its reason.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

/** Tables without a tenant: small, on every machine, or on one. */
const WITHOUT_TENANT: Readonly<Record<string, string>> = {
  account_links: "belongs to an account",
  accounts: "who operates the installation belongs to no tenant",
  api_processes: "one row for each process",
  installation: "facts of the installation",
  rollcall_migrations: "facts of the schema",
  rollcall_migrations_lock: "facts of the schema",
  sessions: "belongs to an account",
  signing_keys: "the issuer of tokens is the installation",
  tenants: "what all others refer to: a copy on every machine",
};

/** Unique keys without tenant_id in tables that have one. */
const UNIQUE_ACROSS: Readonly<Record<string, string>> = {
  audit_pkey: "the audit has rows of no tenant; it stays on one machine",
  knocks_each: "who knocks with an unknown token is nobody's; it stays on one machine",
  product_keys_key_hash_key: "the key says who the tenant is; a copy on every machine, a row for each key",
  tokens_token_hash_key: "the token says who the tenant is; a copy on every machine, a row for each token",
};

/** Tables in which tenant_id may be null: they stay on one machine. */
const TENANT_MAY_BE_NULL: Readonly<Record<string, string>> = {
  audit: "what belongs to the installation has no tenant",
  knocks: "who knocks with an unknown token is nobody's",
};

interface Table {
  readonly name: string;
  readonly hasTenant: boolean;
  readonly mayBeNull: boolean;
}
interface Key {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly string[];
  readonly target: string;
  readonly targetColumns: readonly string[];
}

let store: TestDatabase;
let tables: readonly Table[];
beforeAll(async () => {
  store = await createTestDatabase();
  tables = await store.database.query<Table>(
    `SELECT c.relname AS name, a.attnum IS NOT NULL AS "hasTenant", coalesce(NOT a.attnotnull, false) AS "mayBeNull"
       FROM pg_class c
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY c.relname`,
  );
});
afterAll(() => store.drop());

const named = (found: readonly Table[]): string[] => found.map(({ name }) => name);

test("every table belongs to tenants, or says why not", () => {
  expect(tables.length).toBeGreaterThan(30);
  expect(named(tables.filter(({ hasTenant }) => !hasTenant))).toEqual(Object.keys(WITHOUT_TENANT).sort());
  expect(named(tables.filter(({ mayBeNull }) => mayBeNull))).toEqual(Object.keys(TENANT_MAY_BE_NULL).sort());
});

test("every unique key of a tenant's table has tenant_id, or says why not", async () => {
  const keys = await store.database.query<Pick<Key, "name" | "table" | "columns">>(
    `SELECT x.relname AS name, c.relname AS table,
            ARRAY(SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) AS columns
       FROM pg_index i
       JOIN pg_class c ON c.oid = i.indrelid
       JOIN pg_class x ON x.oid = i.indexrelid
      WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition`,
  );
  const ofTenants = keys.filter(({ table }) => !(table in WITHOUT_TENANT));

  expect(ofTenants.length).toBeGreaterThan(25);
  const across = ofTenants.filter(({ columns }) => !columns.includes("tenant_id")).map(({ name }) => name);
  expect(across.sort()).toEqual(Object.keys(UNIQUE_ACROSS).sort());
});

test("every foreign key stays with its tenant, or leads to what every machine has", async () => {
  const keys = await store.database.query<Key>(
    `SELECT k.conname AS name, c.relname AS table, t.relname AS target,
            ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (n, at)
                    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.at) AS columns,
            ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (n, at)
                    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.at) AS "targetColumns"
       FROM pg_constraint k
       JOIN pg_class c ON c.oid = k.conrelid
       JOIN pg_class t ON t.oid = k.confrelid
      WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND NOT c.relispartition`,
  );
  const isKept = ({ table, target, columns, targetColumns }: Key): boolean => {
    if (target === "tenants") return columns.includes("tenant_id");
    if (table in WITHOUT_TENANT) return target in WITHOUT_TENANT;
    const at = columns.indexOf("tenant_id");
    return at >= 0 && targetColumns[at] === "tenant_id";
  };

  expect(keys.length).toBeGreaterThan(20);
  expect(keys.filter((key) => !isKept(key)).map(({ table, name }) => `${table}: ${name}`)).toEqual([]);
});
