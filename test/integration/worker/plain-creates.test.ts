/** New users in one journey: what they leave behind is what the whole way leaves, and what they take for granted is checked. */
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { acceptWrite } from "../../../src/store/accepted-writes.ts";
import { openCycle } from "../../../src/store/cycles.ts";
import { recordUnanswered } from "../../../src/store/repeated-requests.ts";
import { TenantModels } from "../../../src/store/tenant-models.ts";
import { NO_EXTENSIONS, setSchema } from "../../../src/store/tenant-schemas.ts";
import { type BatchResult, commitBatch } from "../../../src/worker/commit-batch.ts";
import { PlainCreates } from "../../../src/worker/plain-creates.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { command, create, createGroup, insertTenant } from "../../support/write-commands.ts";

let store: TestDatabase;
const models = new TenantModels();
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

const newTenant = (): Promise<string> => insertTenant(store.database);

/** As the api hands it over. */
const newUser = (tenantId: string, name: string, more: Partial<WriteCommand> = {}): WriteCommand => ({
  ...command(tenantId, create(uuidv7(), `${name}@contoso.com`, { externalId: name, title: "Guide" })),
  schemaVersion: 0,
  ...more,
});

const pending = (commands: readonly WriteCommand[], attempt = 1) =>
  commands.map((each) => ({ command: each, attempt }));

/** @returns undefined where they must go the whole way */
const plainly = (commands: readonly WriteCommand[], plainCreates = new PlainCreates(), attempt = 1) =>
  plainCreates.apply(store.database, models, pending(commands, attempt));

const wholeWay = (commands: readonly WriteCommand[]): Promise<readonly BatchResult[]> =>
  commitBatch({ db: store.database, models }, pending(commands));

const byEither = (commands: readonly WriteCommand[]): Promise<readonly BatchResult[]> =>
  commitBatch({ db: store.database, models, plainCreates: new PlainCreates() }, pending(commands));

/** All that the tenant has, without ids and times. */
async function leftBehind(tenantId: string): Promise<unknown> {
  const rows = (text: string): Promise<readonly unknown[]> => store.database.query(text, [tenantId]);
  return {
    users: await rows(
      `SELECT user_name_key, external_id, active, resource, search, version, is_held,
              created_at = updated_at AND created_at = date_trunc('milliseconds', created_at) AS "hasOneTime"
         FROM users WHERE tenant_id = $1 ORDER BY user_name_key`,
    ),
    writes: await rows(
      `SELECT operation, resource_type, result, status, code, version, changed, changes, request, attempts
         FROM writes WHERE tenant_id = $1 ORDER BY write_id`,
    ),
    events: await rows(
      `SELECT position, type, resource_type, version, changed, details FROM events WHERE tenant_id = $1 ORDER BY position`,
    ),
    totals: await rows(
      `SELECT users_active, users_inactive, groups FROM directory_totals WHERE tenant_id = $1`,
    ),
    cycles: await rows(`SELECT users_created, refused, writes FROM cycles WHERE tenant_id = $1`),
  };
}

async function cycleOf(tenantId: string): Promise<Pick<WriteCommand, "connectionId" | "cycleId">> {
  const connectionId = uuidv7();
  await store.database.query("INSERT INTO connections (tenant_id, id, name) VALUES ($1, $2, 'Azure')", [
    tenantId,
    connectionId,
  ]);
  return { connectionId, cycleId: await openCycle(store.database, { tenantId, connectionId }) };
}

test("they leave behind what the whole way leaves, and are told the times of their rows", async () => {
  const [one, other] = [await newTenant(), await newTenant()];
  const users = async (tenantId: string): Promise<WriteCommand[]> => {
    const cycle = await cycleOf(tenantId);
    return ["ann", "bob"].map((name) => newUser(tenantId, name, cycle));
  };
  const commands = await users(one);

  const applied = await plainly(commands);
  const expected = await wholeWay(await users(other));

  expect(await leftBehind(one)).toEqual(await leftBehind(other));
  const times = await store.database.query<{ created_at: Date }>(
    "SELECT created_at FROM users WHERE tenant_id = $1 ORDER BY user_name_key",
    [one],
  );
  applied!.forEach(({ outcome, changed, counts }, index) => {
    const at = times[index]!.created_at.toISOString();
    const { written, ...rest } = expected[index]!.applied!.outcome;
    expect(outcome).toEqual({
      ...rest,
      resourceId: commands[index]!.resourceId,
      written: { ...written, created: at, lastModified: at },
    });
    expect({ changed, counts }).toEqual({
      changed: expected[index]!.applied!.changed,
      counts: expected[index]!.applied!.counts,
    });
  });
});

const usersIn = async (tenantId: string): Promise<number> =>
  (await store.database.query("SELECT FROM users WHERE tenant_id = $1", [tenantId])).length;

/** What is known before, and the user who is to be made then. */
const KNOWN: Readonly<Record<string, (tenantId: string) => Promise<WriteCommand>>> = {
  "somebody has the name": async (tenantId) => {
    await wholeWay([newUser(tenantId, "Ann")]);
    return newUser(tenantId, "ann");
  },
  "the request went unanswered before": async (tenantId) => {
    const { requestKey } = newUser(tenantId, "ann");
    await recordUnanswered(store.database, { tenantId, requestKey, writeId: uuidv7() });
    return newUser(tenantId, "ann", { requestKey });
  },
  "the request was sent again, and that has ended": async (tenantId) => {
    const late = newUser(tenantId, "ann");
    await wholeWay([newUser(tenantId, "bob", { requestKey: late.requestKey })]);
    return late;
  },
  "something is accepted that comes before": async (tenantId) => {
    const accepted = newUser(tenantId, "bob", { isAccepted: true });
    await store.database.transaction((tx) => acceptWrite(tx, { ...accepted, command: accepted }, 10));
    return newUser(tenantId, "ann");
  },
  "other schemas are in force": async (tenantId) => {
    const schema = { tenantId, extensions: NO_EXTENSIONS, actor: "test", isForced: false };
    await store.database.transaction((tx) => setSchema(tx, schema));
    return newUser(tenantId, "ann");
  },
};

test.each(Object.keys(KNOWN))(
  "nothing is changed where %s, and its neighbours wait as well",
  async (name) => {
    const tenantId = await newTenant();
    const commands = [newUser(tenantId, "zoe"), await KNOWN[name]!(tenantId)];
    const before = await leftBehind(tenantId);

    expect(await plainly(commands)).toBeUndefined();

    expect(await leftBehind(tenantId)).toEqual(before);
  },
);

test.each<[string, (tenantId: string) => readonly WriteCommand[], number?]>([
  ["a twin in the batch", (tenant) => [newUser(tenant, "ann"), newUser(tenant, "ANN")]],
  [
    "a request twice",
    (tenant) =>
      [newUser(tenant, "ann"), newUser(tenant, "bob")].map((each) => ({ ...each, requestKey: tenant })),
  ],
  ["a second delivery", (tenant) => [newUser(tenant, "ann")], 2],
  [
    "an api that does not say its schemas",
    (tenant) => [newUser(tenant, "ann", { schemaVersion: undefined })],
  ],
  ["somebody from before", (tenant) => [newUser(tenant, "ann", { adopts: { existingId: "7" } })]],
  ["what was accepted", (tenant) => [newUser(tenant, "ann", { isAccepted: true })]],
  ["a group", (tenant) => [{ ...command(tenant, createGroup(uuidv7(), "Staff")), schemaVersion: 0 }]],
])("%s goes the whole way, and Postgres is not asked first", async (_name, commandsOf, attempt) => {
  const tenantId = await newTenant();

  expect(await plainly(commandsOf(tenantId), new PlainCreates(), attempt)).toBeUndefined();

  expect(await usersIn(tenantId)).toBe(0);
});

test("a tenant with failures goes on in one journey, and its new users mend what they can", async () => {
  const tenantId = await newTenant();
  await wholeWay([newUser(tenantId, "ann")]);
  const [refused] = await wholeWay([newUser(tenantId, "ann", { ...(await cycleOf(tenantId)) })]);
  expect(refused?.outcome.kind).toBe("refused");
  await store.database.query("DELETE FROM users WHERE tenant_id = $1", [tenantId]);

  expect(await plainly([newUser(tenantId, "ann"), newUser(tenantId, "bob")])).toHaveLength(2);

  const states = await store.database.query("SELECT state FROM failures WHERE tenant_id = $1", [tenantId]);
  expect(states).toEqual([{ state: "resolved" }]);
});

test("after somebody was known, the tenant goes the whole way for a second; others do not", async () => {
  let now = 0;
  const plainCreates = new PlainCreates(() => now);
  const [tenantId, otherId] = [await newTenant(), await newTenant()];
  await wholeWay([newUser(tenantId, "ann")]);
  await plainly([newUser(tenantId, "ann")], plainCreates);

  now = 999;
  expect(await plainly([newUser(tenantId, "bob")], plainCreates)).toBeUndefined();
  expect(await plainly([newUser(otherId, "bob")], plainCreates)).toHaveLength(1);
  now = 1_000;
  expect(await plainly([newUser(tenantId, "bob")], plainCreates)).toHaveLength(1);
});

test("a name that another worker takes meanwhile is refused, and the batch's other user is made", async () => {
  const tenantId = await newTenant();
  let batch!: Promise<readonly BatchResult[]>;
  await store.database.transaction(async (tx) => {
    const [first, second] = [newUser(tenantId, "ann"), newUser(tenantId, "bob")];
    await tx.query(
      `INSERT INTO users (tenant_id, id, user_name_key, resource, search, version, created_at, updated_at, active)
       VALUES ($1, $2, 'ann@contoso.com', '{"userName":"ann@contoso.com"}', '{}', 1, now(), now(), true)`,
      [tenantId, uuidv7()],
    );
    batch = byEither([first, second]);
    const isWaiting = async (): Promise<boolean> => {
      const rows = await store.database.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return rows.length > 0;
    };
    await waitFor(isWaiting);
  });

  expect((await batch).map(({ outcome }) => outcome)).toMatchObject([
    { kind: "refused", code: "userName-taken" },
    { kind: "applied", written: { version: 1 } },
  ]);
});

test("users in any batches, some of whom are known, end as they do on the whole way", async () => {
  const name = fc.constantFrom("ann", "bob", "cy", "dee", "eve");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(name, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
      async (batches) => {
        const run = async (apply: typeof byEither) => {
          const tenantId = await newTenant();
          const cycle = await cycleOf(tenantId);
          const ends: string[] = [];
          for (const names of batches) {
            const results = await apply(names.map((each) => newUser(tenantId, each, cycle)));
            ends.push(...results.map(({ outcome }) => outcome.kind));
          }
          return { ends, left: await leftBehind(tenantId) };
        };
        expect(await run(byEither)).toEqual(await run(wholeWay));
      },
    ),
    { numRuns: 30 },
  );
}, 120_000);
