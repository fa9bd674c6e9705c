/**
 * No page reads the ledger, the users or the failures from end to end: shown by Postgres's own plans of every statement
 * that the pages send, over a directory that is large enough for an index to be worth it.
 */
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { consolePages } from "../../../bench/lib/console-pages.ts";
import { type SeededConsole, seedLargeConsole } from "../../../bench/lib/seed-console.ts";
import type { DatabasePool } from "../../../src/store/database.ts";
import { startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { addAccount } from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const SIZE = { users: 20_000, writes: 100_000, cycles: 400, tenants: 5 };
const LARGE = /^(writes|users|failures|cycle_spans|member_changes|group_members)/;

interface Plan {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
}

let store: TestDatabase;
let site: TestConsole;
let seeded: SeededConsole;
let owner: TestVisitor;
let scans: Map<string, Set<string>>;

beforeAll(async () => {
  store = await createTestDatabase();
  const client = new pg.Client({ connectionString: store.url });
  await client.connect();
  seeded = await seedLargeConsole(client, SIZE);
  await client.end();
  site = await startConsole(watched(store.database));
  await addAccount(store.database, "owner", "owner");
  owner = site.visitor();
  await owner.signIn("owner");
}, 360_000);
afterAll(async () => {
  await site.stop();
  await store.drop();
});

/** Explains each statement before it runs, and notes the large tables that it would read whole. */
function watched(database: DatabasePool): DatabasePool {
  return {
    ...database,
    async query<Row>(statement: string | { readonly text: string }, bound: readonly unknown[] = []) {
      const text = typeof statement === "string" ? statement : statement.text;
      if (/^\s*(SELECT|WITH)/i.test(text)) {
        const [row] = await database.query<{ "QUERY PLAN": readonly [{ readonly Plan: Plan }] }>(
          `EXPLAIN (FORMAT JSON) ${text}`,
          bound,
        );
        for (const node of row ? nodesOf(row["QUERY PLAN"][0].Plan) : []) note(node, text);
      }
      return database.query<Row>(statement, bound);
    },
  };
}

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

function note(node: Plan, text: string): void {
  const relation = node["Relation Name"] ?? "";
  if (node["Node Type"] !== "Seq Scan" || !LARGE.test(relation) || relation.endsWith("_default")) return;
  scans.set(relation, (scans.get(relation) ?? new Set()).add(text.replaceAll(/\s+/g, " ").trim()));
}

test("no page scans a large table", async () => {
  // Weeks ahead are empty, and read whole for nothing.
  await store.database.query("ANALYZE");
  const found: string[] = [];
  for (const { path } of consolePages(seeded).pages) {
    scans = new Map();
    expect((await owner.get(path)).status, path).toBe(200);
    for (const [relation, texts] of scans)
      for (const text of texts) found.push(`${path} reads all of ${relation}: ${text.slice(0, 200)}`);
  }

  expect(found).toEqual([]);
  expect(consolePages(seeded).pages.length).toBeGreaterThan(15);
}, 180_000);
