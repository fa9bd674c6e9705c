/** Signing in and out: who gets a session, what a guesser learns (nothing), and what the cookies promise. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount, PASSWORD } from "../../support/console-seed.ts";
import { startConsole, type TestConsole } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let consoleUnderTest: TestConsole;

beforeAll(async () => {
  store = await createTestDatabase();
  for (const login of ["ada", "grace", "locked", "patient"]) await addAccount(store.database, login, "admin");
  consoleUnderTest = await startConsole(store.database);
});
afterAll(async () => {
  await consoleUnderTest.stop();
  await store.drop();
});

/** What a person reads on a page: without form tokens, and without the login that was typed in. */
function withoutInput(text: string): string {
  return text.replaceAll(/value="[^"]*"/g, "");
}

test("the right password leads to the page that was asked for", async () => {
  const visitor = consoleUnderTest.visitor();

  const asked = await visitor.get("/failed?tenant=contoso");
  await visitor.get(asked.headers.get("location") ?? "");
  const answer = await visitor.post("/sign-in", {
    login: " Ada ",
    password: PASSWORD,
    next: "/failed?tenant=contoso",
  });

  expect(asked.headers.get("location")).toBe("/sign-in?next=%2Ffailed%3Ftenant%3Dcontoso");
  expect(answer.status).toBe(303);
  expect(answer.headers.get("location")).toBe("/failed?tenant=contoso");
  expect((await visitor.get("/")).status).toBe(200);
});

test.each(["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"])(
  "sign-in sends nobody to %s",
  async (next) => {
    const visitor = consoleUnderTest.visitor();

    await visitor.get(`/sign-in?next=${encodeURIComponent(next)}`);
    const answer = await visitor.post("/sign-in", { login: "ada", password: PASSWORD, next });

    expect(answer.headers.get("location")).toBe("/");
  },
);

test("a wrong password and an unknown login get the same answer", async () => {
  const visitor = consoleUnderTest.visitor();

  const wrong = await visitor.signIn("grace", "not the password");
  const unknown = await visitor.signIn("nobody", "not the password");

  expect([wrong.status, unknown.status]).toEqual([401, 401]);
  expect(withoutInput(unknown.text)).toBe(withoutInput(wrong.text));
  expect(wrong.text).not.toContain("not the password");
  expect([...visitor.cookies.keys()]).toEqual(["rollcall-form"]);
  expect((await visitor.get("/")).headers.get("location")).toBe("/sign-in");
});

test("after five wrong guesses the right password is refused too, and the audit knows", async () => {
  const visitor = consoleUnderTest.visitor();

  for (let guess = 1; guess <= 5; guess += 1) await visitor.signIn("locked", `guess ${guess}`);
  const right = await visitor.signIn("locked");
  const audit = await store.database.query(`SELECT action FROM audit WHERE subject = 'locked'`);

  expect(right.status).toBe(401);
  expect(audit).toEqual([{ action: "account.locked" }]);
});

test("a lock ends by itself, and a success forgives the guesses before it", async () => {
  const visitor = consoleUnderTest.visitor();
  for (let guess = 1; guess <= 5; guess += 1) await visitor.signIn("patient", `guess ${guess}`);

  await store.database.query(`UPDATE accounts SET locked_until = now() WHERE login = 'patient'`);
  const afterwards = await visitor.signIn("patient");
  const accounts = await store.database.query(
    `SELECT failed_logins AS failed, locked_until AS until FROM accounts WHERE login = 'patient'`,
  );

  expect(afterwards.status).toBe(303);
  expect(accounts).toEqual([{ failed: 0, until: null }]);
});

test("guesses in parallel are counted one by one", async () => {
  await addAccount(store.database, "parallel", "viewer");
  const visitors = Array.from({ length: 8 }, () => consoleUnderTest.visitor());

  await Promise.all(visitors.map((visitor, guess) => visitor.signIn("parallel", `guess ${guess}`)));
  const right = await consoleUnderTest.visitor().signIn("parallel");

  expect(right.status).toBe(401);
});

test("more sign-ins at once than the memory is meant for are asked to wait", async () => {
  const visitors = Array.from({ length: 24 }, () => consoleUnderTest.visitor());
  await Promise.all(visitors.map((visitor) => visitor.get("/sign-in")));

  const answers = await Promise.all(
    visitors.map((visitor) => visitor.post("/sign-in", { login: "nobody", password: "x" })),
  );

  const statuses = answers.map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([401, 503]));
  expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(8);
});

test("a login or password that no account can have is refused like any other", async () => {
  const visitor = consoleUnderTest.visitor();

  for (const login of ["", "x".repeat(10_000), "' OR 1=1 --", "ada\u202e", "\ud800"]) {
    const answer = await visitor.signIn(login, "");
    expect(answer.status, JSON.stringify(login.slice(0, 20))).toBe(401);
  }
  expect((await visitor.signIn("a\u0000b", "x")).status).toBe(400);
});

test("signing out ends the session on the server, not only in this browser", async () => {
  const visitor = consoleUnderTest.visitor();
  await visitor.signIn("ada");
  const stolen = visitor.cookies.get("rollcall");

  const out = await visitor.post("/sign-out");
  const withOldCookie = await fetch(`${consoleUnderTest.url}/`, {
    headers: { cookie: `rollcall=${stolen}` },
    redirect: "manual",
  });

  expect([out.status, out.headers.get("location")]).toEqual([303, "/sign-in"]);
  expect(out.headers.get("clear-site-data")).toBe('"cache", "storage"');
  expect(visitor.cookies.has("rollcall")).toBe(false);
  expect((await visitor.get("/")).headers.get("location")).toBe("/sign-in");
  expect(withOldCookie.headers.get("location")).toBe("/sign-in");
});

test("a session that expired is none", async () => {
  const visitor = consoleUnderTest.visitor();
  await visitor.signIn("ada");

  await store.database.query(`UPDATE sessions SET expires_at = now()`);

  expect((await visitor.get("/")).headers.get("location")).toBe("/sign-in");
});

test("the session's id is new with each sign-in, and only its hash is stored", async () => {
  const [first, second] = [consoleUnderTest.visitor(), consoleUnderTest.visitor()];
  await first.signIn("ada");
  await second.signIn("ada");
  const ids = [first, second].map((visitor) => visitor.cookies.get("rollcall") ?? "");

  const stored = JSON.stringify(await store.database.query(`SELECT to_jsonb(s) AS row FROM sessions s`));

  expect(ids[0]).not.toBe(ids[1]);
  for (const id of ids) {
    expect(id.length).toBeGreaterThanOrEqual(43);
    expect(stored).not.toContain(id);
    expect(stored).not.toContain(Buffer.from(id, "base64url").toString("hex"));
  }
});

test("an id that somebody planted before the sign-in opens nothing after it", async () => {
  const planted = "A".repeat(43);
  const form = await fetch(`${consoleUnderTest.url}/sign-in`, { headers: { cookie: `rollcall=${planted}` } });
  const csrf = /name="csrf" value="([^"]+)"/.exec(await form.text())?.[1] ?? "";
  const formCookie = /rollcall-form=[^;]+/.exec(form.headers.getSetCookie().join())?.[0] ?? "";

  const answer = await fetch(`${consoleUnderTest.url}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: `rollcall=${planted}; ${formCookie}` },
    body: new URLSearchParams({ csrf, login: "ada", password: PASSWORD }),
  });
  const withPlanted = await fetch(`${consoleUnderTest.url}/`, {
    redirect: "manual",
    headers: { cookie: `rollcall=${planted}` },
  });

  expect(answer.status).toBe(303);
  expect(answer.headers.getSetCookie().join()).toMatch(/^rollcall=[\w-]{43};/);
  expect(answer.headers.getSetCookie().join()).not.toContain(planted);
  expect(withPlanted.headers.get("location")).toBe("/sign-in");
});

describe("the cookies", () => {
  test("over plain HTTP they are HttpOnly and SameSite", async () => {
    const visitor = consoleUnderTest.visitor();
    const form = await visitor.get("/sign-in");
    const answer = await visitor.signIn("ada");

    for (const cookie of [...form.headers.getSetCookie(), ...answer.headers.getSetCookie()]) {
      expect(cookie).toMatch(/^rollcall(-form)?=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    }
  });

  test("over TLS they are Secure besides, and bound to this host", async () => {
    const secure = await startConsole(store.database, { secureCookies: true });
    try {
      const visitor = secure.visitor();
      const answer = await visitor.signIn("ada");

      expect(answer.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^__Host-rollcall=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/),
      ]);
      expect(answer.headers.get("strict-transport-security")).toBe("max-age=31536000");
      expect((await visitor.get("/")).status).toBe(200);
    } finally {
      await secure.stop();
    }
  });
});
