/** The console's page of a tenant's roles. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { addAccount, addTenant, type SeededTenant } from "../../support/console-seed.ts";
import { CONSOLE_SECRET } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let tenant: SeededTenant;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  for (const role of ["admin", "viewer"] as const) await addAccount(store.database, role, role);
  tenant = await addTenant(store.database, { slug: "acme", name: "Acme" }, CONSOLE_SECRET);
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const PATH = "/tenants/acme/roles";

async function signedIn(login: string): Promise<TestVisitor> {
  const visitor = site.visitor();
  await visitor.signIn(login);
  await visitor.get(PATH);
  return visitor;
}

test("an admin maps a group to a role and takes it back; a viewer looks", async () => {
  const admin = await signedIn("admin");
  const viewer = await signedIn("viewer");
  expect((await admin.get(PATH)).text).toContain("No group gives a role yet");
  const mapping = { role: "editor", matchBy: "displayName", value: "<b>Staff</b>" };

  expect((await admin.post(PATH, mapping)).headers.get("location")).toBe(PATH);
  const shown = (await viewer.get(PATH)).text;
  expect(shown).toContain("Staff");
  expect(shown).not.toContain("<b>Staff");
  expect(shown).toContain("None yet");
  expect(shown).not.toContain("Add a mapping");
  expect((await viewer.post(PATH, mapping)).status).toBe(403);
  expect((await admin.post(PATH, { ...mapping, role: "?" })).status).toBe(422);
  expect((await admin.post(`${PATH}/remove`, mapping)).status).toBe(303);
  expect((await admin.post(`${PATH}/remove`, mapping)).status).toBe(422);
  expect((await admin.get("/tenants/nobody/roles")).status).toBe(404);

  const audit = await listTenantAudit(store.database, tenant.tenantId, 9);
  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    "admin role_mapping.removed",
    "admin role_mapping.added",
  ]);
});
