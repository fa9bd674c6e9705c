/** When a session ends by itself: after a time without use, and after a working day whatever happens. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addAccount } from "../../support/console-seed.ts";
import { startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const IDLE_MINUTES = 30;

let store: TestDatabase;
let site: TestConsole;
let visitor: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  await addAccount(store.database, "ada", "admin");
  site = await startConsole(store.database, { sessionIdleMinutes: IDLE_MINUTES });
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});
beforeEach(async () => {
  visitor = site.visitor();
  await visitor.signIn("ada");
});

/** Lets time go by for all sessions: what was then, was earlier. */
async function pass(minutes: number): Promise<void> {
  await store.database.query(
    `UPDATE sessions
        SET created_at = created_at - make_interval(mins => $1),
            last_seen_at = last_seen_at - make_interval(mins => $1),
            expires_at = expires_at - make_interval(mins => $1)`,
    [minutes],
  );
}

async function isSignedIn(): Promise<boolean> {
  return (await visitor.get("/")).status === 200;
}

test("one that is used now and then goes on", async () => {
  for (let use = 1; use <= 5; use += 1) {
    await pass(IDLE_MINUTES - 1);
    expect([use, await isSignedIn()]).toEqual([use, true]);
  }
});

test("one that nobody uses ends, on the server, and comes back by no later use", async () => {
  await pass(IDLE_MINUTES);

  const page = await visitor.get("/account");
  const board = await visitor.get("/queues/api/queues");

  expect([page.status, page.headers.get("location")]).toEqual([303, "/sign-in?next=%2Faccount"]);
  expect(board.status).toBe(303);
  expect(await isSignedIn()).toBe(false);
});

test("use puts the end off to a working day at most", async () => {
  const step = IDLE_MINUTES - 1;
  for (let passed = step; passed < 12 * 60; passed += step) {
    await pass(step);
    expect([passed, await isSignedIn()]).toEqual([passed, true]);
  }
  await pass(step);

  expect(await isSignedIn()).toBe(false);
});

test("a page that asks for news by itself is no use", async () => {
  await pass(IDLE_MINUTES - 1);
  const cookie = [...visitor.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const leave = new AbortController();
  const live = await fetch(`${site.url}/`, {
    headers: { cookie, accept: "text/event-stream" },
    signal: leave.signal,
  });
  await live.body?.getReader().read();
  leave.abort();
  await visitor.get("/queues/api/queues");

  await pass(1);

  expect(live.status).toBe(200);
  expect(await isSignedIn()).toBe(false);
});

test("the list of one's sessions says when each ends, and leaves out what has ended", async () => {
  await store.database.query(`DELETE FROM sessions`);
  await visitor.signIn("ada");
  await pass(IDLE_MINUTES);
  visitor = site.visitor();
  await visitor.signIn("ada");

  const { text } = await visitor.get("/account");

  expect(text.match(/\/account\/sessions\/[^/]+\/end/g)).toHaveLength(1);
  expect(text).toMatch(/in (29|30) minutes/);
});
