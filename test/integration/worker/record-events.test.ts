/** Events of a batch: each change is one, in the transaction of the change; what changes nothing is none. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { together, type Transaction } from "../../../src/store/database.ts";
import { openCycle } from "../../../src/store/cycles.ts";
import { eraseEventDetails, pruneEvents, readEvents, type StoredEvent } from "../../../src/store/events.ts";
import { closeCycles } from "../../../src/worker/close-cycles.ts";
import { commitBatch } from "../../../src/worker/commit-batch.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import {
  command,
  commitDeps,
  create,
  createGroup,
  insertTenant,
  patch,
  patchGroup,
  remove,
  type Step,
} from "../../support/write-commands.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

const commit = (commands: readonly WriteCommand[]) =>
  commitBatch(
    commitDeps(store.database),
    commands.map((each) => ({ command: each, attempt: 1 })),
  );

const apply = (tenantId: string, ...steps: readonly Step[]) =>
  commit(steps.map((step) => command(tenantId, step)));

async function eventsOf(tenantId: string, after = 0): Promise<readonly StoredEvent[]> {
  const page = await readEvents(store.database, { tenantId, after, limit: 1_000 });
  return page.events;
}

const typesOf = (events: readonly StoredEvent[]): string[] => events.map(({ type }) => type);

test("each change of a user is one event, with the version it made and the names of what changed", async () => {
  const tenantId = await insertTenant(store.database);
  const id = uuidv7();

  await apply(tenantId, create(id, "ada@contoso.com", { externalId: "ext-1", title: "Guide" }));
  await apply(
    tenantId,
    patch(id, { op: "replace", path: "title", value: "Lead" }),
    patch(id, { op: "replace", path: "active", value: false }),
    patch(id, { op: "replace", value: { active: true, displayName: "Ada" } }),
  );
  await apply(tenantId, remove("User", id));

  const events = await eventsOf(tenantId);
  expect(
    events.map(({ position, type, version, changed }) => ({ position, type, version, changed })),
  ).toEqual([
    {
      position: 1,
      type: "user.created",
      version: 1,
      changed: expect.arrayContaining(["userName", "externalId", "title"]) as string[],
    },
    { position: 2, type: "user.updated", version: 2, changed: ["title"] },
    { position: 3, type: "user.deactivated", version: 3, changed: ["active"] },
    {
      position: 4,
      type: "user.reactivated",
      version: 4,
      changed: expect.arrayContaining(["active", "displayName"]) as string[],
    },
    { position: 5, type: "user.deleted", version: null, changed: [] },
  ]);
  expect(events[4]?.details).toEqual({ externalId: "ext-1" });
  expect(new Set(events.map((event) => event.id)).size).toBe(5);
});

test("no event holds a value of an attribute, but the externalId of what is gone until it is erased", async () => {
  const tenantId = await insertTenant(store.database);
  const id = uuidv7();
  await apply(
    tenantId,
    create(id, "secret@contoso.com", { externalId: "ext-secret", displayName: "Secret" }),
    remove("User", id),
  );

  const values = async () => JSON.stringify(await eventsOf(tenantId)).match(/secret/gi) ?? [];
  expect(await values()).toHaveLength(1);

  await store.database.transaction((tx) => eraseEventDetails(tx, tenantId, id));
  expect(await values()).toHaveLength(0);
});

test("a group's attributes and its members are events of their own", async () => {
  const tenantId = await insertTenant(store.database);
  const [group, a, b] = [uuidv7(), uuidv7(), uuidv7()];
  await apply(tenantId, create(a, "a@contoso.com"), create(b, "b@contoso.com"));

  await apply(tenantId, createGroup(group, "Team", { members: [{ value: a }] }));
  await apply(
    tenantId,
    patchGroup(
      group,
      { op: "replace", path: "displayName", value: "Squad" },
      { op: "add", path: "members", value: [{ value: b }] },
    ),
    patchGroup(group, { op: "remove", path: `members[value eq "${a}"]` }),
    remove("Group", group),
  );

  const events = (await eventsOf(tenantId)).filter(({ resourceType }) => resourceType === "Group");
  expect(
    events.map(({ type, version, changed, details }) => ({ type, version, changed, details })),
  ).toMatchObject([
    { type: "group.created", version: 1 },
    { type: "group.members_changed", version: 1, changed: ["members"], details: { added: [a], removed: [] } },
    { type: "group.updated", version: 2, changed: ["displayName"], details: null },
    { type: "group.members_changed", version: 2, details: { added: [b], removed: [] } },
    { type: "group.members_changed", version: 3, details: { added: [], removed: [a] } },
    { type: "group.deleted", version: null },
  ]);
});

test("a change of very many members is told in several events, and nobody is left out", async () => {
  const tenantId = await insertTenant(store.database);
  const ids = Array.from({ length: 1_001 }, () => uuidv7());
  await apply(tenantId, ...ids.map((id, index) => create(id, `u${index}@contoso.com`)));
  const members = ids.map((value) => ({ value }));

  await apply(tenantId, createGroup(uuidv7(), "Everyone", { members }));

  const parts = (await eventsOf(tenantId, ids.length)).filter(({ type }) => type === "group.members_changed");
  expect(parts.map(({ version, details }) => [version, details?.added?.length])).toEqual([
    [1, 1_000],
    [1, 1],
  ]);
  expect(parts.flatMap(({ details }) => details?.added ?? []).sort()).toEqual([...ids].sort());
});

test("refused, unchanged and redelivered writes make no event", async () => {
  const tenantId = await insertTenant(store.database);
  const id = uuidv7();
  const first = command(tenantId, create(id, "ada@contoso.com"));
  await commit([first]);

  await apply(
    tenantId,
    create(uuidv7(), "ADA@contoso.com"),
    patch(uuidv7(), { op: "replace", path: "title", value: "x" }),
    patch(id, { op: "replace", path: "userName", value: "ada@contoso.com" }),
  );
  await commit([first, first]);

  expect(typesOf(await eventsOf(tenantId))).toEqual(["user.created"]);
});

test("a batch that is rolled back leaves no event and no hole", async () => {
  const tenantId = await insertTenant(store.database);
  const id = uuidv7();
  await expect(
    store.database.transaction(async (tx) => {
      const dying: Pick<Transaction, "commitWith"> = {
        commitWith: async (statements) => {
          await together(statements);
          throw new Error("the process dies");
        },
      };
      const inside = {
        ...store.database,
        of: () => inside,
        transaction: (work: (t: Transaction) => Promise<unknown>): Promise<unknown> =>
          work({ ...tx, ...dying }),
      };
      await commitBatch(commitDeps(inside as typeof store.database), [
        { command: command(tenantId, create(id, "lost@contoso.com")), attempt: 1 },
      ]);
    }),
  ).rejects.toThrow("the process dies");

  await apply(tenantId, create(id, "kept@contoso.com"));

  expect((await eventsOf(tenantId)).map(({ position }) => position)).toEqual([1]);
});

test("a batch of several tenants counts each by itself, and none sees another's", async () => {
  const [one, two] = [await insertTenant(store.database), await insertTenant(store.database)];

  await commit([
    command(one, create(uuidv7(), "a@contoso.com")),
    command(two, create(uuidv7(), "a@contoso.com")),
    command(one, create(uuidv7(), "b@contoso.com")),
  ]);

  const [ofOne, ofTwo] = [await eventsOf(one), await eventsOf(two)];
  expect(ofOne.map(({ position, tenantId }) => ({ position, tenantId }))).toEqual([
    { position: 1, tenantId: one },
    { position: 2, tenantId: one },
  ]);
  expect(ofTwo.map(({ position, tenantId }) => ({ position, tenantId }))).toEqual([
    { position: 1, tenantId: two },
  ]);
});

test("a cycle that ends is an event; a connection test is none", async () => {
  const tenantId = await insertTenant(store.database);
  const connections = [uuidv7(), uuidv7()];
  for (const id of connections) {
    await store.database.query("INSERT INTO connections (tenant_id, id, name) VALUES ($1, $2, 'Azure')", [
      tenantId,
      id,
    ]);
  }
  const [cycle] = await Promise.all(
    connections.map((connectionId) => openCycle(store.database, { tenantId, connectionId })),
  );
  await commit([{ ...command(tenantId, create(uuidv7(), "a@contoso.com")), cycleId: cycle ?? null }]);
  await store.database.query(
    "UPDATE cycles SET last_request_at = now() - interval '1 hour' WHERE tenant_id = $1",
    [tenantId],
  );

  const closed = await closeCycles(store.database, 300);

  expect(closed.map(({ kind }) => kind).sort()).toEqual(["initial", "test"]);
  expect((await eventsOf(tenantId)).at(-1)).toMatchObject({
    position: 2,
    type: "cycle.completed",
    resourceType: "Cycle",
    resourceId: cycle,
  });
});

test("events older than is kept go from the front, and the reader is told through which", async () => {
  const tenantId = await insertTenant(store.database);
  await apply(tenantId, ...["a", "b", "c", "d"].map((name) => create(uuidv7(), `${name}@contoso.com`)));
  await store.database.query(
    "UPDATE events SET occurred_at = now() - interval '2 days' WHERE tenant_id = $1 AND position <= 3",
    [tenantId],
  );
  const prune = (perTenantMax: number) =>
    store.database.transaction((tx) => pruneEvents(tx, { seconds: 86_400, perTenantMax }));

  expect(await prune(2)).toBe(2);
  expect(await prune(2)).toBe(1);
  expect(await prune(2)).toBe(0);

  const page = await readEvents(store.database, { tenantId, after: 0, limit: 10 });
  expect(page.prunedThrough).toBe(3);
  expect(page.head).toBe(4);
  expect(page.events.map(({ position }) => position)).toEqual([4]);
});

test("a reader that wants some types gets those, in their places", async () => {
  const tenantId = await insertTenant(store.database);
  const id = uuidv7();
  await apply(
    tenantId,
    create(id, "a@contoso.com"),
    patch(id, { op: "replace", path: "title", value: "x" }),
    remove("User", id),
  );

  const page = await readEvents(store.database, {
    tenantId,
    after: 0,
    types: ["user.created", "user.deleted"],
    limit: 10,
  });

  expect(page.events.map(({ position, type }) => [position, type])).toEqual([
    [1, "user.created"],
    [3, "user.deleted"],
  ]);
});
