/** Accounts: invited by a link that works once, changed, disabled; own passwords and sessions; who did what. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { findAccountByLogin, setRole } from "../../../src/store/account-changes.ts";
import { addAccount, addFailedWrite, addTenant, PASSWORD } from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const NEW_PASSWORD = "four words nobody knows";

let store: TestDatabase;
let site: TestConsole;
let owner: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  await addAccount(store.database, "root", "owner");
  owner = await signedIn("root");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

async function signedIn(login: string, password?: string): Promise<TestVisitor> {
  const visitor = site.visitor();
  expect((await visitor.signIn(login, password)).status).toBe(303);
  return visitor;
}

const isSignedIn = async (visitor: TestVisitor): Promise<boolean> =>
  (await visitor.get("/account")).status === 200;
const accountPath = async (login: string): Promise<string> =>
  `/settings/accounts/${(await findAccountByLogin(store.database, login))!.id}`;
const words = (text: string): string => text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");

async function invite(login: string, role: string): Promise<string> {
  const made = await owner.post("/settings/accounts", { login, role });
  expect(made.status).toBe(200);
  return /\/welcome\?code=[\w-]{43}/.exec(made.text)?.[0] ?? "";
}

test("whoever is invited sets a password by a link that works once, and then signs in", async () => {
  const link = await invite("Grace@Example.com", "admin");
  const code = link.slice(-43);
  const grace = site.visitor();
  expect((await grace.signIn("grace@example.com")).status).toBe(401);

  expect(words((await grace.get(link)).text)).toContain("Choose the password of grace@example.com");
  const short = await grace.post("/welcome", { code, password: "short", again: "short" });
  const different = await grace.post("/welcome", { code, password: NEW_PASSWORD, again: "other words" });
  const common = await grace.post("/welcome", { code, password: "Password1234", again: "Password1234" });
  const hers = await grace.post("/welcome", { code, password: "Grace-Example", again: "Grace-Example" });
  expect([short.status, different.status, common.status, hers.status]).toEqual([422, 422, 422, 422]);
  expect(words(common.text)).toContain("one of the passwords that are tried first");
  expect(words(hers.text)).toContain("made of your login");
  const set = await grace.post("/welcome", { code, password: NEW_PASSWORD, again: NEW_PASSWORD });
  expect(set.headers.get("location")).toBe("/sign-in");
  expect((await grace.signIn("grace@example.com", NEW_PASSWORD)).status).toBe(303);

  expect((await site.visitor().get(link)).status).toBe(404);
  const rows = await store.database.query(`SELECT to_jsonb(l) AS row FROM account_links l`);
  expect(rows).toEqual([]);
});

test("a link's code is stored as a hash, ends with the next one, with its time, and with the account", async () => {
  const first = await invite("linked", "viewer");
  const path = await accountPath("linked");
  const second = /\/welcome\?code=[\w-]{43}/.exec((await owner.post(`${path}/link`)).text)?.[0] ?? "";
  const stored = JSON.stringify(await store.database.query(`SELECT to_jsonb(l) AS row FROM account_links l`));

  expect(stored).not.toContain(Buffer.from(second.slice(-43)).toString("hex"));
  expect(stored).not.toContain(second.slice(-43));
  expect((await site.visitor().get(first)).status).toBe(404);
  expect((await site.visitor().get(second)).status).toBe(200);
  await store.database.query(`UPDATE account_links SET expires_at = now()`);
  expect((await site.visitor().get(second)).status).toBe(404);
  const third = /\/welcome\?code=[\w-]{43}/.exec((await owner.post(`${path}/link`)).text)?.[0] ?? "";
  await owner.post(`${path}/disable`);
  expect((await site.visitor().get(third)).status).toBe(404);
  expect((await owner.post(`${path}/link`)).status).toBe(404);
});

test.each([
  ["", "viewer", 422],
  ["-begins", "viewer", 422],
  ["has a space", "viewer", 422],
  ["x".repeat(101), "viewer", 422],
  ["somebody", "emperor", 422],
  ["root", "viewer", 409],
])("an account %j with the role %s is refused with %i", async (login, role, status) => {
  expect((await owner.post("/settings/accounts", { login, role })).status).toBe(status);
});

test("a role holds from the next request on, and a disabled account is signed out at once", async () => {
  await addAccount(store.database, "mover", "viewer");
  const mover = await signedIn("mover");
  expect((await mover.get("/activate")).status).toBe(403);
  const path = await accountPath("mover");

  await owner.post(`${path}/role`, { role: "admin" });
  expect((await mover.get("/activate")).status).toBe(200);
  await owner.post(`${path}/disable`);
  expect(await isSignedIn(mover)).toBe(false);
  expect((await site.visitor().signIn("mover")).status).toBe(401);
  await owner.post(`${path}/enable`);
  await signedIn("mover");

  const audit = words((await owner.get("/settings/audit?action=account&actor=root")).text);
  expect(audit).toContain("account.role_changed mover: viewer → admin");
  expect(audit).toContain("account.disabled mover");
  expect(audit).toContain("account.enabled mover");
});

test("the last owner stays an owner, also where two take each other away at the same time", async () => {
  const path = await accountPath("root");
  for (const answer of [
    await owner.post(`${path}/role`, { role: "admin" }),
    await owner.post(`${path}/disable`),
  ]) {
    expect(answer.status).toBe(409);
    expect(answer.text).toContain("last owner");
  }

  await addAccount(store.database, "second", "owner");
  const ids = await Promise.all(
    ["root", "second"].map(async (login) => (await findAccountByLogin(store.database, login))!.id),
  );
  const done = await Promise.all(
    ids.map((id) => store.database.transaction((tx) => setRole(tx, id, "viewer"))),
  );
  expect(done.toSorted()).toEqual(["changed", "last_owner"]);
  await store.database.query(`UPDATE accounts SET role = 'owner' WHERE login = 'root'`);
});

test("changing one's password wants the old one, and ends all other sessions", async () => {
  await addAccount(store.database, "ada", "viewer");
  const [here, elsewhere] = [await signedIn("ada"), await signedIn("ada")];
  const fields = { password: NEW_PASSWORD, again: NEW_PASSWORD };

  await here.get("/account");
  expect((await here.post("/account/password", { ...fields, old: "wrong" })).status).toBe(422);
  const weak = { old: PASSWORD, password: "ada ada ada ada", again: "ada ada ada ada" };
  expect((await here.post("/account/password", weak)).status).toBe(422);
  expect(await isSignedIn(elsewhere)).toBe(true);
  expect((await here.post("/account/password", { ...fields, old: PASSWORD })).status).toBe(303);

  expect(await isSignedIn(here)).toBe(true);
  expect(await isSignedIn(elsewhere)).toBe(false);
  expect((await site.visitor().signIn("ada")).status).toBe(401);
  await signedIn("ada", NEW_PASSWORD);
});

test("one's sessions are listed with their browsers, and one may be ended; nobody else's", async () => {
  await addAccount(store.database, "lin", "viewer");
  const [here, elsewhere, stranger] = [await signedIn("lin"), await signedIn("lin"), await signedIn("root")];
  const endings = async (visitor: TestVisitor): Promise<string[]> =>
    [...(await visitor.get("/account")).text.matchAll(/action="(\/account\/sessions\/[^"]+)"/g)].map(
      ([, path = ""]) => path,
    );
  const ofHere = await endings(here);
  expect(ofHere).toHaveLength(2);
  const [last] = await store.database.query<{ id: string }>(
    `SELECT s.id FROM sessions s JOIN accounts a ON a.id = s.account_id WHERE a.login = 'lin'
      ORDER BY s.created_at DESC LIMIT 1`,
  );

  await stranger.get("/account");
  expect((await stranger.post(`/account/sessions/${last!.id}/end`)).status).toBe(404);
  expect(await isSignedIn(elsewhere)).toBe(true);
  await here.get("/account");
  expect((await here.post(`/account/sessions/${last!.id}/end`)).status).toBe(303);
  expect(await isSignedIn(elsewhere)).toBe(false);
  const [own = ""] = await endings(here);
  expect((await here.post(own)).headers.get("location")).toBe("/sign-in");
  expect(await isSignedIn(here)).toBe(false);
});

test("the audit is searched, paged and exported, and a formula in it is text", async () => {
  await store.database.query(
    `INSERT INTO audit (tenant_id, actor, action, subject)
     SELECT NULL, 'mass', 'schema.set', 'row ' || n FROM generate_series(1, 120) AS n`,
  );
  await store.database.query(
    `INSERT INTO audit (tenant_id, actor, action, subject) VALUES (NULL, 'mass', 'tenant.created', '=1+1,"x"')`,
  );
  const first = (await owner.get("/settings/audit?actor=mass&action=schema")).text;
  const [, older = ""] = /href="([^"]+before=\d+[^"]*)"/.exec(first) ?? [];
  const second = (await owner.get(older.replaceAll("&#38;", "&"))).text;
  const csv = await owner.get("/settings/audit?actor=mass&format=csv");
  const json = await owner.get("/settings/audit?actor=mass&action=tenant.created&format=json");

  const rowsIn = (text: string): number => text.match(/row \d+</g)?.length ?? 0;
  expect([rowsIn(first), rowsIn(second)]).toEqual([50, 50]);
  expect(first).toContain("row 120<");
  expect(second).toContain("row 70<");
  expect(csv.text.trim().split("\r\n")).toHaveLength(122);
  expect(csv.text).toContain(`"'=1+1,""x"""`);
  expect(JSON.parse(json.text)).toMatchObject([{ actor: "mass", subject: '=1+1,"x"' }]);
  const future = await owner.get("/settings/audit?from=2999-01-01&before=x&to=nonsense");
  expect(future.text).toContain("Nothing of the kind");
});

test("a failure is assigned to somebody who may mend it, and the audit beside it says so", async () => {
  const tenant = await addTenant(store.database, { slug: "acme", name: "Acme" }, CONSOLE_SECRET);
  const writeId = await addFailedWrite(store.database, tenant);
  const path = `/tenants/acme/failed/${writeId}`;
  await addAccount(store.database, "watcher", "viewer");

  expect((await owner.post(`${path}/assign`, { assignee: "watcher" })).status).toBe(422);
  expect((await owner.post(`${path}/assign`, { assignee: "root" })).status).toBe(303);

  const { text } = await owner.get(path);
  expect(text).toContain("<option selected>root</option>");
  expect(words(text)).toMatch(/root · assigned/);
  expect(words((await owner.get("/failed?state=open&tenant=acme")).text)).toContain("userName-taken");
});
