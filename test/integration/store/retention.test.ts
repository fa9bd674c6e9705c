/** What is kept and what goes, as time passes: by weeks where a table is large, by rows elsewhere. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createLogger } from "../../../src/platform/logger.ts";
import { createIdSource } from "../../../src/platform/ids.ts";
import { dropPartitions, makePartitions } from "../../../src/store/partitions.ts";
import { retain } from "../../../src/worker/retain.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const DAY_MS = 86_400_000;
// Past all that the migration took for old, a Monday.
const START = Date.UTC(2099, 0, 5);
const RETENTION = { writes: 90, cycles: 400, failures: 200, audit: 730 };
const logger = createLogger({ service: "test", level: "silent" });

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

const day = (after: number): Date => new Date(START + after * DAY_MS);
const idOn = (at: Date): string => createIdSource(() => at.getTime())();

interface Tenant {
  readonly tenantId: string;
  readonly connectionId: string;
}

async function addTenant(): Promise<Tenant> {
  const [tenantId, connectionId] = [uuidv7(), uuidv7()];
  await store.database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, 'T')", [
    tenantId,
    `t-${tenantId}`,
  ]);
  await store.database.query("INSERT INTO connections (tenant_id, id, name) VALUES ($1, $2, 'Azure')", [
    tenantId,
    connectionId,
  ]);
  return { tenantId, connectionId };
}

/** A write, its membership, a failure, a cycle with its span, and a line of the audit, all of one day. */
async function liveOn(at: Date, { tenantId, connectionId }: Tenant): Promise<void> {
  const id = idOn(at);
  await store.database.query(
    `INSERT INTO writes (tenant_id, write_id, connection_id, correlation_id, operation, resource_type, result, status,
                         requested_at)
     VALUES ($1, $2, $3, 'c', 'patch', 'User', 'applied', 200, $4)`,
    [tenantId, id, connectionId, at],
  );
  await store.database.query("INSERT INTO member_changes VALUES ($1, $2, $3, true)", [
    tenantId,
    uuidv7(),
    id,
  ]);
  await store.database.query(
    `INSERT INTO failures (tenant_id, write_id, connection_id, operation, resource_type, result, status, code)
     VALUES ($1, $2, $3, 'patch', 'User', 'refused', 409, 'c')`,
    [tenantId, id, connectionId],
  );
  await store.database.query(
    `INSERT INTO cycles (tenant_id, id, connection_id, kind, started_at, last_request_at, ended_at)
     VALUES ($1, $2, $3, 'incremental', $4, $4, $4)`,
    [tenantId, id, connectionId, at],
  );
  await store.database.query(
    "INSERT INTO guard_cycles (tenant_id, cycle_id, connection_id, active_users, created_at) VALUES ($1, $2, $3, 9, $4)",
    [tenantId, id, connectionId, at],
  );
  await store.database.query("INSERT INTO cycle_spans VALUES ($1, $2, $3, 1, 0, 0, 0)", [tenantId, id, at]);
  await store.database.query(
    "INSERT INTO audit (tenant_id, actor, action, subject, created_at) VALUES ($1, 'a', 'b', 'c', $2)",
    [tenantId, at],
  );
}

async function counts(): Promise<Readonly<Record<string, number>>> {
  const tables = ["writes", "member_changes", "failures", "cycles", "cycle_spans", "guard_cycles", "audit"];
  const rows = await Promise.all(
    tables.map((table) => store.database.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`)),
  );
  return Object.fromEntries(tables.map((table, index) => [table, rows[index]?.[0]?.n ?? -1]));
}

const partitionsOf = async (table: string): Promise<string[]> =>
  (
    await store.database.query<{ name: string }>(
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = $1::regclass ORDER BY 1",
      [table],
    )
  ).map(({ name }) => name);

test("as time passes each table keeps what it says, and not more", async () => {
  const tenants = [await addTenant(), await addTenant()];
  const at = (after: number): Promise<void> => retain(store.database, RETENTION, { now: day(after), logger });
  await at(0);
  for (const tenant of tenants) for (const after of [0, 1, 30]) await liveOn(day(after), tenant);
  const all = {
    writes: 6,
    member_changes: 6,
    failures: 6,
    cycles: 6,
    cycle_spans: 6,
    guard_cycles: 6,
    audit: 6,
  };

  await at(89);
  expect(await counts()).toEqual(all);
  // The first week is kept until its last day is old enough.
  await at(96);
  expect(await counts()).toEqual(all);
  await at(97);
  expect(await counts()).toEqual({ ...all, writes: 2, member_changes: 2 });
  await at(130);
  expect(await counts()).toEqual({ ...all, writes: 0, member_changes: 0 });
  await at(201);
  expect(await counts()).toEqual({ ...all, writes: 0, member_changes: 0, failures: 4 });
  await at(401);
  expect(await counts()).toEqual({
    ...{ writes: 0, member_changes: 0, failures: 0, audit: 6 },
    ...{ cycles: 4, cycle_spans: 4, guard_cycles: 4 },
  });
  await at(800);
  expect(Object.values(await counts())).toEqual([0, 0, 0, 0, 0, 0, 0]);
});

test("what the guard counted goes with its cycle, unless somebody it holds still waits for a decision", async () => {
  const tenants = [await addTenant(), await addTenant()];
  for (const tenant of tenants) await liveOn(day(0), tenant);
  const { tenantId, connectionId } = tenants[0]!;
  const userId = uuidv7();
  await store.database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
     VALUES ($1, $2, 'u', true, '{}', '{}', 1, now(), now())`,
    [tenantId, userId],
  );
  await store.database.query(
    `INSERT INTO held_deactivations (tenant_id, user_id, connection_id, cycle_id, kind, state, write_id)
     SELECT $1, $2, $3, cycle_id, 'deactivate', 'waiting', $4 FROM guard_cycles WHERE tenant_id = $1`,
    [tenantId, userId, connectionId, uuidv7()],
  );
  const short = { ...RETENTION, cycles: 7 };

  await retain(store.database, short, { now: day(7), logger });
  expect((await counts())["guard_cycles"]).toBe(2);
  await retain(store.database, short, { now: day(8), logger });
  expect(await counts()).toMatchObject({ cycles: 0, guard_cycles: 1 });
  await store.database.query("UPDATE held_deactivations SET state = 'rejected'");
  await retain(store.database, short, { now: day(8), logger });
  expect((await counts())["guard_cycles"]).toBe(0);
});

test("a cycle that has not ended stays, however old", async () => {
  const { tenantId, connectionId } = await addTenant();
  await store.database.query(
    "INSERT INTO cycles (tenant_id, id, connection_id, started_at, last_request_at) VALUES ($1, $2, $3, $4, $4)",
    [tenantId, idOn(day(0)), connectionId, day(0)],
  );

  await retain(store.database, RETENTION, { now: day(3_000), logger });

  expect((await counts())["cycles"]).toBe(1);
});

test("weeks are made ahead once, and rows find the one that they belong to", async () => {
  const now = day(7_000);
  const made = await makePartitions(store.database, "writes", now);

  expect(made.length).toBeGreaterThan(3);
  expect(await makePartitions(store.database, "writes", now)).toEqual([]);
  const tenant = await addTenant();
  await liveOn(now, tenant);
  const [row] = await store.database.query<{ part: string }>(
    "SELECT tableoid::regclass::text AS part FROM writes WHERE tenant_id = $1",
    [tenant.tenantId],
  );
  expect(made).toContain(row?.part);
  const indexes = await store.database.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM pg_index WHERE indrelid = $1::regclass AND indisvalid",
    [row?.part],
  );
  const parents = await store.database.query<{ n: number }>(
    "SELECT count(*)::int AS n FROM pg_index WHERE indrelid = 'writes'::regclass AND indisvalid",
  );
  expect(indexes).toEqual(parents);
  expect(await dropPartitions(store.database, "writes", day(8_000))).toEqual(
    expect.arrayContaining([...made]),
  );
});

test("what landed in no week goes from the default partition", async () => {
  const tenant = await addTenant();
  await liveOn(day(9_000), tenant);
  const isThere = async (): Promise<boolean> =>
    (await store.database.query("SELECT FROM writes WHERE tenant_id = $1", [tenant.tenantId])).length > 0;

  // The week cannot be made any more, and that holds nothing up.
  await retain(store.database, RETENTION, { now: day(9_002), logger });
  await retain(store.database, RETENTION, { now: day(9_080), logger });
  expect(await isThere()).toBe(true);
  await retain(store.database, RETENTION, { now: day(9_091), logger });
  expect(await isThere()).toBe(false);
});

const MIGRATIONS = join(import.meta.dirname, "../../../migrations");

async function runFile(name: string): Promise<void> {
  const sql = readFileSync(join(MIGRATIONS, name), "utf8");
  const statements = sql.startsWith("-- no-transaction") ? sql.split(/;\n\n/) : [sql];
  for (const statement of statements) await store.database.query(statement);
}

test("tables that were there before become the first partition, with all they hold, and back again", async () => {
  const tenant = await addTenant();
  const before = await counts();
  await runFile("0046_member_change_partitions.down.sql");
  await runFile("0045_write_partitions.down.sql");
  expect(await partitionsOf("writes")).toEqual(["writes_default"]);
  await liveOn(new Date(), tenant);

  for (const file of ["0045_write_partitions.up.sql", "0046_member_change_partitions.up.sql"]) {
    await runFile(file);
    await runFile(file);
  }

  expect(await partitionsOf("writes")).toEqual(["writes_default", "writes_old"]);
  expect(await partitionsOf("member_changes")).toEqual(["member_changes_default", "member_changes_old"]);
  await liveOn(new Date(), tenant);
  const now = await counts();
  expect([now["writes"], now["member_changes"]]).toEqual([
    before["writes"]! + 2,
    before["member_changes"]! + 2,
  ]);
  const [found] = await store.database.query<{ parts: string[] }>(
    "SELECT array_agg(DISTINCT tableoid::regclass::text) AS parts FROM writes WHERE tenant_id = $1",
    [tenant.tenantId],
  );
  expect(found?.parts).toEqual(["writes_old"]);
  expect((await makePartitions(store.database, "writes", new Date())).length).toBeGreaterThan(1);
});
