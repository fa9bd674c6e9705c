/** The deactivation guard in the worker's transaction: what counts, what is held, and what that costs. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type DatabasePool, openDatabase } from "../../../src/store/database.ts";
import { endOf, GuardedTenant } from "../../support/guarded-tenant.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { patch, remove } from "../../support/write-commands.ts";

let store: TestDatabase;
let tenant: GuardedTenant;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());
beforeEach(async () => {
  tenant = await GuardedTenant.make(store.database);
});

test("beyond the limit a deactivation is turned away with 503, and the user's row is as it was", async () => {
  const [a = "", b = "", c = "", d = ""] = await tenant.addUsers(4);
  await tenant.guard(2, "retry");

  const outcomes = await tenant.apply([
    tenant.deactivate(a),
    tenant.by(remove("User", b)),
    tenant.by(
      patch(
        c,
        { op: "replace", path: "active", value: false },
        { op: "replace", path: "title", value: "Boss" },
      ),
    ),
    tenant.retitle(d),
  ]);

  expect(outcomes.map(endOf)).toEqual(["applied", "applied", 503, "applied"]);
  expect(outcomes[2]).toMatchObject({ code: "deactivation-held" });
  expect(await tenant.activeUsers()).toBe(2);
  const rows = await store.database.query("SELECT version::int FROM users WHERE tenant_id = $1 AND id = $2", [
    tenant.tenantId,
    c,
  ]);
  expect(rows).toEqual([{ version: 1 }]);
  expect((await tenant.waiting()).map(({ userId }) => userId)).toEqual([c]);
  expect(await tenant.counts()).toMatchObject({ activeUsers: 4, counted: 2, held: 1, usersLimit: 2 });
});

test("who asks to come back later leaves nothing behind where the write is refused for another reason", async () => {
  const [a = ""] = await tenant.addUsers(2);
  await tenant.guard(0, "accept");

  const outcomes = await tenant.apply([
    tenant.by(
      patch(
        a,
        { op: "replace", path: "active", value: false },
        { op: "replace", path: "userName", value: "u1@contoso.com" },
      ),
    ),
  ]);

  expect(outcomes.map(endOf)).toEqual([409]);
  expect((await tenant.waiting()).map(({ userId }) => userId)).toEqual([]);
});

test("an accepted deactivation is answered as applied; the rest of it is, and the user stays active", async () => {
  const [a = "", b = ""] = await tenant.addUsers(2);
  await tenant.guard(0, "accept");

  const outcomes = await tenant.apply([
    tenant.by(
      patch(
        a,
        { op: "replace", path: "active", value: false },
        { op: "replace", path: "title", value: "Boss" },
      ),
    ),
    tenant.by(remove("User", b)),
  ]);

  expect(outcomes[0]).toMatchObject({
    kind: "applied",
    isHeld: true,
    changed: true,
    written: { version: 2, resource: { title: "Boss" } },
  });
  expect(outcomes[1]).toMatchObject({ kind: "applied", isHeld: true, changed: false });
  expect(await tenant.activeUsers()).toBe(2);
  expect((await tenant.waiting()).map(({ userId }) => userId).length).toBe(2);
});

test("a redelivery neither holds nor counts again, and has the same outcome", async () => {
  const [a = "", b = ""] = await tenant.addUsers(2);
  await tenant.guard(1, "accept");
  const commands = [tenant.deactivate(a), tenant.deactivate(b)];
  await tenant.apply(commands);

  const again = await tenant.apply(commands);

  expect(again).toMatchObject([{ kind: "applied" }, { kind: "applied", isHeld: true }]);
  expect(await tenant.counts()).toMatchObject({ counted: 1, held: 1 });
  const [held] = await tenant.waiting();
  expect(held).toMatchObject({ userId: b, attempts: 1 });
});

test("a user who is inactive already, or wanted again while held, does not count", async () => {
  const [a = "", b = "", c = ""] = await tenant.addUsers(3);
  await tenant.guard(2, "retry");

  await tenant.apply([
    tenant.deactivate(a),
    tenant.deactivate(a),
    tenant.deactivate(a),
    tenant.deactivate(b),
  ]);
  const outcomes = await tenant.apply([tenant.deactivate(a), tenant.deactivate(c), tenant.deactivate(c)]);

  expect(outcomes.map(endOf)).toEqual(["applied", 503, 503]);
  expect(await tenant.counts()).toMatchObject({ counted: 2, held: 1 });
  const [held] = await tenant.waiting();
  expect(held).toMatchObject({ userId: c, attempts: 2 });
});

test("what is held stays held in later cycles, which have a limit of their own", async () => {
  const [a = "", b = "", c = ""] = await tenant.addUsers(3);
  await tenant.guard(1, "retry");
  await tenant.apply([tenant.deactivate(a), tenant.deactivate(b)]);
  await tenant.nextCycle();

  const outcomes = await tenant.apply([tenant.deactivate(b), tenant.deactivate(c)]);

  expect(outcomes.map(endOf)).toEqual([503, "applied"]);
  expect((await tenant.waiting()).map(({ userId }) => userId)).toEqual([b]);
});

test("a percentage is of the users who were active before the cycle's first deactivation", async () => {
  const ids = await tenant.addUsers(10);
  await tenant.guard(100, "retry", 25);

  for (const id of ids.slice(0, 4)) await tenant.apply([tenant.deactivate(id)]);

  expect(await tenant.counts()).toMatchObject({ activeUsers: 10, counted: 2, held: 2, usersLimit: 2 });
});

test("workers that apply at once do not pass the limit together", async () => {
  const ids = await tenant.addUsers(40);
  await tenant.guard(7, "accept");
  const other = openDatabase({
    url: store.url,
    poolMax: 4,
    applicationName: "rollcall-other",
    onConnectionError: () => undefined,
  });

  try {
    await Promise.all(
      ids.map((id, index) => tenant.apply([tenant.deactivate(id)], index % 2 === 0 ? store.database : other)),
    );
  } finally {
    await other.close();
  }

  expect(await tenant.activeUsers()).toBe(33);
  expect(await tenant.counts()).toMatchObject({ counted: 7, held: 33 });
  const events = await store.database.query(
    "SELECT FROM events WHERE tenant_id = $1 AND type = 'guard.held'",
    [tenant.tenantId],
  );
  expect(events.length).toBe(1);
});

test("where nothing is guarded and nobody is held, no statement is asked for the guard's sake", async () => {
  const [a = "", b = ""] = await tenant.addUsers(2);
  const asked: string[] = [];
  const watched: DatabasePool = {
    ...store.database,
    of: () => watched,
    transaction: (work) =>
      store.database.transaction((tx) =>
        work({
          ...tx,
          query: (statement, values) => {
            asked.push(typeof statement === "string" ? statement : (statement.name ?? statement.text));
            return tx.query(statement, values);
          },
        }),
      ),
  };

  await tenant.apply([tenant.deactivate(a), tenant.by(remove("User", b))], watched);

  expect(asked).toContain("update-users");
  expect(asked.filter((name) => /guard|held/.test(name))).toEqual([]);
});
