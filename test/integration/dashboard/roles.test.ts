/** Every route of the console, asked for by every role: who is let in, and who is told why not. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { mayActAs } from "../../../src/dashboard/page.ts";
import { type Route, ROUTES } from "../../../src/dashboard/routes.ts";
import { type Role, ROLES } from "../../../src/store/accounts.ts";
import { addAccount, seedConsole } from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let slug: string;
const visitors = new Map<Role, TestVisitor>();
const NOBODY = "00000000-0000-7000-8000-000000000000";

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  slug = (await seedConsole(store.database, CONSOLE_SECRET)).busy.slug;
  for (const role of ROLES) {
    await addAccount(store.database, role, role);
    const visitor = site.visitor();
    await visitor.signIn(role);
    visitors.set(role, visitor);
  }
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

/** An address of the route where what it names may not be there: the role is asked for first. */
function addressOf({ path }: Route): string {
  return path.replaceAll(":slug", slug).replaceAll(/:\w+/g, NOBODY);
}

function ask(route: Route, visitor: TestVisitor) {
  return route.method === "get" ? visitor.get(addressOf(route)) : visitor.post(addressOf(route));
}

const named = ROUTES.map((route) => [`${route.method.toUpperCase()} ${route.path}`, route] as const);

test.each(named)("%s is for the roles that it says", async (_name, route) => {
  for (const role of ROLES) {
    const visitor = visitors.get(role)!;
    await visitor.get("/account"); // A fresh form's token.
    const { status, text } = await ask(route, visitor);
    if (mayActAs(role, route.needs)) expect([role, status]).not.toEqual([role, 403]);
    else {
      expect([role, status]).toEqual([role, 403]);
      expect(text).toContain(`Your role is ${role}; this needs the role ${route.needs}.`);
    }
  }
});

test.each(named)(
  "%s asks whoever is not signed in to sign in, or for a form of ours",
  async (_name, route) => {
    const { status, headers } = await ask(route, site.visitor());

    if (route.method === "get") expect(headers.get("location")).toMatch(/^\/sign-in/);
    else expect(status).toBe(403);
  },
);

test("what changes something is for admins at least, but for what is one's own", () => {
  const forViewers = ROUTES.filter(({ method, needs }) => method === "post" && needs === "viewer");

  expect(forViewers.filter(({ path }) => !path.startsWith("/account/"))).toEqual([]);
});
