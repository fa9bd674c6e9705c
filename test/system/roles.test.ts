/** Roles derived from groups: told with login checks and events, mapped by the product, the command line and the console. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EventMessage } from "../../src/store/event-messages.ts";
import { rollcall } from "../support/cli.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createGroup, createUser, patch } from "../support/provision.ts";
import { startTestService, testEnv, type TestService } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

const queue = openTestQueue("postgres");
let service: TestService;
let tenant: ProductTenant;
beforeAll(async () => {
  service = await startTestService(queue);
  tenant = await addProductTenant(service);
});
afterAll(() => service.stop());

const ADA = { userName: "ada@contoso.com" };

const member = (op: "Add" | "Remove", groupId: string, id: string): Promise<unknown> =>
  tenant.scim("PATCH", `/Groups/${groupId}`, patch({ op, path: "members", value: [{ value: id }] }));
const map = (mappings: readonly object[], of = tenant) => of.product("PUT", "/role-mappings", { mappings });
const rolesOf = async (who: object, of = tenant): Promise<unknown> =>
  ((await of.check(who)) as { roles?: readonly string[] }).roles;

test("a user has the roles of its groups, and of those that these are in, until it is deactivated", async () => {
  const ada = await createUser(tenant.scim, ADA.userName);
  const staff = await createGroup(tenant.scim, "Staff");
  const editors = await createGroup(tenant.scim, "Editors");
  await member("Add", editors, ada);
  const [stored] = await service.database.query<{ externalId: string }>(
    `SELECT external_id AS "externalId" FROM groups WHERE tenant_id = $1 AND id = $2`,
    [tenant.tenantId, editors],
  );
  expect(await tenant.check(ADA)).not.toHaveProperty("roles");

  const put = await map([
    { role: "editor", matchBy: "externalId", value: stored?.externalId ?? "" },
    { role: "user", matchBy: "displayName", value: "STAFF" },
    { role: "admin", matchBy: "displayName", value: "Nobody's" },
  ]);
  expect(put.body).toMatchObject({
    mappings: [{ role: "admin", groups: 0 }, { role: "editor", groups: 1 }, { role: "user" }],
  });
  expect(await rolesOf(ADA)).toEqual(["editor"]);
  await member("Add", staff, editors);
  expect(await rolesOf(ADA)).toEqual(["editor", "user"]);

  const { body } = await tenant.product("GET", "/events?types=group.members_changed");
  const events = (body as { events: { event?: EventMessage }[] }).events;
  expect(JSON.stringify(events.at(-1))).toContain('"roles":["user"]');

  await member("Remove", editors, ada);
  expect(await rolesOf(ADA)).toEqual([]);
  await member("Add", editors, ada);
  await tenant.scim("PATCH", `/Users/${ada}`, patch({ op: "Replace", path: "active", value: "False" }));
  expect(await tenant.check(ADA)).toMatchObject({ allowed: false, reason: "deactivated", roles: [] });
  const off = await tenant.product("GET", "/events?types=user.deactivated");
  expect(JSON.stringify(off.body)).toContain('"roles":[]');
  expect(await rolesOf({ userName: "nobody@contoso.com" })).toEqual([]);
});

test("a tenant's mappings and groups give nothing to another's users", async () => {
  const other = await addProductTenant(service);
  await createUser(other.scim, ADA.userName);
  await map([{ role: "editor", matchBy: "displayName", value: "Editors" }], other);

  expect(await rolesOf(ADA, other)).toEqual([]);
  const listed = await other.product("GET", "/role-mappings");
  expect(listed.body).toEqual({
    mappings: [{ role: "editor", matchBy: "displayName", value: "Editors", groups: 0 }],
  });
});

test.each([
  ["a role without a name", { role: "", matchBy: "id", value: "x" }, /role's name/],
  ["a group told by nothing", { role: "r", matchBy: "id", value: "" }, /told by/],
  ["an unknown field", { role: "r", matchBy: "name", value: "x" }, /matchBy/],
])("%s is refused in words", async (_what, mapping, words) => {
  const before = await tenant.product("GET", "/role-mappings");

  const { status, body } = await map([mapping]);

  expect(status).toBe(400);
  expect((body as { detail: string }).detail).toMatch(words);
  expect((await tenant.product("GET", "/role-mappings")).body).toEqual(before.body);
});

test("the command line maps, lists and unmaps", async () => {
  const env = testEnv(service.databaseUrl, queue);
  const own = await addProductTenant(service);
  const [row] = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
    own.tenantId,
  ]);
  const slug = row?.slug ?? "";
  const run = (...args: readonly string[]) => rollcall(env, "role", ...args);

  expect(await run("map", slug, "licence:pro", "--display-name", "Sales")).toMatchObject({
    code: 0,
    stderr: "",
  });
  expect(JSON.parse((await run("list", slug, "--json")).stdout)).toEqual([
    { role: "licence:pro", matchBy: "displayName", value: "Sales", groups: 0 },
  ]);
  expect((await run("map", slug, "licence:pro")).code).toBe(2);
  expect((await run("unmap", slug, "licence:pro", "--display-name", "sales")).code).toBe(0);
  expect((await run("unmap", slug, "licence:pro", "--display-name", "sales")).code).toBe(1);
  expect((await run("list", slug)).stdout).toBe(`${slug} maps no group to a role.\n`);
});
