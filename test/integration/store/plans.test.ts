/**
 * What clients look people up by is found through an index: shown by Postgres's own plans on a large directory.
 *
 * PLANS_USERS=1000000 makes it ten times as large; the set-up then takes about two minutes.
 */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defineModels, parseFilter, type ResourceType } from "../../../src/scim/index.ts";
import type { Database } from "../../../src/store/database.ts";
import { listDirectory } from "../../../src/store/directory-lists.ts";
import { JAVELO, JAVELO_EXTENSIONS } from "../../support/extensions.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const MODELS = defineModels(JAVELO_EXTENSIONS);
const USERS = Number(process.env["PLANS_USERS"] ?? 100_000);
const GROUPS = 2_000;
const STEP = 100_000; // A statement has a minute.

let store: TestDatabase;
let tenantId: string;

beforeAll(async () => {
  store = await createTestDatabase();
  tenantId = uuidv7();
  const { database } = store;
  await database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'large', 'Large')", [tenantId]);
  // Ids in the order of time, as UUIDv7 are.
  const id = (n: string): string => `('01900000-0000-7000-8000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
  for (let from = 1; from <= USERS; from += STEP) {
    await database.query(
      `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
     SELECT $1, ${id("n")}, 'user' || n || '@x', 'ext-' || n, n % 50 <> 0,
            jsonb_build_object('userName', 'User' || n || '@x'),
            jsonb_build_object('username', 'user' || n || '@x', 'externalid', 'ext-' || n, 'active', n % 50 <> 0,
              'displayname', 'user ' || n, '${JAVELO.toLowerCase()}',
              jsonb_build_object('employeenumber', 'E' || n, 'worktime', 0.8), 'emails', jsonb_build_array(
                jsonb_build_object('value', 'mail' || n || '@x', 'type', 'work', 'primary', true))),
            1, now() - n * interval '1 second', now() - n * interval '1 second'
       FROM generate_series($2::int, $3::int) AS n`,
      [tenantId, from, Math.min(from + STEP - 1, USERS)],
    );
  }
  await database.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, resource, search, version, created_at, updated_at)
     SELECT $1, ${id("n + 10000000")}, 'group ' || n, jsonb_build_object('displayName', 'Group ' || n),
            jsonb_build_object('displayname', 'group ' || n), 1, now(), now()
       FROM generate_series(1, $2::int) AS n`,
    [tenantId, GROUPS],
  );
  await database.query(
    `INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
     SELECT $1, ${id("10000001 + n % $2::int")}, ${id("n")}, 'User' FROM generate_series(1, $3::int) AS n`,
    [tenantId, GROUPS, USERS],
  );
  await database.query("VACUUM ANALYZE users");
  await database.query("ANALYZE groups");
  await database.query("ANALYZE group_members");
}, 900_000);
afterAll(() => store.drop());

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}

/** Every statement that a list sends, run under EXPLAIN ANALYZE. */
async function plansOf(type: ResourceType, filter: string): Promise<readonly Plan[]> {
  const plans: Plan[] = [];
  const spy: Database = {
    async query<Row>(statement: string | { readonly text: string }, values: readonly unknown[] = []) {
      const text = typeof statement === "string" ? statement : statement.text;
      const rows = await store.database.query<{ "QUERY PLAN": [{ Plan: Plan }] }>(
        `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
        values,
      );
      plans.push(rows[0]!["QUERY PLAN"][0].Plan);
      return store.database.query<Row>(statement, values);
    },
  };
  await listDirectory(spy, {
    ...{
      tenantId,
      models: MODELS,
      types: [type],
      filter: parseFilter(filter),
      sort: undefined,
      withMembers: new Set<never>(),
    },
    ...{ from: { startIndex: 1 }, count: 100 },
  });
  return plans;
}

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

test.each([
  ["User", 'userName eq "User777@x"'],
  ["User", 'externalId eq "ext-777"'],
  ["User", 'id eq "01900000-0000-7000-8000-000000000309"'],
  ["User", 'emails[type eq "work"].value eq "mail777@x"'],
  ["User", 'emails.value eq "mail777@x"'],
  ["User", 'emails eq "mail777@x"'],
  ["User", 'displayName eq "user 777"'],
  ["User", `${JAVELO}:employeeNumber eq "E777"`],
  ["User", `${JAVELO}:employeeNumber eq "E777" and ${JAVELO}:workTime gt 0.5`],
  ["User", 'userName sw "user777"'],
  ["User", 'active eq false and userName sw "user777"'],
  ["User", 'userName eq "user777@x" and active eq true'],
  ["User", 'userName eq "nobody" or externalId eq "ext-777"'],
  ["User", 'userName eq "nobody" or emails.value eq "mail777@x"'],
  ["User", 'meta.lastModified gt "2999-01-01T00:00:00Z"'],
  ["User", `meta.lastModified gt "${new Date(Date.now() - 60_000).toISOString()}"`],
  ["Group", 'displayName eq "Group 77"'],
  ["Group", 'members.value eq "01900000-0000-7000-8000-000000000309"'],
  ["Group", 'members eq "01900000-0000-7000-8000-000000000309"'],
  ["User", 'groups.value eq "01900000-0000-7000-8000-0000009896ce"'],
  [
    "Group",
    'id eq "01900000-0000-7000-8000-0000009896ce" and members eq "01900000-0000-7000-8000-000000000309"',
  ],
] as const)("%s: %s reads no more than it finds", async (type, filter) => {
  const plans = await plansOf(type, filter);

  for (const node of plans.flatMap(nodesOf)) {
    const what = `${node["Node Type"]} on ${node["Relation Name"] ?? "nothing"}`;
    expect(what).not.toMatch(/Seq Scan on (users|groups|group_members)/);
    expect(node["Rows Removed by Filter"] ?? 0, what).toBeLessThan(500);
  }
});

test("the disabled users, two in a hundred, are found and counted without a scan of the table", async () => {
  const plans = await plansOf("User", "active eq false");

  const nodes = plans.flatMap(nodesOf);
  expect(nodes.map((node) => node["Node Type"])).not.toContain("Seq Scan");
  // A page is read in the order of ids until it is full: fifty users for each that is shown.
  for (const node of nodes) expect(node["Rows Removed by Filter"] ?? 0).toBeLessThan(100 * 50 + 500);
});

test("keys have an order of their own, so that prefixes use the index whatever the database's collation is", async () => {
  const columns = await store.database.query<{ name: string }>(
    `SELECT table_name || '.' || column_name AS name
       FROM information_schema.columns
      WHERE table_schema = current_schema() AND collation_name = 'C'
        AND column_name IN ('user_name_key', 'display_name_key', 'external_id')
      ORDER BY 1`,
  );

  expect(columns.map(({ name }) => name)).toEqual([
    "groups.display_name_key",
    "groups.external_id",
    "users.external_id",
    "users.user_name_key",
  ]);
});

test("everybody is counted exactly, and the first page is not looked for in the count", async () => {
  const page = await listDirectory(store.database, {
    ...{ tenantId, types: ["User"], models: MODELS, filter: undefined, sort: undefined },
    ...{ withMembers: new Set<never>(), from: { startIndex: 1 }, count: 100 },
  });

  expect([page.totalResults, page.resources.length]).toEqual([USERS, 100]);
});
