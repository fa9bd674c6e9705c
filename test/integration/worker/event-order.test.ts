/**
 * The order of events under fire: eight writers commit batches that meet on the same few users and tenants, their
 * connections are cut at random, and each batch is delivered again until it has ended. Meanwhile a reader follows with
 * a cursor that it keeps. It must see every position once and in turn, and every version of every resource in turn.
 */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { type DatabasePool, openDatabase, transientReason } from "../../../src/store/database.ts";
import { readEvents, type StoredEvent } from "../../../src/store/events.ts";
import { commitBatch } from "../../../src/worker/commit-batch.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { command, commitDeps, create, insertTenant, patch } from "../../support/write-commands.ts";

const WRITERS = 8;
const BATCHES = 25;
const BATCH_SIZE = 12;
const USERS_PER_TENANT = 15;
const WRITER_NAME = "rollcall-test-writer";

interface User {
  readonly tenantId: string;
  readonly id: string;
}

let store: TestDatabase;
let writers: readonly DatabasePool[];
const users: User[] = [];
const tenants: string[] = [];

beforeAll(async () => {
  store = await createTestDatabase();
  writers = Array.from({ length: WRITERS }, () =>
    openDatabase({
      url: store.url,
      poolMax: 2,
      applicationName: WRITER_NAME,
      onConnectionError: () => undefined,
    }),
  );
  for (const name of ["one", "two", "three"]) {
    const tenantId = await insertTenant(store.database);
    tenants.push(tenantId);
    for (let n = 0; n < USERS_PER_TENANT; n += 1) {
      const id = uuidv7();
      users.push({ tenantId, id });
      await commitBatch(commitDeps(store.database), [
        { command: command(tenantId, create(id, `${name}${n}@contoso.com`)), attempt: 1 },
      ]);
    }
  }
});
afterAll(async () => {
  await Promise.all(writers.map((writer) => writer.close()));
  await store.drop();
});

test("a reader with a cursor sees every change once, in order, whoever dies", async () => {
  let interrupted = 0;
  let committed = 0;
  let ended = false;
  const writing = Promise.all(
    writers.map(async (writer, index) => {
      for (let batch = 0; batch < BATCHES; batch += 1) {
        interrupted += await deliver(writer, randomBatch(`${index}.${batch}`));
        committed += 1;
      }
    }),
  ).finally(() => (ended = true));
  const killing = kill(
    () => committed,
    () => ended,
  );
  const read = await Promise.all(tenants.map((tenantId) => follow(tenantId, () => ended)));
  await Promise.all([writing, killing]);

  // The storm was one: connections were cut in the middle of batches.
  expect(interrupted).toBeGreaterThan(5);
  for (const [index, tenantId] of tenants.entries()) {
    const events = read[index] ?? [];
    expect(events.map(({ position }) => position)).toEqual(events.map((_event, place) => place + 1));
    const versions = new Map<string, (number | null)[]>();
    for (const { resourceId, version } of events)
      versions.set(resourceId, [...(versions.get(resourceId) ?? []), version]);
    for (const seen of versions.values()) expect(seen).toEqual(seen.map((_version, place) => place + 1));
    const [ledger] = await store.database.query<{ applied: number }>(
      "SELECT count(*)::int AS applied FROM writes WHERE tenant_id = $1 AND result = 'applied'",
      [tenantId],
    );
    expect(events).toHaveLength(ledger?.applied ?? 0);
  }
}, 360_000);

/** Users of all tenants, some more than once, in random order: batches meet on rows and on tenants. */
function randomBatch(label: string): readonly WriteCommand[] {
  return Array.from({ length: BATCH_SIZE }, (_unused, n) => {
    const user = users[Math.floor(Math.random() * users.length)];
    if (!user) throw new Error("there are no users");
    const value = `title ${label}.${n}`;
    return command(user.tenantId, patch(user.id, { op: "replace", path: "title", value }));
  });
}

/** As the queue does: delivered again, the same writes, until they have ended. @returns how often it was interrupted */
async function deliver(writer: DatabasePool, commands: readonly WriteCommand[]): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await commitBatch(
        commitDeps(writer),
        commands.map((each) => ({ command: each, attempt })),
      );
      return attempt - 1;
    } catch (error) {
      if (transientReason(error) === undefined) throw error;
    }
  }
}

/** After each batch that was committed, cuts the connection of a writer that is in the middle of one. */
async function kill(progress: () => number, isOver: () => boolean): Promise<void> {
  for (let seen = -1; !isOver();) {
    const now = progress();
    if (now > seen) {
      seen = now;
      await store.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = $1 AND state <> 'idle' AND datname = current_database()
          ORDER BY random() LIMIT 1`,
        [WRITER_NAME],
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Reads on from where it was, until the writers have ended and nothing is left. */
async function follow(tenantId: string, isOver: () => boolean): Promise<readonly StoredEvent[]> {
  const seen: StoredEvent[] = [];
  for (;;) {
    const wasOver = isOver();
    const after = seen.at(-1)?.position ?? 0;
    const { events } = await readEvents(store.database, { tenantId, after, limit: 7 });
    seen.push(...events);
    if (events.length === 0 && wasOver) return seen;
    if (events.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
