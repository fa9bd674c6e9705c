/** The service under a role that may change rows and no tables: all it does still works, and what it may not is refused. */
import { randomBytes, randomUUID } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { doctor } from "../../src/cli/doctor.ts";
import { grantCommand } from "../../src/cli/grant.ts";
import { tenantCreate, tenantList } from "../../src/cli/tenant.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import { createService, type Service } from "../../src/service.ts";
import { type DatabasePool, openDatabase } from "../../src/store/database.ts";
import { retain } from "../../src/worker/retain.ts";
import { addProductKey, createProductClient } from "../support/product.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { TestVisitor } from "../support/console.ts";
import { addTenant, testEnv, waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const WEEK_MS = 7 * 86_400_000;
const logger = createLogger({ service: "test", level: "silent" });

const cases = queueBackends().flatMap((kind) => ["off", "on"].map((fence) => ({ kind, fence })));

const MIGRATED = "a role without the right to change tables, the queue on $kind, row-level security $fence";
describe.each(cases)(MIGRATED, ({ kind, fence }) => {
  const role = `app_${randomBytes(6).toString("hex")}`;
  const queue = openTestQueue(kind);
  let store: TestDatabase;
  let url: string;
  let app: DatabasePool;
  const services: Service[] = [];

  beforeAll(async () => {
    store = await createTestDatabase();
    // As bin/rollcall migrate does it, which makes the queue's schema too.
    await prepareStores(parseConfig(testEnv(store.url, queue)));
    await store.database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'a password'`);
    for (let time = 0; time < 2; time += 1)
      expect(await grant(role, "--row-level-security", fence)).toContain(`${role} may run the service`);
    const address = new URL(store.url);
    [address.username, address.password] = [role, "a password"];
    url = address.href;
    const isFenced = fence === "on";
    app = openDatabase({
      ...{ url, poolMax: 2, applicationName: "test", isFenced },
      onConnectionError: () => undefined,
    });
  });
  afterAll(async () => {
    for (const service of services) await service.stop();
    await app.close();
    const { url: owner } = store;
    await store.drop();
    const client = new pg.Client({ connectionString: owner.replace(/[^/]+$/, "postgres") });
    await client.connect();
    await client.query(`DROP ROLE ${role}`);
    await client.end();
  });

  test("users and groups are provisioned, asked about and shown, and weeks of the ledger come and go", async () => {
    const { api = "" } = await start("api,worker");
    const { dashboard = "" } = await start("dashboard");
    const tenant = await addTenant({ database: app }, api);
    const product = createProductClient(api, await addProductKey(app, tenant.tenantId));

    const made = await tenant.scim("POST", "/Users", { schemas: [USER], userName: "ada@acme.example" });
    expect(made.status).toBe(201);
    const members = [{ value: made.body.id }];
    expect(
      (await tenant.scim("POST", "/Groups", { schemas: [GROUP], displayName: "Staff", members })).status,
    ).toBe(201);
    expect((await product("POST", "/login-check", { userName: "ada@acme.example" })).body).toMatchObject({
      allowed: true,
    });
    expect((await tenant.scim("DELETE", `/Users/${made.body.id}`)).status).toBe(204);
    expect((await fetch(`${dashboard}/sign-in`)).status).toBe(200);

    const weeks = (): Promise<readonly { name: string }[]> =>
      app.query("SELECT relname AS name FROM pg_class WHERE relname ~ '^(writes|member_changes)_[0-9]{8}$'");
    const before = new Set((await weeks()).map(({ name }) => name));
    const keep = { writes: 7, cycles: 400, failures: 400, audit: 730 };
    await retain(app, keep, { now: new Date(Date.now() + 20 * WEEK_MS), logger });
    const after = (await weeks()).map(({ name }) => name);
    expect(after.filter((name) => !before.has(name)).length).toBeGreaterThanOrEqual(8);
    expect(after.filter((name) => before.has(name))).toEqual([]);
    // Who made a week owns it; rows that go there are the service's all the same.
    expect(await app.query("SELECT count(*) FROM writes")).toHaveLength(1);
  });

  test("whatever else a client or the product asks is answered, one tenant beside another", async () => {
    const { api = "" } = await start("api,worker");
    const tenants = [await addTenant({ database: app }, api), await addTenant({ database: app }, api)];
    for (const tenant of tenants) {
      const { scim, tenantId } = tenant;
      const product = createProductClient(api, await addProductKey(app, tenantId));
      const known = { id: "7", userName: "bob@acme.example", email: "bob@acme.example" };
      const bulk = {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        Operations: ["eve", "dan"].map((userName) => ({
          ...{ method: "POST", path: "/Users", bulkId: userName },
          data: { schemas: [USER], userName },
        })),
      };
      const statuses = [
        await product("PUT", "/existing-users", { users: [known] }),
        await scim("POST", "/Bulk", bulk),
        await scim("POST", "/Users", { schemas: [USER], userName: "bob@acme.example" }),
        await scim("PUT", `/Users/${randomUUID()}`, { schemas: [USER], userName: "nobody" }),
        await product("POST", "/existing-users/match"),
        await product("GET", "/existing-users"),
        await product("GET", "/events"),
        await product("PUT", "/role-mappings", {
          mappings: [{ role: "r", matchBy: "displayName", value: "Staff" }],
        }),
        await product("POST", "/reconciliations"),
        await product("GET", "/reconciliations"),
        await product("POST", "/login-check", { email: "bob@acme.example" }),
      ].map(({ status }) => status);
      expect(statuses).toEqual([200, 200, 201, 404, 200, 200, 200, 200, 201, 200, 200]);
      const list = await scim("GET", "/Users?sortBy=userName");
      expect(list.body.totalResults).toBe(3);
      const token = { prefer: "respond-async" };
      const later = { schemas: [USER], userName: "late" };
      expect((await scim("POST", "/Users", later, { headers: token })).status).toBe(202);
      await waitFor(async () => (await scim("GET", "/Users")).body.totalResults === 4);
    }
  });

  test("the console shows, and the command line changes and examines", async () => {
    const { dashboard = "" } = await start("dashboard");
    await addAccount(app, "admin", "admin");
    const admin = new TestVisitor(dashboard);
    await admin.signIn("admin", PASSWORD);
    expect((await admin.post("/activate", { name: "Shown", slug: "shown" })).status).toBe(200);
    for (const path of ["/", "/tenants/shown", "/failed", "/people?q=ada", "/settings/audit"])
      expect([path, (await admin.get(path)).status]).toEqual([path, 200]);

    const lines: string[] = [];
    const env = { ...testEnv(url, queue), ROW_LEVEL_SECURITY: String(fence === "on") };
    const context = { env, version: "0.0.0", print: (line: string) => void lines.push(line) };
    expect(await tenantCreate.run(["by-command"], context)).toBe(0);
    expect(await tenantList.run([], context)).toBe(0);
    await doctor.run([], context);
    const said = lines.join("\n");
    for (const slug of ["shown", "by-command"]) expect(said).toContain(slug);
    expect(said).toContain(fence === "on" ? "holds each tenant's rows apart" : "row-level security is off");
    // A process that was not told of it says so at its start, and not by one failure after the other.
    const silent = prepareStores(parseConfig(testEnv(url, queue, { ROLES: "api" })));
    if (fence === "on") await expect(silent).rejects.toThrow(/set ROW_LEVEL_SECURITY=true/);
    else await silent;
  });

  test.each([
    "CREATE TABLE mine (a int)",
    "ALTER TABLE users ADD COLUMN a int",
    "DROP TABLE users",
    "TRUNCATE users",
    "DELETE FROM rollcall_migrations",
    "CREATE INDEX mine ON users (tenant_id)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
  ])("it may not %s", async (statement) => {
    await expect(app.query(statement)).rejects.toMatchObject({ code: "42501" });
  });

  test("it makes nothing in the queue's schema, where there is one", async () => {
    if (kind === "redis") return;
    await expect(app.query(`CREATE TABLE ${queue.prefix}_queue.mine (a int)`)).rejects.toMatchObject({
      code: "42501",
    });
  });

  test.each([
    "SELECT make_week('users', 'users_20260105', $1, $1)",
    "SELECT drop_week('writes', 'writes_default')",
  ])("the functions that make and drop weeks do nothing else: %s", async (statement) => {
    const values = statement.includes("$1") ? ["00000000-0000-7000-8000-000000000000"] : [];
    await expect(app.query(statement, values)).rejects.toThrow(/is no week of/);
  });

  test("a role that is not there, or owns the tables, is not given anything", async () => {
    await expect(grant("nobody_at_all")).rejects.toThrow(/no role "nobody_at_all"; make it first/);
    await expect(grant(new URL(store.url).username)).rejects.toThrow(/owns the tables, or is a superuser/);
  });

  async function start(roles: string): Promise<ReturnType<Service["addresses"]>> {
    const config = parseConfig(
      testEnv(url, queue, { ROLES: roles, ROW_LEVEL_SECURITY: String(fence === "on") }),
    );
    await prepareStores(config);
    const service = createService(config, logger, "0.0.0");
    services.unshift(service);
    await service.start();
    return service.addresses();
  }

  async function grant(to: string, ...options: string[]): Promise<string> {
    const lines: string[] = [];
    const context = {
      env: testEnv(store.url, queue),
      version: "0.0.0",
      print: (line: string) => void lines.push(line),
    };
    await grantCommand.run([to, ...options], context);
    return lines.join("\n");
  }
});
