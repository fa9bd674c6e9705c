/** The deactivation guard in the console: set, marked wherever one looks, and decided about. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { addAccount } from "../../support/console-seed.ts";
import { endOf, GuardedTenant } from "../../support/guarded-tenant.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { create } from "../../support/write-commands.ts";

let store: TestDatabase;
let site: TestConsole;
let admin: TestVisitor;
let viewer: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  for (const role of ["admin", "viewer"] as const) await addAccount(store.database, role, role);
  admin = site.visitor();
  viewer = site.visitor();
  await admin.signIn("admin");
  await viewer.signIn("viewer");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const read = async (visitor: TestVisitor, path: string): Promise<string> =>
  words((await visitor.get(path)).text);

interface At {
  readonly tenant: GuardedTenant;
  readonly slug: string;
  readonly path: string;
}

async function addTenant(): Promise<At> {
  const tenant = await GuardedTenant.make(store.database);
  const slug = `t-${tenant.tenantId}`;
  return { tenant, slug, path: `/tenants/${slug}/connections/${tenant.connectionId}/guard` };
}

const SETTINGS = { users: "1", percent: "", answer: "accept" };

/** One deactivation is applied, and two are held. @returns whose */
async function hold({ tenant }: At): Promise<readonly string[]> {
  const ids = await tenant.addUsers(3);
  await tenant.apply(ids.map((id) => tenant.deactivate(id)));
  return (await tenant.waiting()).map(({ userId }) => userId);
}

test("is off, proposes limits, and is turned on and off by an admin", async () => {
  const { tenant, path } = await addTenant();

  expect(await read(admin, path)).toMatch(/Off: whatever .* Recommended for every connection/);
  expect((await admin.post(path, SETTINGS)).headers.get("location")).toBe(`${path}?done=set`);
  expect(await read(admin, path)).toContain(
    "On: at most 1 user in a cycle; beyond that answered as applied, and held.",
  );
  expect(await read(admin, path.replace("/guard", ""))).toContain("at most 1 user in a cycle");
  await admin.post(`${path}/off`);

  expect(await read(admin, path.replace("/guard", ""))).toContain("Off, which is not recommended");
  const audit = await listTenantAudit(store.database, tenant.tenantId, 9);
  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    "admin guard.removed",
    "admin guard.set",
  ]);
});

test.each([
  ["no limit", { users: "", percent: "" }, /at least one of the limits/],
  ["half a user", { users: "1.5" }, /whole number/],
  ["more than all", { percent: "101" }, /from 0 to 100/],
  ["a strange answer", { answer: "maybe" }, /what Azure is answered/],
])("%s is refused in words", async (_what, fields, reason) => {
  const { path } = await addTenant();
  await admin.get(path);

  const answer = await admin.post(path, { ...SETTINGS, ...fields });

  expect(answer.status).toBe(422);
  expect(words(answer.text)).toMatch(reason);
});

test("what is held is marked on the overview, the connection, the cycle and the person", async () => {
  const at = await addTenant();
  const { tenant, slug, path } = at;
  await tenant.guard(1, "accept");
  const [a = ""] = await hold(at);

  expect(await read(viewer, "/")).toContain("2 deactivations held");
  expect(await read(viewer, path.replace("/guard", ""))).toContain("2 held");
  expect(await read(viewer, `/tenants/${slug}/cycles/${tenant.cycleId}`)).toMatch(
    /guard held 2, beyond the limit of 1/,
  );
  const person = await read(viewer, `/tenants/${slug}/users/${a}`);
  expect(person).toMatch(/deactivation of this user is held/);
  expect(person).toContain("Deactivation held");
  const page = await viewer.get(path);
  expect(words(page.text)).toMatch(/1 user of 3 active lost their access; the limit is 1. It held 2/);
  expect(page.text).not.toContain('<button type="submit" name="decision"');
});

test("an admin releases one and rejects the rest, with reasons that stay in the audit", async () => {
  const at = await addTenant();
  const { tenant, path } = at;
  await tenant.guard(1, "accept");
  const [a = "", b = ""] = await hold(at);
  await admin.get(path);

  const released = await admin.post(`${path}/decide`, {
    decision: "release",
    reason: "she left",
    [`user-${a}`]: "on",
  });
  const rejected = await admin.post(`${path}/decide`, { decision: "reject-all", reason: "filter" });
  await tenant.apply(await tenant.released());

  expect(released.headers.get("location")).toBe(`${path}?done=released&count=1`);
  expect(rejected.headers.get("location")).toBe(`${path}?done=rejected&count=1`);
  const active = await store.database.query("SELECT id FROM users WHERE tenant_id = $1 AND active", [
    tenant.tenantId,
  ]);
  expect(active).toEqual([{ id: b }]);
  expect(await read(admin, path)).toMatch(/Nothing is held .* Rejected .* admin filter/);
  const audit = await listTenantAudit(store.database, tenant.tenantId, 9);
  expect(audit.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
    "guard.rejected 1 held: filter",
    "guard.released 1 held: she left",
  ]);
});

test("a release may let the rest of the running cycle pass", async () => {
  const at = await addTenant();
  const { tenant, path } = at;
  await tenant.guard(1, "retry");
  await hold(at);
  await admin.get(path);

  await admin.post(`${path}/decide`, { decision: "release-all", reason: "site closed", rest: "on" });

  const later = uuidv7();
  await tenant.apply([tenant.by(create(later, "later@contoso.com"))]);
  const outcomes = await tenant.apply([tenant.deactivate(later)]);
  expect(outcomes.map(endOf)).toEqual(["applied"]);
  expect(await tenant.counts()).toMatchObject({ released: 2, counted: 2, held: 2 });
});

test("a decision needs a reason, somebody chosen, and the role", async () => {
  const at = await addTenant();
  const { tenant, path } = at;
  await tenant.guard(1, "accept");
  await hold(at);
  await admin.get(path);
  await viewer.get(path);

  const silent = await admin.post(`${path}/decide`, { decision: "release-all", reason: " " });
  const nobody = await admin.post(`${path}/decide`, { decision: "reject", reason: "why" });
  const powerless = await viewer.post(`${path}/decide`, { decision: "release-all", reason: "why" });

  expect([silent.status, nobody.status, powerless.status]).toEqual([422, 422, 403]);
  expect((await tenant.waiting()).length).toBe(2);
});

test("a connection is reached by its own tenant's address alone", async () => {
  const mine = await addTenant();
  const other = await addTenant();
  await mine.tenant.guard(1, "accept");
  await hold(mine);
  const crossed = mine.path.replace(mine.slug, other.slug);
  await admin.get(mine.path);

  expect((await admin.get(crossed)).status).toBe(404);
  expect((await admin.post(`${crossed}/decide`, { decision: "release-all", reason: "why" })).status).toBe(
    404,
  );
  expect((await mine.tenant.waiting()).length).toBe(2);
});
