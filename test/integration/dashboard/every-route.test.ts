/**
 * What holds for each route of the console, whatever it shows: who may, with which form, in no other site's frame, of
 * no other tenant, and nothing of people that the role may not read. The routes are walked, so a new one is held too.
 */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mayActAs } from "../../../src/dashboard/page.ts";
import type { Route } from "../../../src/dashboard/route.ts";
import { ROUTES } from "../../../src/dashboard/routes.ts";
import { findAccountByLogin } from "../../../src/store/account-changes.ts";
import type { Role } from "../../../src/store/accounts.ts";
import { setDigest } from "../../../src/store/digests.ts";
import { addExemption } from "../../../src/store/login-gates.ts";
import { issueProductKey } from "../../../src/store/product-keys.ts";
import { reconcile } from "../../../src/store/reconcile.ts";
import { createEndpoint } from "../../../src/store/webhook-endpoints.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import {
  addAccount,
  addCycle,
  addFailedWrite,
  addTenant,
  type SeededTenant,
} from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const ROLES = ["viewer", "admin", "owner"] as const satisfies readonly Role[];
const CAUSE = "code=userName-taken&type=User&operation=create";
const CANARY = /canary/i;

let store: TestDatabase;
let site: TestConsole;
let busy: SeededTenant;
let visitors: Readonly<Record<Role, TestVisitor>>;
/** Ids of what the busy tenant has, by the part of an address before them. */
let ids: Readonly<Record<string, string>>;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  const { database } = store;
  busy = await addTenant(database, { slug: "busy", name: "Busy" }, CONSOLE_SECRET);
  await addTenant(database, { slug: "other", name: "Other" }, CONSOLE_SECRET);
  for (const role of ROLES) await addAccount(database, role, role);
  ids = await seed();
  const signedIn = async (role: Role): Promise<TestVisitor> => {
    const visitor = site.visitor();
    await visitor.signIn(role);
    return visitor;
  };
  visitors = {
    viewer: await signedIn("viewer"),
    admin: await signedIn("admin"),
    owner: await signedIn("owner"),
  };
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

/** One of each thing that has an address; what only those who mend may read says canary. */
async function seed(): Promise<Readonly<Record<string, string>>> {
  const { database } = store;
  const { tenantId, connectionId } = busy;
  const [user, group] = [uuidv7(), uuidv7()];
  await database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
     VALUES ($1, $2, 'ada@busy.example', 'canary-external', false, $3, '{}', 1, now(), now())`,
    [
      tenantId,
      user,
      { userName: "Ada@busy.example", displayName: "Canary", emails: [{ value: "canary@x.example" }] },
    ],
  );
  await database.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, resource, search, version, created_at, updated_at)
     VALUES ($1, $2, 'staff', '{"displayName":"Staff"}', '{}', 1, now(), now())`,
    [tenantId, group],
  );
  const cycleId = await addCycle(database, busy, { startedMinutesAgo: 3, refused: 1, deactivated: 1 });
  const masked = "userName '…' is taken";
  const failed = await addFailedWrite(database, busy, {
    cycleId,
    detail: "userName 'canary' is taken",
    masked,
  });
  await database.query("UPDATE writes SET resource_id = $2, request = $3 WHERE write_id = $1", [
    ...[failed, user, { userName: "canary", name: { familyName: "canary" } }],
  ]);
  await database.query(
    `INSERT INTO writes (tenant_id, write_id, connection_id, cycle_id, correlation_id, operation, resource_type,
                         resource_id, result, status, changed, changes, requested_at)
     VALUES ($1, $2, $3, $4, 'correlation', 'patch', 'User', $5, 'applied', 200, '{active,title}', $6, now())`,
    [
      ...[tenantId, uuidv7(), connectionId, cycleId, user],
      { active: { from: true, to: false }, title: { from: "canary", to: "Canary 2" } },
    ],
  );
  const made = await database.transaction(async (tx) => {
    await addExemption(tx, tenantId, { login: "root@busy.example", note: "break-glass" });
    const settings = { url: null, emails: ["canary@ops.example"] };
    await setDigest(
      tx,
      { tenantId, connectionId },
      { settings, renewsSecret: false, secret: CONSOLE_SECRET },
    );
    return {
      key: await issueProductKey(tx, {
        tenantId,
        name: "Product",
        secret: CONSOLE_SECRET,
        ttlDays: undefined,
      }),
      webhook: await createEndpoint(tx, {
        ...{ tenantId, url: "https://example.com/hook", types: null, secret: CONSOLE_SECRET },
      }),
    };
  });
  const people = [{ id: "7", userName: "left@busy.example", displayName: "Left", active: true }];
  const report = await reconcile(database, { tenantId, people, actor: "owner", onProgress: () => undefined });
  const [token] = await database.query<{ id: string }>("SELECT id FROM tokens WHERE tenant_id = $1", [
    tenantId,
  ]);
  const [session] = await database.query<{ id: string }>("SELECT gen_random_uuid()::text AS id");
  return {
    connections: connectionId,
    cycles: cycleId,
    users: user,
    groups: group,
    failed,
    keys: made.key.id,
    webhooks: made.webhook.id,
    reconciliations: report?.id ?? "",
    accounts: (await findAccountByLogin(database, "viewer"))?.id ?? "",
    tokens: token?.id ?? "",
    sessions: session?.id ?? "",
  };
}

/** The route as an address, with the busy tenant's ids. @param slug - under which tenant */
function addressOf({ path }: Route, slug = "busy"): string {
  const address = path
    .replace(":slug", slug)
    .replaceAll(/(\w+)\/:\w+/g, (whole, before: string) =>
      ids[before] ? `${before}/${ids[before]}` : whole,
    );
  expect(address, "whoever adds a route says here what it names").not.toContain(":");
  return path === "/tenants/:slug/failed" ? `${address}?${CAUSE}` : address;
}

const routes = (method: Route["method"]): readonly Route[] =>
  ROUTES.filter((route) => route.method === method);
const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** Everything that the busy tenant has, as one text. */
async function allOfBusy(): Promise<string> {
  const tables = await store.database.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY 1`,
  );
  const rows = await Promise.all(
    tables.map(async ({ name }) => {
      const found = await store.database.query<{ row: string }>(
        `SELECT t::text AS row FROM ${name} t WHERE tenant_id = $1 ORDER BY 1`,
        [busy.tenantId],
      );
      return found.map(({ row }) => `${name}: ${row}`);
    }),
  );
  return rows.flat().join("\n");
}

/** Whatever forms there are may find here what they ask for, the ids of the busy tenant among it. */
function formOf(): Readonly<Record<string, string>> {
  const [code, type, operation] = ["userName-taken", "User", "create"];
  return {
    ...{ code, type, operation, cycle: ids["cycles"] ?? "", reason: "x", understood: "yes", name: "x" },
    ...{ who: ids["users"] ?? "", user: ids["users"] ?? "", decision: "release", old: "", overlap: "0" },
    ...{ login: "root@busy.example", role: "x", matchBy: "id", value: ids["groups"] ?? "", note: "x" },
    ...{
      url: "https://example.com/other",
      emails: "",
      days: "1",
      dialect: "strict",
      addresses: "",
      rate: "1",
    },
    ...{ enforcement: "enforced", whenOff: "allow", whenUnreachable: "allow", answer: "retry", users: "1" },
    ...{ event: "", since: "2020-01-01", assignee: "x", confirm: "busy" },
  };
}

test("without a session each route asks to sign in", async () => {
  const stranger = site.visitor();
  await stranger.get("/sign-in");
  for (const route of ROUTES) {
    const address = addressOf(route);
    const { status, headers, text } = await (route.method === "get"
      ? stranger.get(address)
      : stranger.post(address, formOf()));
    expect([nameOf(route), status]).toEqual([nameOf(route), 303]);
    expect(headers.get("location")).toMatch(/^\/sign-in/);
    expect(text).not.toMatch(CANARY);
  }
});

test("who has not the role is turned away, and nothing happens", async () => {
  const before = await allOfBusy();
  for (const role of ["viewer", "admin"] as const) {
    await visitors[role].get("/");
    for (const route of ROUTES.filter(({ needs }) => !mayActAs(role, needs))) {
      const address = addressOf(route);
      const { status } = await (route.method === "get"
        ? visitors[role].get(address)
        : visitors[role].post(address, formOf()));
      expect([role, nameOf(route), status]).toEqual([role, nameOf(route), 403]);
    }
  }

  expect(await allOfBusy()).toBe(before);
});

test("a form without its token, or of another site, is turned away, and nothing happens", async () => {
  const { owner } = visitors;
  const before = await allOfBusy();
  const cookie = [...owner.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const csrf = /name="csrf" value="([^"]+)"/.exec((await owner.get("/")).text)?.[1] ?? "";
  expect(csrf).not.toBe("");
  for (const route of routes("post")) {
    const address = addressOf(route);
    const without = await owner.post(address, { ...formOf(), csrf: "" });
    const foreign = await fetch(`${site.url}${address}`, {
      method: "POST",
      headers: { cookie, "Sec-Fetch-Site": "cross-site" },
      body: new URLSearchParams({ ...formOf(), csrf }),
    });
    expect([nameOf(route), without.status, foreign.status]).toEqual([nameOf(route), 403, 403]);
  }

  expect(await allOfBusy()).toBe(before);
});

test("an id of another tenant is none, and no form reaches what is another's", async () => {
  const { owner } = visitors;
  const before = await allOfBusy();
  await owner.get("/");
  for (const route of ROUTES.filter(({ path }) => path.startsWith("/tenants/:slug"))) {
    const address = addressOf(route, "other");
    const isOfOne = /:(?!slug)/.test(route.path);
    const { status, text } = await (route.method === "get"
      ? owner.get(address)
      : owner.post(address, { ...formOf(), confirm: "no" }));
    if (isOfOne) expect([nameOf(route), status]).toEqual([nameOf(route), 404]);
    else expect(status, nameOf(route)).toBeLessThan(500);
    expect(text, nameOf(route)).not.toMatch(/Ada@busy|left@busy|canary/i);
  }

  expect(await allOfBusy()).toBe(before);
});

test("no page can be framed, sniffed or kept", async () => {
  for (const route of routes("get")) {
    const { status, headers } = await visitors.owner.get(addressOf(route));
    expect([nameOf(route), status]).toEqual([nameOf(route), 200]);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy, nameOf(route)).toContain("frame-ancestors 'none'");
    expect(policy, nameOf(route)).not.toContain("unsafe");
    expect(headers.get("x-content-type-options"), nameOf(route)).toBe("nosniff");
    expect(headers.get("cache-control"), nameOf(route)).toBe("no-store");
  }
});

test("a viewer reads nobody's values, where an admin does", async () => {
  const more = ["?format=csv", "?format=json"].map((query) => `/tenants/busy/users/${ids["users"]}${query}`);
  const searches = ["canary-external", "Ada"].map((text) => `/people?tenant=busy&q=${text}`);
  const failed = ["/failed?tenant=busy", `/failed?cycle=${ids["cycles"]}`];
  const seenByAdmin: string[] = [];
  for (const route of routes("get").filter(({ needs }) => needs === "viewer")) {
    const { status, text } = await visitors.viewer.get(addressOf(route));
    expect([nameOf(route), status]).toEqual([nameOf(route), 200]);
    expect(text, nameOf(route)).not.toMatch(CANARY);
    if (CANARY.test((await visitors.admin.get(addressOf(route))).text)) seenByAdmin.push(route.path);
  }
  for (const address of [...more, ...searches, ...failed]) {
    const { text } = await visitors.viewer.get(address);
    expect(text.replaceAll(`value="canary-external"`, ""), address).not.toMatch(CANARY);
  }

  expect(seenByAdmin.sort()).toEqual([
    "/tenants/:slug/failed",
    "/tenants/:slug/failed/:id",
    "/tenants/:slug/reconciliations/:id",
    "/tenants/:slug/users/:id",
  ]);
});
