/** What a migration may do beside a service that answers: the rules, and the migrations that are held to them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findingsIn, statementsOf } from "../../support/migration-rules.ts";

const FOLDER = join(import.meta.dirname, "../../../migrations");
// Those before were released, or written, before there were rules; a migration is never changed afterwards.
const FIRST_HELD = 55;

const files = readdirSync(FOLDER).filter((file) => file.endsWith(".up.sql"));
const rulesOf = (sql: string): string[] => findingsIn(sql).map(({ rule }) => rule);
const isHeld = (file: string): boolean => Number.parseInt(file, 10) >= FIRST_HELD;

test("migrations keep to the rules", () => {
  const findings = files
    .filter(isHeld)
    .flatMap((file) =>
      findingsIn(readFileSync(join(FOLDER, file), "utf8")).map((each) => ({ file, ...each })),
    );

  expect(findings).toEqual([]);
});

test("the rules find what earlier migrations did", () => {
  const found = files
    .filter((file) => !isHeld(file))
    .flatMap((file) => rulesOf(readFileSync(join(FOLDER, file), "utf8")));

  expect([...new Set(found)]).toEqual(
    expect.arrayContaining(["index", "constraint", "rewrite", "lock", "hidden"]),
  );
});

describe("a rule", () => {
  test.each([
    ["CREATE INDEX i ON users (tenant_id);", "index"],
    ["CREATE UNIQUE INDEX i ON users (tenant_id);", "index"],
    ["DROP INDEX i;", "drop-index"],
    ["ALTER TABLE users DROP COLUMN a;", "take-away"],
    ["ALTER TABLE users ADD COLUMN b text, DROP COLUMN a;", "take-away"],
    ["ALTER TABLE users RENAME COLUMN a TO b;", "take-away"],
    ["ALTER TABLE users RENAME TO people;", "take-away"],
    ["DROP TABLE users;", "take-away"],
    ["ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0);", "constraint"],
    ["ALTER TABLE users ADD FOREIGN KEY (tenant_id) REFERENCES tenants (id);", "constraint"],
    ["ALTER TABLE users ADD CONSTRAINT c UNIQUE (tenant_id, a);", "constraint"],
    ["ALTER TABLE users ADD COLUMN a uuid REFERENCES tenants (id);", "reference"],
    ["ALTER TABLE users ALTER COLUMN a SET NOT NULL;", "not-null"],
    ["ALTER TABLE users ALTER COLUMN a TYPE bigint;", "rewrite"],
    ["ALTER TABLE users ADD COLUMN a uuid NOT NULL DEFAULT gen_random_uuid();", "rewrite"],
    ["ALTER TABLE users ADD COLUMN a bigint GENERATED ALWAYS AS IDENTITY;", "rewrite"],
    ["ALTER TABLE users ADD COLUMN a text NOT NULL;", "default"],
    ["UPDATE users SET a = 1;", "rows"],
    ["DELETE FROM users;", "rows"],
    ["LOCK TABLE users;", "lock"],
    ["SET lock_timeout = 0;", "lock"],
    ["-- no-transaction\nCREATE INDEX CONCURRENTLY i ON users (a);", "begin-again"],
    ["DROP INDEX CONCURRENTLY i;", "transaction"],
    ["DO $$ BEGIN ALTER TABLE users DROP COLUMN a; END $$;", "hidden"],
  ])("is broken by %s", (sql, rule) => {
    expect(rulesOf(sql)).toEqual([rule]);
  });

  test.each([
    "CREATE TABLE t (a int);\nCREATE INDEX i ON t (a);\nALTER TABLE t ADD CHECK (a > 0);\nDELETE FROM t;",
    "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS i;\n\nCREATE INDEX CONCURRENTLY i ON users (a);",
    "ALTER TABLE users ADD COLUMN a text NOT NULL DEFAULT 'DROP COLUMN; b', ADD COLUMN b timestamptz DEFAULT now();",
    "ALTER TABLE users ADD CONSTRAINT c CHECK (a > 0) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT c;",
    "ALTER TABLE users ADD CONSTRAINT c UNIQUE USING INDEX i;",
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN\n  DELETE FROM users;\nEND $$;",
    "-- allow take-away: nothing has read it since version 0.3\nALTER TABLE users DROP COLUMN a;",
  ])("is kept by %s", (sql) => {
    expect(findingsIn(sql)).toEqual([]);
  });

  test("wants a reason that is one, and only where it is needed", () => {
    expect(rulesOf("-- allow take-away: because\nDROP TABLE users;")).toEqual(["take-away"]);
    expect(rulesOf("-- allow rows: nothing has read it since version 0.3\nDROP TABLE users;")).toEqual([
      "take-away",
      "rows",
    ]);
    expect(rulesOf("-- allow index: the table has a row for each tenant only\nSELECT 1;")).toEqual(["index"]);
  });
});

test("statements are split where Postgres would", () => {
  const sql = "-- of one\nSELECT 'a;''b'; DO $x$ BEGIN; END $x$;\n-- last\nSELECT 2 -- no; more";

  expect(statementsOf(sql)).toEqual([
    { text: "SELECT 'a;''b'", comment: "-- of one\n" },
    { text: "DO $x$ BEGIN; END $x$", comment: "" },
    { text: "SELECT 2", comment: "-- last\n" },
  ]);
});
