/** Signing in by a real OpenID provider: who gets in, as what, and which answers are taken for forged. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { roleOf } from "../../../src/dashboard/oidc.ts";
import { findAccountByLogin } from "../../../src/store/account-changes.ts";
import { addAccount } from "../../support/console-seed.ts";
import { startConsole, type TestConsole, type TestPage, type TestVisitor } from "../../support/console.ts";
import {
  CLIENT_ID,
  CLIENT_SECRET,
  passProvider,
  startOidcProvider,
  type TestProvider,
} from "../../support/oidc-provider.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const ROLES = new Map([
  ["Rollcall.Owner", "owner"],
  ["Rollcall.Admin", "admin"],
] as const);

let store: TestDatabase;
let provider: TestProvider;
let site: TestConsole;
let visitor: TestVisitor;

beforeAll(async () => {
  [store, provider] = await Promise.all([createTestDatabase(), startOidcProvider()]);
  site = await startConsole(store.database, {
    oidc: {
      ...{ issuer: provider.issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
      ...{ scope: "openid profile", roleClaim: "roles", roles: ROLES, defaultRole: undefined },
      label: "Contoso",
    },
  });
  provider.register(`${site.url}/sign-in/callback`);
});
beforeEach(() => (visitor = site.visitor()));
afterAll(async () => {
  await site.stop();
  await provider.stop();
  await store.drop();
});

/** @returns the address with which the provider sends the browser back */
async function away(subject: string, path = "/sign-in/oidc"): Promise<string> {
  const sent = await visitor.get(path);
  expect(sent.status).toBe(303);
  const back = await passProvider(sent.headers.get("location") ?? "", subject);
  expect(back.startsWith(site.url)).toBe(true);
  return back.slice(site.url.length);
}

async function signIn(subject: string): Promise<TestPage> {
  return visitor.get(await away(subject));
}

test("the sign-in page leads to the provider, with PKCE, state and nonce, and back to the page asked for", async () => {
  provider.people.set("ada", ["Rollcall.Admin", "Other"]);
  expect((await visitor.get("/sign-in")).text).toContain("Sign in with Contoso");
  const sent = new URL((await visitor.get("/sign-in/oidc")).headers.get("location") ?? "");
  for (const name of ["state", "nonce", "code_challenge"])
    expect((sent.searchParams.get(name) ?? "").length).toBeGreaterThan(30);
  expect(sent.searchParams.get("code_challenge_method")).toBe("S256");

  const back = await visitor.get(await away("ada", "/sign-in/oidc?next=%2Ffailed"));

  expect([back.status, back.headers.get("location")]).toEqual([303, "/failed"]);
  expect(visitor.cookies.has("rollcall-flow")).toBe(false);
  const account = await findAccountByLogin(store.database, "ada@contoso.com");
  expect(account).toMatchObject({ role: "admin", oidcIssuer: provider.issuer, hasPassword: false });
  expect((await visitor.get("/activate")).status).toBe(200);
  expect((await visitor.get("/settings/accounts")).status).toBe(403);
  expect((await site.visitor().signIn("ada@contoso.com", "")).status).toBe(401);
});

test("the role follows the claim at each sign-in, and whoever lost it is out everywhere", async () => {
  provider.people.set("mover", ["Rollcall.Owner"]);
  await signIn("mover");
  const first = visitor;
  expect((await first.get("/settings/accounts")).status).toBe(200);
  provider.people.set("mover", ["Rollcall.Admin"]);
  visitor = site.visitor();
  // The only owner there is keeps the role until there is another.
  await addAccount(store.database, "root", "owner");
  await signIn("mover");
  expect((await first.get("/settings/accounts")).status).toBe(403);

  provider.people.set("mover", []);
  visitor = site.visitor();
  const refused = await signIn("mover");

  expect([refused.status, refused.text.includes("gives you no role")]).toEqual([403, true]);
  expect((await first.get("/")).headers.get("location")).toBe("/sign-in");
  const audit = await store.database.query<{ line: string }>(
    `SELECT action || ' ' || subject AS line FROM audit WHERE actor = 'oidc' AND subject LIKE 'mover%' ORDER BY id`,
  );
  expect(audit.map(({ line }) => line)).toEqual([
    "account.created mover@contoso.com: owner",
    "account.role_changed mover@contoso.com: owner → admin",
  ]);
});

test("a name that is taken is no way into the account that has it, and a disabled account stays out", async () => {
  await addAccount(store.database, "grace@contoso.com", "owner");
  provider.people.set("grace", ["Rollcall.Admin"]);

  await signIn("grace");

  const mine = (await visitor.get("/account")).text;
  expect(mine).toMatch(/grace@contoso\.com\+[0-9a-f]{12}/);
  await store.database.query(
    `UPDATE accounts SET disabled_at = now() WHERE login LIKE 'grace@contoso.com+%'`,
  );
  visitor = site.visitor();
  expect((await signIn("grace")).status).toBe(403);
});

test("an answer that another browser began, that was forged or used before, signs nobody in", async () => {
  provider.people.set("eve", ["Rollcall.Owner"]);
  const back = await away("eve");
  const victim = site.visitor();
  expect((await victim.get(back)).status).toBe(401);
  await victim.get("/sign-in/oidc");
  expect((await victim.get(back)).status).toBe(401);
  const forged = back.replace(/state=[^&]+/, "state=forged");
  expect((await visitor.get(forged)).status).toBe(401);
  expect((await visitor.get("/sign-in/callback?error=access_denied&state=x")).status).toBe(401);

  expect((await visitor.get(back)).status).toBe(303);
  expect((await visitor.get(back)).status).toBe(401);
  expect(await findAccountByLogin(store.database, "eve@contoso.com")).toMatchObject({ sessions: 1 });
});

test("where the provider is away the page says so, and accounts of our own go on", async () => {
  const lonely = await startConsole(store.database, {
    oidc: {
      ...{ issuer: "http://127.0.0.1:9", clientId: CLIENT_ID, clientSecret: undefined },
      ...{ scope: "openid", roleClaim: "roles", roles: ROLES, defaultRole: "viewer", label: "Nobody" },
    },
  });
  await addAccount(store.database, "local", "viewer");
  const answer = await lonely.visitor().get("/sign-in/oidc");
  const local = await lonely.visitor().signIn("local");
  await lonely.stop();

  expect([answer.status, local.status]).toEqual([503, 303]);
  expect(answer.text).toContain("That sign-in failed");
});

test.each([
  [["Rollcall.Admin", "Rollcall.Owner"], "owner"],
  ["Rollcall.Admin", "admin"],
  [[{ name: "Rollcall.Owner" }, 7], "viewer"],
  [undefined, "viewer"],
])("a claim of %j gives the role %s", (roles, role) => {
  expect(roleOf({ roles }, { roleClaim: "roles", roles: ROLES, defaultRole: "viewer" })).toBe(role);
});
