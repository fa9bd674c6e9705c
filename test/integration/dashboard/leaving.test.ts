/** Ending in the console: who may, what is asked before, and what is gone afterwards. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { readLoginGate } from "../../../src/store/login-gates.ts";
import { findPrincipal } from "../../../src/store/tenants.ts";
import { addAccount, addTenant, addUsers, type SeededTenant } from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let owner: TestVisitor;
let admin: TestVisitor;
let tenant: SeededTenant;
let path: string;
let made = 0;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  await addAccount(store.database, "owner", "owner");
  await addAccount(store.database, "admin", "admin");
  owner = site.visitor();
  admin = site.visitor();
  await owner.signIn("owner");
  await admin.signIn("admin");
});
beforeEach(async () => {
  made += 1;
  const slug = `leaving-${made}`;
  tenant = await addTenant(store.database, { slug, name: `Leaving ${made}` }, CONSOLE_SECRET);
  await addUsers(store.database, tenant.tenantId, 3);
  path = `/tenants/${slug}`;
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const users = async (): Promise<readonly { readonly id: string; readonly name: string }[]> =>
  store.database.query(`SELECT id, user_name_key AS name FROM users WHERE tenant_id = $1 ORDER BY name`, [
    tenant.tenantId,
  ]);

test("disconnecting says what stops, wants a tick, ends the token and sets the gate", async () => {
  const page = `${path}/connections/${tenant.connectionId}/disconnect`;
  const { text } = await admin.get(page);
  expect(words(text)).toContain("tokens are dead at once");
  expect(text).toContain(`${path}/export?format=bulk`);
  expect((await admin.post(page, { whenOff: "refuse" })).status).toBe(422);
  expect(await findPrincipal(store.database, CONSOLE_SECRET, tenant.token)).toBeDefined();

  expect((await admin.post(page, { whenOff: "refuse", understood: "yes" })).status).toBe(303);

  expect(await findPrincipal(store.database, CONSOLE_SECRET, tenant.token)).toBeUndefined();
  expect(await readLoginGate(store.database, tenant.tenantId)).toMatchObject({ whenOff: "refuse" });
  expect(await users()).toHaveLength(3);
  const audit = await listTenantAudit(store.database, tenant.tenantId, 5);
  expect(audit.map(({ action, subject }) => `${action} ${subject}`)).toEqual([
    "login_gate.changed when-off refuse",
    "connection.disconnected Azure AD",
  ]);
  expect(words((await admin.get(`${path}/leaving`)).text)).toContain("Nothing is connected");
});

test("an export is a file of all users, for admins", async () => {
  const csv = await admin.get(`${path}/export?format=csv`);
  expect(csv.headers.get("content-disposition")).toContain("leaving-");
  expect(csv.text.trimEnd().split("\r\n")).toHaveLength(4);
  const bulk = JSON.parse((await admin.get(`${path}/export?format=bulk`)).text) as { Operations: object[] };
  expect(bulk.Operations).toHaveLength(3);
});

test("a person is erased by an owner alone, after saying whom", async () => {
  const [first] = await users();
  expect((await admin.post(`${path}/erase-person`, { who: first!.name, understood: "yes" })).status).toBe(
    403,
  );
  const nobody = await owner.post(`${path}/erase-person`, { who: "nobody" });
  expect(nobody.status).toBe(422);

  const asked = await owner.post(`${path}/erase-person`, { who: first!.name.toUpperCase() });
  expect(words(asked.text)).toContain(`Erase the user ${first!.id}`);
  expect(await users()).toHaveLength(3);
  const done = await owner.post(`${path}/erase-person`, { who: first!.id, understood: "yes" });

  expect(words(done.text)).toMatch(/users 1 /);
  expect((await users()).map(({ id }) => id)).not.toContain(first!.id);
  const [entry] = await listTenantAudit(store.database, tenant.tenantId, 1);
  expect(entry).toMatchObject({ actor: "owner", action: "person.erased", subject: first!.id });
});

test("a tenant is erased by an owner alone, who types its name", async () => {
  const slug = path.split("/").at(-1) ?? "";
  const fields = { confirm: slug, understood: "yes" };
  expect((await admin.post(`${path}/erase`, fields)).status).toBe(403);
  expect((await owner.post(`${path}/erase`, { ...fields, confirm: "another" })).status).toBe(422);
  expect((await owner.post(`${path}/erase`, { confirm: slug })).status).toBe(422);
  expect(await users()).toHaveLength(3);

  const done = await owner.post(`${path}/erase`, fields);

  expect(words(done.text)).toMatch(/users 3 /);
  expect((await owner.get(path)).status).toBe(404);
  expect(await findPrincipal(store.database, CONSOLE_SECRET, tenant.token)).toBeUndefined();
});
