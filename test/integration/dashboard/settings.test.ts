/** The settings page: what is kept for how long, and how each tenant is set. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { addAccount, addTenant } from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

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

test("without a tenant the settings lead to the activation", async () => {
  const { text } = await admin.get("/settings");

  expect(text).toContain("No tenant is connected");
  expect(text).toContain('href="/activate"');
  expect(text).toContain('href="/settings/audit"');
});

test("the settings say how long what is kept, by which variable, and lead to what each tenant is set to", async () => {
  const tenant = await addTenant(store.database, { slug: "contoso", name: "Contoso" }, CONSOLE_SECRET);
  const { tenantId, connectionId, slug } = tenant;
  const path = "/tenants/contoso";
  await store.database.query(
    "INSERT INTO deactivation_guards (tenant_id, connection_id, users_max, percent_max, answer) VALUES ($1, $2, 25, 10, 'retry')",
    [tenantId, connectionId],
  );
  await admin.get(`${path}/webhooks`);
  await admin.post(`${path}/webhooks`, { url: "https://product.example.com/hooks" });

  const { text } = await viewer.get("/settings");

  const said = words(text);
  expect(said).toMatch(/histories of people, by whole weeks 91 WRITE_RETENTION_DAYS/);
  expect(said).toMatch(/Cycles, with their counts and durations 401 CYCLE_RETENTION_DAYS/);
  for (const setting of [
    "201 FAILURE_RETENTION_DAYS",
    "31 EVENT_RETENTION_DAYS",
    "1,731 AUDIT_RETENTION_DAYS",
  ])
    expect(said).toContain(setting);
  expect(said).toMatch(
    /Azure AD At most 25 users or 10 % in a cycle; beyond that answered 503 The standard\S+ 1 endpoint/,
  );
  for (const [to, status] of [
    [`/connections/${connectionId}/guard`, 200],
    ["/attributes", 200],
    ["/webhooks", 200],
  ] as const) {
    expect(text).toContain(`href="/tenants/${slug}${to}"`);
    expect((await viewer.get(`${path}${to}`)).status).toBe(status);
  }
  expect(text).not.toContain("/settings/accounts");
});
