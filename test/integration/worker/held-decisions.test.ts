/** What ends a held deactivation: a later write, a release, a rejection, and time. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { releaseCommands } from "../../../src/queue/release.ts";
import { decideHeld, forgetOldRejections, listHeld } from "../../../src/store/held-deactivations.ts";
import { endOf, GuardedTenant } from "../../support/guarded-tenant.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { remove } from "../../support/write-commands.ts";

let store: TestDatabase;
let tenant: GuardedTenant;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());
beforeEach(async () => {
  tenant = await GuardedTenant.make(store.database);
});

test.each(["accept", "retry"] as const)("a later activation ends what is held (%s)", async (answer) => {
  const [a = "", b = ""] = await tenant.addUsers(2);
  await tenant.guard(0, answer);
  await tenant.apply([tenant.deactivate(a), tenant.by(remove("User", b))]);

  await tenant.apply([tenant.activate(a), tenant.activate(b), tenant.retitle(a)]);

  expect((await tenant.waiting()).map(({ userId }) => userId)).toEqual([]);
  expect(await tenant.counts()).toMatchObject({ held: 2, superseded: 2 });
  expect(
    await store.database.query("SELECT FROM users WHERE tenant_id = $1 AND is_held", [tenant.tenantId]),
  ).toEqual([]);
});

test("a change that says nothing of active leaves it held", async () => {
  const [a = ""] = await tenant.addUsers(1);
  await tenant.guard(0, "accept");
  await tenant.apply([tenant.deactivate(a)]);

  const outcomes = await tenant.apply([tenant.retitle(a)]);

  expect(outcomes[0]).toMatchObject({ kind: "applied", written: { version: 2 } });
  expect((await tenant.waiting()).map(({ userId }) => userId)).toEqual([a]);
});

test("what is released is applied once, counts in the cycle it was held in, and is an event", async () => {
  const [a = "", b = ""] = await tenant.addUsers(2);
  await tenant.guard(0, "accept");
  await tenant.apply([tenant.deactivate(a), tenant.by(remove("User", b))]);

  const decided = await tenant.decide("release");
  const commands = await tenant.released();
  await tenant.apply(commands);
  await tenant.apply(commands);

  expect(decided.length).toBe(2);
  expect(await tenant.activeUsers()).toBe(0);
  expect(await tenant.released()).toEqual([]);
  expect(await tenant.counts()).toMatchObject({ counted: 0, held: 2, released: 2 });
  const [cycle] = await store.database.query(
    `SELECT users_deactivated::int AS deactivated, users_deleted::int AS deleted FROM cycles WHERE tenant_id = $1 AND id = $2`,
    [tenant.tenantId, tenant.cycleId],
  );
  expect(cycle).toEqual({ deactivated: 1, deleted: 1 });
  const events = await store.database.query<{ type: string }>(
    "SELECT type FROM events WHERE tenant_id = $1 AND type <> 'user.created' ORDER BY position",
    [tenant.tenantId],
  );
  expect(events.map(({ type }) => type).sort()).toEqual(["guard.held", "user.deactivated", "user.deleted"]);
});

test("a released deactivation whose user was made active again before it was applied changes nothing", async () => {
  const [a = ""] = await tenant.addUsers(1);
  await tenant.guard(0, "accept");
  await tenant.apply([tenant.deactivate(a)]);
  await tenant.decide("release");

  await tenant.apply([tenant.activate(a)]);
  const outcomes = await tenant.apply(await tenant.released());

  expect(outcomes).toMatchObject([{ kind: "applied", changed: false }]);
  expect(await tenant.activeUsers()).toBe(1);
});

test("a rejected one is turned away in its cycle and in the next that repeats it, and asked about again after that", async () => {
  const [a = ""] = await tenant.addUsers(1);
  await tenant.guard(0, "retry");
  await tenant.apply([tenant.deactivate(a)]);
  await tenant.decide("reject", [a]);

  const inItsCycle = await tenant.apply([tenant.deactivate(a)]);
  await tenant.nextCycle();
  const inTheNext = await tenant.apply([tenant.deactivate(a), tenant.deactivate(a)]);
  const quiet = (await tenant.waiting()).map(({ userId }) => userId);
  await tenant.guard(9, "retry");
  await tenant.nextCycle();
  const later = await tenant.apply([tenant.deactivate(a)]);

  expect([...inItsCycle, ...inTheNext, ...later].map(endOf)).toEqual([503, 503, 503, 503]);
  expect(quiet).toEqual([]);
  expect((await tenant.waiting()).map(({ userId }) => userId)).toEqual([a]);
  expect(await tenant.counts()).toMatchObject({ counted: 0, held: 1 });
});

test("a rejection is forgotten after its time, and ends when the user is made active", async () => {
  const [a = "", b = ""] = await tenant.addUsers(2);
  await tenant.guard(0, "retry");
  await tenant.apply([tenant.deactivate(a), tenant.deactivate(b)]);
  await tenant.decide("reject");
  await tenant.guard(9, "retry");

  await tenant.apply([tenant.activate(a)]);
  await store.database.query(
    "UPDATE held_deactivations SET decided_at = now() - interval '31 days', last_attempt_at = now() - interval '31 days' WHERE tenant_id = $1",
    [tenant.tenantId],
  );
  await store.database.transaction(forgetOldRejections);
  const outcomes = await tenant.apply([tenant.deactivate(a), tenant.deactivate(b)]);

  expect(outcomes.map(endOf)).toEqual(["applied", "applied"]);
  expect(await tenant.counts()).toMatchObject({ counted: 2 });
});

test("a decision about another tenant's or connection's held ones finds nothing", async () => {
  const [a = ""] = await tenant.addUsers(1);
  await tenant.guard(0, "accept");
  await tenant.apply([tenant.deactivate(a)]);
  const { tenantId, connectionId } = tenant;

  for (const other of [
    { tenantId: uuidv7(), connectionId },
    { tenantId, connectionId: uuidv7() },
  ]) {
    const decided = await store.database.transaction((tx) =>
      decideHeld(
        tx,
        { ...other, decision: "reject", userIds: [a], actor: "eve", reason: "?" },
        releaseCommands("t"),
      ),
    );
    expect(decided).toEqual([]);
    expect(await listHeld(store.database, other, { state: "waiting", limit: 9 })).toEqual([]);
  }
  expect((await tenant.waiting()).length).toBe(1);
});
