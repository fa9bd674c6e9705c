/** Statements that share a journey to Postgres, as transactions and look-ups do. */
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { type Database, isUniqueViolation, transientReason } from "../../../src/store/database.ts";
import { Journeys } from "../../../src/store/journey.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let client: pg.Client;
let journeys: Journeys;

beforeAll(async () => {
  store = await createTestDatabase();
  await store.database.query("CREATE TABLE things (id int PRIMARY KEY, name text)");
});
afterAll(() => store.drop());

beforeEach(async () => {
  client = await open();
});
afterEach(() => client.end());

/** As the pool's: pipelined. */
async function open(settings: pg.ClientConfig = {}): Promise<pg.Client> {
  const pipelined: object = { pipeline: true };
  const opened = new pg.Client({ connectionString: store.url, ...settings, ...pipelined });
  opened.on("error", () => undefined);
  await opened.connect();
  journeys = new Journeys(opened);
  return opened;
}

const ONE = { name: "one", text: "SELECT 1 AS n" };
const ADD = { name: "add-thing", text: "INSERT INTO things (id, name) VALUES ($1, $2)" };
const HAS = { name: "has-thing", text: "SELECT name FROM things WHERE id = $1" };

/** What each failed of; undefined for what did not fail. */
async function failures(asked: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const ends = await Promise.allSettled(asked);
  return ends.map((end) => (end.status === "rejected" ? (end.reason as unknown) : undefined));
}

test("what is called within a tick is answered at once, by one Sync, in its order", async () => {
  const syncs: unknown[] = [];
  const { connection } = client;
  (connection as unknown as NodeJS.EventEmitter).on("readyForQuery", (message) => syncs.push(message));

  const asked = [
    journeys.query(ONE),
    journeys.query(ADD, [1, "a"]),
    journeys.query(HAS, [1]),
    journeys.query(ONE),
  ];

  expect(await Promise.all(asked)).toEqual([
    { command: "SELECT", rows: [{ n: 1 }] },
    { command: "INSERT", rows: [] },
    { command: "SELECT", rows: [{ name: "a" }] },
    { command: "SELECT", rows: [{ n: 1 }] },
  ]);
  expect(syncs).toHaveLength(1);
});

test("rows are what pg makes of them by itself, the first time and when the statement is prepared", async () => {
  const text = `SELECT $1::uuid AS id, 12345678901::bigint AS big, 7 AS small, 1.5::float8 AS float, true AS yes, NULL::text AS nothing,
                       '{"a":[1,null]}'::jsonb AS json, ARRAY['a','b,c',NULL] AS list, '\\x00ff'::bytea AS bytes,
                       '2026-11-27 10:11:12.345+00'::timestamptz AS at, $2::text[] AS texts, $3::json AS given, 'ünïcode' AS word`;
  const values = ["01931f2a-0000-7000-8000-000000000000", ["x", 'q"\\'], { b: "ß" }];
  const { rows } = await client.query({ text, values });

  for (let time = 0; time < 2; time += 1) {
    expect((await journeys.query({ name: "types", text }, values)).rows).toEqual(rows);
  }
});

test("behind a statement that fails the others fail of the same, and nothing of them is done", async () => {
  await journeys.query(ADD, [2, "taken"]);

  const [implied, ...failed] = await failures([
    journeys.query(ADD, [3, "implied"]),
    journeys.query(ADD, [2, "again"]),
    journeys.query(ADD, [4, "never"]),
  ]);

  expect(implied).toBeUndefined();
  expect(failed.map(isUniqueViolation)).toEqual([true, true]);
  expect((await journeys.query(HAS, [4])).rows).toEqual([]);
  // One Sync is one transaction where none was begun.
  expect((await journeys.query(HAS, [3])).rows).toEqual([]);
});

test("a statement whose first journey failed before it came to it is prepared by the next", async () => {
  const late = { name: "late", text: "SELECT 2 AS n" };
  const wrong = { name: "wrong", text: "SELECT 1 / $1::int AS n" };

  const failed = await failures([journeys.query(wrong, [0]), journeys.query(late)]);
  expect(failed.map(String)).toEqual(["error: division by zero", "error: division by zero"]);

  expect((await journeys.query(late)).rows).toEqual([{ n: 2 }]);
  expect((await journeys.query(wrong, [1])).rows).toEqual([{ n: 1 }]);
});

test("where a value cannot be written down, nothing is sent", async () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;

  const failed = await failures([journeys.query(ADD, [5, "a"]), journeys.query(ADD, [6, loop])]);
  expect(failed).toEqual([expect.any(TypeError), expect.any(TypeError)]);

  expect((await journeys.query(HAS, [5])).rows).toEqual([]);
});

test("a statement without a name travels along, each time as another", async () => {
  const texts = ["SELECT $1::int + 1 AS n", "SELECT $1::text || '!' AS word", "SELECT $1::int + 1 AS n"];

  const answers = await Promise.all(texts.map((text) => journeys.query({ text }, [1])));

  expect(answers.map(({ rows }) => rows)).toEqual([[{ n: 2 }], [{ word: "1!" }], [{ n: 2 }]]);
});

test("one name stands for one text", async () => {
  await journeys.query(ONE);

  await expect(journeys.query({ name: "one", text: "SELECT 3 AS n" })).rejects.toThrow('"one"');
  expect((await journeys.query(ONE)).rows).toEqual([{ n: 1 }]);
});

test("a connection that is lost, or silent for too long, fails all that is under way, and says so", async () => {
  const sleep = { name: "sleep", text: "SELECT pg_sleep(60)" };
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const cut = failures([journeys.query(sleep), journeys.query(ONE)]);
  await store.database.query("SELECT pg_terminate_backend($1)", [rows[0]?.pid]);
  expect((await cut).map(transientReason)).toEqual([expect.any(String), expect.any(String)]);

  const impatient = await open({ query_timeout: 100 });
  const silent = await failures([journeys.query(sleep), journeys.query(ONE)]);
  expect(silent.map(transientReason)).toEqual(["connection", "connection"]);
  await impatient.end().catch(() => undefined);
});

test("a transaction of many statements is committed as a whole, or not at all", async () => {
  const { database } = store;
  const add = (db: Database, id: number): Promise<unknown> => db.query(ADD, [id, "in a transaction"]);
  const has = async (id: number): Promise<boolean> => (await database.query(HAS, [id])).length > 0;

  await database.transaction((tx) => tx.commitWith([add(tx, 10), add(tx, 11)]));
  expect([await has(10), await has(11)]).toEqual([true, true]);

  const failing = database.transaction((tx) => tx.commitWith([add(tx, 12), add(tx, 10), add(tx, 13)]));
  await expect(failing).rejects.toSatisfy(isUniqueViolation);
  expect([await has(12), await has(13)]).toEqual([false, false]);

  const thrown = database.transaction((tx) => {
    void add(tx, 14).catch(() => undefined);
    throw new Error("a bug of ours");
  });
  await expect(thrown).rejects.toThrow("a bug of ours");
  expect(await has(14)).toBe(false);
});

test("look-ups of one moment share journeys, and one that fails fails alone", async () => {
  const { database } = store;
  await database.query("INSERT INTO things SELECT n, 'thing ' || n FROM generate_series(100, 140) AS n");
  const find = { ...HAS, isLookUp: true };
  const wrong = { name: "divide", text: "SELECT 1 / $1::int AS n", isLookUp: true };
  const ids = Array.from({ length: 41 }, (_, index) => index + 100);

  const failing = failures([database.query(wrong, [0])]);
  const found = await Promise.all(ids.map((id) => database.query(find, [id])));

  expect(found).toEqual(ids.map((id) => [{ name: `thing ${String(id)}` }]));
  expect((await failing).map(String)).toEqual(["error: division by zero"]);
  expect(await database.query(wrong, [1])).toEqual([{ n: 1 }]);
});

test("look-ups that share a connection that is lost fail with it, and are not asked again", async () => {
  const { database } = store;
  const sleep = { name: "sleep-look-up", text: "SELECT pg_sleep(60)", isLookUp: true };
  const asked = failures([database.query(sleep), database.query({ ...HAS, isLookUp: true }, [1])]);

  await waitFor(async () => {
    const cut = await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND query = 'SELECT pg_sleep(60)' AND wait_event = 'PgSleep'`,
    );
    return cut.rows.length > 0;
  });

  expect((await asked).map(transientReason)).toEqual([expect.any(String), expect.any(String)]);
});
