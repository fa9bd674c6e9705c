/** What the log says of somebody who asks for more than the role allows: that it was tried, and nothing of who it is. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { findAccountByLogin } from "../../../src/store/account-changes.ts";
import { addAccount } from "../../support/console-seed.ts";
import { startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const LOGIN = "grace.hopper@contoso.example";

let store: TestDatabase;
let site: TestConsole;
let viewer: TestVisitor;
let accountId: string | undefined;
let lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  store = await createTestDatabase();
  await addAccount(store.database, LOGIN, "viewer");
  accountId = (await findAccountByLogin(store.database, LOGIN))?.id;
  const log = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  site = await startConsole(store.database, { log });
  viewer = site.visitor();
  await viewer.signIn(LOGIN);
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});
beforeEach(() => {
  lines = [];
});

function refusals(): readonly object[] {
  return lines.filter(({ msg }) => String(msg).startsWith("refused"));
}

test("a page that the role may not see", async () => {
  const { status } = await viewer.get("/settings/audit?q=ada.lovelace");

  expect(status).toBe(403);
  expect(refusals()).toEqual([
    expect.objectContaining({
      ...{ accountId, role: "viewer", needs: "admin", method: "get", route: "/settings/audit" },
      msg: "refused: the role does not allow it",
    }),
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/grace|hopper|ada|lovelace/i);
});

test("a form that the role may not send: without what stands in it, and without ids of its address", async () => {
  const { status } = await viewer.post("/settings/accounts", { login: "ada.lovelace", role: "owner" });

  expect(status).toBe(403);
  expect(refusals()).toEqual([
    expect.objectContaining({ accountId, needs: "owner", method: "post", route: "/settings/accounts" }),
  ]);
  expect(JSON.stringify(lines)).not.toMatch(/grace|hopper|ada|lovelace/i);
});

test("an act on the queue board", async () => {
  const { status } = await viewer.post("/queues/api/queues/scim-writes/add");

  expect(status).toBe(403);
  expect(refusals()).toEqual([
    expect.objectContaining({ accountId, role: "viewer", method: "POST", route: "/queues" }),
  ]);
});

test("what the role allows, and whoever is not signed in, leaves no line", async () => {
  await viewer.get("/");
  await viewer.get("/nowhere");
  await site.visitor().get("/settings/audit");

  expect(refusals()).toEqual([]);
});
