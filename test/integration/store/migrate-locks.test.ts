/** A migration beside transactions that are open for long: others go on, and it comes to its end when they do. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { migrateUp, pendingMigrations } from "../../../src/store/migrations.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase } from "../../support/stores.ts";

const FILES = {
  "0001_made": "CREATE TABLE made_for_locks (a int);",
  "0002_added": "ALTER TABLE made_for_locks ADD COLUMN b int;",
  "0003_beside":
    "-- no-transaction\nDROP INDEX CONCURRENTLY IF EXISTS made_for_locks_a;\n\n" +
    "CREATE INDEX CONCURRENTLY made_for_locks_a ON made_for_locks (a);",
};

test("a migration that must wait lets the others pass, and comes again until it is its turn", async () => {
  const store = await createTestDatabase();
  const folder = mkdtempSync(join(tmpdir(), "rollcall-migrations-"));
  onTestFinished(async () => {
    rmSync(folder, { recursive: true, force: true });
    await store.drop();
  });
  await store.database.query("DROP TABLE rollcall_migrations, rollcall_migrations_lock");
  const add = (name: keyof typeof FILES): void => {
    writeFileSync(join(folder, `${name}.up.sql`), FILES[name]);
    writeFileSync(join(folder, `${name}.down.sql`), "");
  };
  const waiting = async (statement: string): Promise<boolean> => {
    const rows = await store.database.query(
      `SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE $1`,
      [`${statement}%`],
    );
    return rows.length > 0;
  };
  const options = { folder, lockTimeoutMs: 1_000, lockPauseMs: 100 };
  add("0001_made");
  expect(await migrateUp(store.url, options)).toEqual(["0001_made"]);

  const reader = await store.database.connect();
  await reader.query("BEGIN; SELECT a FROM made_for_locks");
  add("0002_added");
  const adding = migrateUp(store.url, options);
  await waitFor(() => waiting("ALTER TABLE"));
  // Stands behind the ALTER TABLE, which stands behind the reader: without a time-out none of them would move.
  expect(await store.database.query("SELECT count(*)::int AS rows FROM made_for_locks")).toEqual([
    { rows: 0 },
  ]);
  await reader.query("COMMIT");
  expect(await adding).toEqual(["0002_added"]);

  // An index that is built beside others is in nobody's way, and waits longer than the time-out.
  await reader.query("BEGIN; INSERT INTO made_for_locks (a) VALUES (1)");
  add("0003_beside");
  const building = migrateUp(store.url, options);
  await waitFor(() => waiting("CREATE INDEX CONCURRENTLY"));
  const [since] = await store.database.query<{ xact: Date }>(
    `SELECT query_start AS xact FROM pg_stat_activity
      WHERE datname = current_database() AND query LIKE 'CREATE INDEX CONCURRENTLY%' AND pid <> pg_backend_pid()`,
  );
  await waitFor(async () => {
    const [row] = await store.database.query<{ past: boolean }>(
      "SELECT clock_timestamp() > $1::timestamptz + interval '1500 ms' AS past",
      [since?.xact],
    );
    return row?.past === true;
  });
  await reader.query("COMMIT");
  expect(await building).toEqual(["0003_beside"]);
  await reader.end();
  expect(await pendingMigrations(store.url, options)).toEqual([]);
  const valid = await store.database.query(
    "SELECT indisvalid FROM pg_index WHERE indexrelid = 'made_for_locks_a'::regclass",
  );
  expect(valid).toEqual([{ indisvalid: true }]);
});
