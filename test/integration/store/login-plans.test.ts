/** A login check reads the few rows it is about, however large the directory: shown by Postgres's own plans. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../../src/store/database.ts";
import { type LoginField, readLoginFacts } from "../../../src/store/login-checks.ts";
import { addRoleMapping } from "../../../src/store/role-mappings.ts";
import { issueProductKey } from "../../../src/store/product-keys.ts";
import { hashToken } from "../../../src/platform/secrets.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const USERS = 100_000;
const SECRET = "a secret that only this test uses, long enough";

let store: TestDatabase;
let keyHash: Buffer;

beforeAll(async () => {
  store = await createTestDatabase();
  const { database } = store;
  const tenantId = uuidv7();
  await database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'large', 'Large')", [tenantId]);
  const request = { tenantId, name: "test", secret: SECRET, ttlDays: undefined };
  const { key } = await database.transaction((tx) => issueProductKey(tx, request));
  keyHash = hashToken(SECRET, key);
  await database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'user' || n || '@x', 'ext-' || n, true, '{}',
            jsonb_build_object('emails', jsonb_build_array(jsonb_build_object('value', 'mail' || n || '@x'))),
            1, now(), now()
       FROM generate_series(1, $2::int) AS n`,
    [tenantId, USERS],
  );
  await database.query("VACUUM ANALYZE users");
}, 360_000);
afterAll(() => store.drop());

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly "Actual Rows": number;
  readonly "Actual Loops": number;
  readonly "Rows Removed by Filter"?: number;
  readonly Plans?: readonly Plan[];
}

const literal = (value: unknown): string => {
  const texts = (value as unknown[]).map((each) =>
    Buffer.isBuffer(each) ? `\\\\x${each.toString("hex")}` : each,
  );
  return `'{${texts.map((text) => `"${String(text)}"`).join(",")}}'`;
};

/** What the look-ups' statement did, node by node, both planned for its values and planned for any. */
async function nodesOf(field: LoginField, values: readonly string[]): Promise<readonly Plan[]> {
  const nodes: Plan[] = [];
  const walk = (plan: Plan): void => {
    nodes.push(plan);
    plan.Plans?.forEach(walk);
  };
  const spy: Database = {
    async query<Row>(statement: string | { readonly text: string }, given: readonly unknown[] = []) {
      const text = typeof statement === "string" ? statement : statement.text;
      await store.database.transaction(async (tx) => {
        await tx.query(`PREPARE looked_up AS ${text}`);
        for (const mode of ["force_custom_plan", "force_generic_plan"]) {
          await tx.query(`SET LOCAL plan_cache_mode = ${mode}`);
          const execute = `EXECUTE looked_up (${given.map(literal).join(", ")})`;
          type Row = { "QUERY PLAN": [{ Plan: Plan }] };
          const rows = await tx.query<Row>(`EXPLAIN (ANALYZE, FORMAT JSON) ${execute}`);
          walk(rows[0]!["QUERY PLAN"][0].Plan);
        }
        await tx.query("DEALLOCATE looked_up");
      });
      return store.database.query<Row>(statement, given);
    },
  };
  const questions = values.map((value) => ({ keyHash, value }));
  const facts = await readLoginFacts(spy, field, questions);
  expect(facts.filter((each) => each?.found === 1)).toHaveLength(values.length - 1);
  return nodes;
}

test.each([
  ["userName", "user"],
  ["email", "mail"],
  ["externalId", "ext-"],
] as const)("by %s, one or a hundred at once read no more than they find", async (field, prefix) => {
  for (const many of [1, 100]) {
    const values = Array.from(
      { length: many },
      (_, n) => `${prefix}${n + 1}${field === "externalId" ? "" : "@x"}`,
    );
    const nodes = await nodesOf(field, [...values, "nobody"]);

    expect(nodes.some((node) => node["Relation Name"] === "users")).toBe(true);
    for (const node of nodes) {
      const what = `${node["Node Type"]} on ${node["Relation Name"] ?? "nothing"}`;
      expect(what).not.toBe("Seq Scan on users");
      expect((node["Rows Removed by Filter"] ?? 0) + node["Actual Rows"], what).toBeLessThan(500);
    }
  }
});

test("with roles by groups in groups, a check reads the user's own groups and no others", async () => {
  const { database } = store;
  const [tenant] = await database.query<{ id: string }>("SELECT id FROM tenants WHERE slug = 'large'");
  const tenantId = tenant?.id ?? "";
  // Twenty thousand groups of five users each, every hundred of them in one above.
  await database.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, external_id, resource, search, version, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'group ' || n, 'g-' || n, '{}', '{}', 1, now(), now()
       FROM generate_series(1, 20200) AS n`,
    [tenantId],
  );
  await database.query(
    `INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
     SELECT u.tenant_id, g.id, u.id, 'User'
       FROM users u
       JOIN groups g ON g.tenant_id = u.tenant_id
        AND g.display_name_key = 'group ' || (substring(u.external_id FROM 5)::int % 20000 + 1)
      WHERE u.tenant_id = $1
      UNION ALL
     SELECT i.tenant_id, o.id, i.id, 'Group'
       FROM groups i
       JOIN groups o ON o.tenant_id = i.tenant_id
        AND o.display_name_key = 'group ' || (20001 + substring(i.external_id FROM 3)::int % 200)
      WHERE i.tenant_id = $1 AND substring(i.external_id FROM 3)::int <= 20000`,
    [tenantId],
  );
  await database.transaction(async (tx) => {
    await addRoleMapping(tx, tenantId, { role: "direct", matchBy: "displayName", value: "Group 8" });
    await addRoleMapping(tx, tenantId, { role: "above", matchBy: "externalId", value: "g-20009" });
    await addRoleMapping(tx, tenantId, { role: "elsewhere", matchBy: "externalId", value: "g-9" });
  });
  await database.query("VACUUM ANALYZE groups, group_members, role_mappings");

  const nodes = await nodesOf("userName", ["user7@x", "user9@x", "nobody@x"]);
  const facts = await readLoginFacts(database, "userName", [
    { keyHash, value: "user7@x" },
    { keyHash, value: "nobody@x" },
  ]);

  expect(facts.map((each) => each?.roles)).toEqual([["above", "direct"], []]);
  for (const node of nodes) {
    const what = `${node["Node Type"]} on ${node["Relation Name"] ?? "nothing"}`;
    expect((node["Rows Removed by Filter"] ?? 0) + node["Actual Rows"], what).toBeLessThan(500);
  }
}, 360_000);
