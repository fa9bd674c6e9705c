/** What goes over a whole directory: it may take longer than a request waits, and holds no more of it than a page. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DatabasePool, openDatabase } from "../../../src/store/database.ts";
import { exportDirectory, type ExportFormat } from "../../../src/store/export-directory.ts";
import { reconcile } from "../../../src/store/reconcile.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const USERS = 2_300;
const GROUPS = 45;

let store: TestDatabase;
let tenantId: string;
beforeAll(async () => {
  store = await createTestDatabase();
  tenantId = await insertTenant("large");
  await store.database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'user' || n || '@x', 'ext-' || n, true,
            jsonb_build_object('userName', 'User' || n || '@x', 'displayName', E'Two\\nlines, "' || n || '"'), '{}', 1, now(), now()
       FROM generate_series(1, $2::int) AS n`,
    [tenantId, USERS],
  );
  await store.database.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, external_id, resource, search, version, created_at, updated_at)
     SELECT $1, gen_random_uuid(), 'group ' || n, 'g-' || n, jsonb_build_object('displayName', 'Group ' || n), '{}', 1, now(),
            now()
       FROM generate_series(1, $2::int) AS n`,
    [tenantId, GROUPS],
  );
  await store.database.query(
    `INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
     SELECT g.tenant_id, g.id, u.id, 'User'
       FROM groups g JOIN users u ON u.tenant_id = g.tenant_id AND u.user_name_key IN ('user1@x', 'user2@x')
      WHERE g.tenant_id = $1`,
    [tenantId],
  );
});
afterAll(() => store.drop());

async function insertTenant(slug: string): Promise<string> {
  const id = uuidv7();
  await store.database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [id, slug]);
  return id;
}

async function partsOf(tenant: string, format: ExportFormat): Promise<readonly string[]> {
  const parts: string[] = [];
  for await (const part of exportDirectory(store.database, tenant, format)) parts.push(part);
  return parts;
}

interface Exported {
  readonly users: readonly { readonly userName: string }[];
  readonly groups: readonly { readonly members: readonly unknown[] }[];
}

test("a directory is exported page by page, and is whole", async () => {
  const json = await partsOf(tenantId, "json");
  const { users, groups } = JSON.parse(json.join("")) as Exported;
  expect(new Set(users.map(({ userName }) => userName)).size).toBe(USERS);
  expect(groups.map(({ members }) => members.length)).toEqual(Array.from({ length: GROUPS }, () => 2));
  // As one would print it whole.
  expect(json.join("")).toBe(`${JSON.stringify({ users, groups }, undefined, 2)}\n`);
  expect(Math.max(...json.map((part) => part.length))).toBeLessThan(json.join("").length / 2);

  const bulk = (await partsOf(tenantId, "bulk")).join("");
  const { Operations } = JSON.parse(bulk) as { Operations: readonly { readonly path: string }[] };
  expect(Operations.map(({ path }) => path)).toEqual([
    ...Array.from({ length: USERS }, () => "/Users"),
    ...Array.from({ length: GROUPS }, () => "/Groups"),
  ]);
  expect((await partsOf(tenantId, "csv")).length).toBeGreaterThan(2);
});

test("an empty directory is exported as one", async () => {
  const empty = await insertTenant("empty");
  expect((await partsOf(empty, "json")).join("")).toBe('{\n  "users": [],\n  "groups": []\n}\n');
  expect(JSON.parse((await partsOf(empty, "bulk")).join(""))).toMatchObject({ Operations: [] });
});

test("a comparison that takes longer than any request waits is waited for", async () => {
  const hasty = openDatabase({
    ...{ url: store.url, poolMax: 2, applicationName: "test", queryTimeoutMs: 2_000 },
    onConnectionError: () => undefined,
  });
  // What is not over a whole directory is given up after that time.
  await expect(hasty.query("SELECT pg_sleep(30)")).rejects.toThrow("Query read timeout");

  // The comparison alone writes here, so it alone waits.
  const blocked = block(store.database, "reconciliation_differences", 4);
  await blocked.began;
  const people = [{ id: "1", userName: "user1@x", active: true }];
  const done = await reconcile(hasty, { tenantId, people, actor: "ada", onProgress: () => undefined });
  await blocked.ended;

  expect(done?.counts).toMatchObject({ listed: 1, agreeing: 1, onlyInDirectory: USERS - 1 });
  await hasty.close();
});

/** Holds a table for so many seconds. */
function block(
  database: DatabasePool,
  table: string,
  seconds: number,
): { readonly began: Promise<void>; readonly ended: Promise<void> } {
  let begin: () => void = () => undefined;
  const began = new Promise<void>((resolve) => (begin = resolve));
  const ended = database.transaction(async (tx) => {
    await tx.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    begin();
    await tx.query("SELECT pg_sleep($1)", [seconds]);
  });
  return { began, ended };
}
