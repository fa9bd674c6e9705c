/** People whom a product knew before, and Azure AD: found, adopted by what it writes, never doubled. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDirectory } from "../../tools/azure-ad/directory.ts";
import { runSimulation } from "../../tools/azure-ad/simulation.ts";
import type { MatchedUser, MatchSummary } from "../../src/store/existing-users.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createUser, patch, PRODUCT, USER } from "../support/provision.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue(queueBackends()[0]!), { CYCLE_IDLE_SECONDS: "1" });
});
afterAll(() => service.stop());

async function tenantWith(...users: readonly object[]): Promise<ProductTenant> {
  const tenant = await addProductTenant(service);
  expect(await tenant.product("PUT", "/existing-users", { users })).toMatchObject({ status: 200 });
  return tenant;
}

async function lookUp({ scim }: ProductTenant, filter: string): Promise<readonly Record<string, unknown>[]> {
  const { status, body } = await scim("GET", `/Users?filter=${encodeURIComponent(filter)}`);
  expect(status).toBe(200);
  expect(body.totalResults).toBe(body.Resources.length);
  return body.Resources as unknown as readonly Record<string, unknown>[];
}

async function offeredId(tenant: ProductTenant, filter: string): Promise<string> {
  const [found] = await lookUp(tenant, filter);
  return String(found!["id"]);
}

async function people({ product }: ProductTenant): Promise<{ summary: MatchSummary; users: MatchedUser[] }> {
  return (await product("GET", "/existing-users")).body as { summary: MatchSummary; users: MatchedUser[] };
}

interface Told {
  readonly type: string;
  readonly data: {
    readonly userId: string;
    readonly productId?: string;
    readonly changed: readonly string[];
  };
}

async function events({ product }: ProductTenant): Promise<readonly Told[]> {
  return ((await product("GET", "/events")).body as { events: Told[] }).events.filter(({ type }) =>
    type.startsWith("user."),
  );
}

const activate = patch({ op: "Replace", path: "active", value: "True" });

describe("somebody whom the product knew before", () => {
  test("is found as an inactive user by what Azure looks for, and by nothing else", async () => {
    const ada = { id: "7", email: "Ada@contoso.com", externalId: "ada", displayName: "Ada" };
    const tenant = await tenantWith(ada, { id: "8", userName: "bob", email: "bob@contoso.com" });

    const [found] = await lookUp(tenant, 'userName eq "ADA@contoso.com"');
    expect(found).toMatchObject({
      ...{ userName: "Ada@contoso.com", externalId: "ada", displayName: "Ada", active: false },
      emails: [{ value: "Ada@contoso.com", type: "work" }],
      [PRODUCT]: { productId: "7" },
      meta: { resourceType: "User", version: 'W/"0"' },
    });
    expect(found!["schemas"]).toEqual([USER, PRODUCT]);
    const { id } = found!;
    for (const filter of [
      'externalId eq "ada"',
      'emails[type eq "work"].value eq "ada@CONTOSO.com"',
      'emails.value eq "ada@contoso.com"',
      'userName eq "ada@contoso.com" and active eq false',
    ])
      expect(await lookUp(tenant, filter), filter).toMatchObject([{ id }]);
    expect((await tenant.scim("GET", `/Users/${id as string}`)).body).toMatchObject({ id, active: false });

    // What is answered meets the filter, and nobody asked for everybody.
    for (const filter of [
      'userName eq "bob@contoso.com"',
      'externalId eq "ADA"',
      'userName eq "ada@contoso.com" and active eq true',
      'userName sw "ada"',
      'displayName eq "Ada"',
      'userName eq "ada@contoso.com" or userName eq "x"',
      "active eq false",
    ])
      expect(await lookUp(tenant, filter), filter).toEqual([]);
    expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(0);
    const other = await tenantWith({ id: "1", userName: "other" });
    expect(await lookUp(other, 'userName eq "ada@contoso.com"')).toEqual([]);
    expect((await other.scim("GET", `/Users/${id as string}`)).status).toBe(404);
    expect((await other.scim("PATCH", `/Users/${id as string}`, activate)).status).toBe(404);
  });

  test("is adopted by a PATCH: Azure's attributes, the product's id, one event that tells both", async () => {
    const tenant = await tenantWith({ id: "7", email: "Ada@contoso.com", displayName: "A. Lovelace" });
    await tenant.product("POST", "/existing-users/match");
    const id = await offeredId(tenant, 'userName eq "ada@contoso.com"');
    expect(await tenant.check({ email: "ada@contoso.com" })).toEqual({
      ...{ allowed: true, reason: "not_activated" },
    });

    const answer = await tenant.scim(
      "PATCH",
      `/Users/${id}`,
      patch(
        { op: "Replace", path: "active", value: "True" },
        { op: "Add", path: "externalId", value: "object-7" },
        { op: "Replace", path: "displayName", value: "Ada Lovelace" },
      ),
    );

    expect(answer).toMatchObject({
      status: 200,
      body: { id, active: true, displayName: "Ada Lovelace", [PRODUCT]: { productId: "7" } },
    });
    expect(answer.body.meta.version).toBe('W/"1"');
    expect((await tenant.scim("GET", "/Users")).body).toMatchObject({ totalResults: 1, Resources: [{ id }] });
    expect(await tenant.check({ email: "ADA@contoso.com" })).toMatchObject({ allowed: true, userId: id });
    expect(await people(tenant)).toMatchObject({
      summary: { total: 1, matched: 1, adopted: 1, wouldLoseAccess: 0 },
      users: [{ id: "7", userId: id, state: "matched", matchedBy: "adopted" }],
    });
    expect(await events(tenant)).toMatchObject([
      {
        type: "user.adopted",
        data: { userId: id, productId: "7", changed: ["active", "displayName", "externalId"] },
      },
    ]);

    // Renamed, matched again, replaced: it stays who it is, and its id stays readable and nobody's to change.
    await tenant.scim("PUT", `/Users/${id}`, {
      ...{ schemas: [USER, PRODUCT], userName: "ada.king@contoso.com" },
      [PRODUCT]: { productId: "8" },
    });
    await tenant.product("POST", "/existing-users/match");
    expect((await people(tenant)).users).toMatchObject([{ id: "7", userId: id, state: "matched" }]);
    expect(await lookUp(tenant, `${PRODUCT}:productId eq "7"`)).toMatchObject([
      { id, userName: "ada.king@contoso.com", [PRODUCT]: { productId: "7" } },
    ]);
    expect((await events(tenant)).map(({ type, data }) => [type, data.productId])).toEqual([
      ["user.adopted", "7"],
      ["user.updated", "7"],
    ]);
  });

  test("is adopted by a POST where the identity provider did not find it, and by a PUT", async () => {
    const tenant = await tenantWith(
      { id: "7", userName: "ada", email: "ADA@contoso.com" },
      { id: "8", userName: "bob" },
      { id: "9", externalId: "object-9" },
    );

    const ada = await createUser(tenant.scim, "ada@contoso.com", { externalId: "object-7" });
    const cy = await createUser(tenant.scim, "cy@contoso.com", { externalId: "object-9" });
    const bob = await offeredId(tenant, 'userName eq "BOB"');
    const put = await tenant.scim("PUT", `/Users/${bob}`, {
      schemas: [USER],
      userName: "Bob",
      title: "Guide",
    });

    expect(put).toMatchObject({ status: 200, body: { id: bob, userName: "Bob", active: true } });
    expect((await people(tenant)).users.map(({ id, userId }) => [id, userId])).toEqual([
      ["7", ada],
      ["8", bob],
      ["9", cy],
    ]);
    expect((await events(tenant)).map(({ type, data }) => [type, data.productId])).toEqual([
      ["user.adopted", "7"],
      ["user.adopted", "9"],
      ["user.adopted", "8"],
    ]);
    const again = await tenant.scim("POST", "/Users", { schemas: [USER], userName: "BOB" });
    expect(again).toMatchObject({ status: 409, body: { scimType: "uniqueness" } });
  });

  test("who could be several is nobody: offered to no one, and left for people to decide", async () => {
    const tenant = await tenantWith(
      { id: "7", email: "ada@contoso.com" },
      { id: "8", email: "ADA@contoso.com" },
    );

    expect(await lookUp(tenant, 'userName eq "ada@contoso.com"')).toEqual([]);
    const ada = await createUser(tenant.scim, "ada@contoso.com");
    await tenant.product("POST", "/existing-users/match");

    expect((await people(tenant)).users.map(({ state }) => state)).toEqual(["duplicate", "duplicate"]);
    expect((await events(tenant)).map(({ type }) => type)).toEqual(["user.created"]);
    expect((await tenant.scim("GET", `/Users/${ada}`)).body).not.toHaveProperty([PRODUCT]);
  });

  test("whom Azure deletes is offered again under another id, and one deleted before anything is not", async () => {
    const tenant = await tenantWith({ id: "7", userName: "ada" }, { id: "8", userName: "bob" });
    const ada = await offeredId(tenant, 'userName eq "ada"');
    await tenant.scim("PATCH", `/Users/${ada}`, activate);
    expect((await tenant.scim("DELETE", `/Users/${ada}`)).status).toBe(204);
    const bob = await offeredId(tenant, 'userName eq "bob"');
    expect((await tenant.scim("DELETE", `/Users/${bob}`)).status).toBe(204);
    expect((await tenant.scim("GET", `/Users/${bob}`)).status).toBe(404);

    await tenant.product("POST", "/existing-users/match");

    const again = await offeredId(tenant, 'userName eq "ada"');
    expect(again).not.toBe(ada);
    expect((await tenant.scim("GET", `/Users/${ada}`)).status).toBe(404);
    expect(await lookUp(tenant, 'userName eq "bob"')).toEqual([]);
    expect((await events(tenant)).map(({ type }) => type)).toEqual(["user.adopted", "user.deleted"]);
  });

  test("many writes at once adopt once", async () => {
    const tenant = await tenantWith({ id: "7", userName: "ada" });
    const id = await offeredId(tenant, 'userName eq "ada"');

    const titles = ["a", "b", "c", "d", "e", "f"];
    const answers = await Promise.all(
      titles.map((value) =>
        tenant.scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "title", value })),
      ),
    );

    expect(answers.map(({ status }) => status)).toEqual(titles.map(() => 200));
    expect((await tenant.scim("GET", `/Users/${id}`)).body.meta.version).toBe('W/"6"');
    const told = (await events(tenant)).map(({ type }) => type);
    expect(told.filter((type) => type === "user.adopted")).toHaveLength(1);
    expect(told).toHaveLength(titles.length);
  });

  test("a bulk request adopts as well", async () => {
    const tenant = await tenantWith({ id: "7", userName: "ada" }, { id: "8", userName: "bob" });
    const ada = await offeredId(tenant, 'userName eq "ada"');

    const { body } = await tenant.scim("POST", "/Bulk", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [
        { method: "PATCH", path: `/Users/${ada}`, data: activate },
        { method: "POST", path: "/Users", bulkId: "b", data: { schemas: [USER], userName: "Bob" } },
      ],
    });

    expect((body as unknown as { Operations: { status: string }[] }).Operations).toMatchObject([
      { status: "200" },
      { status: "201" },
    ]);
    expect((await people(tenant)).summary).toMatchObject({ adopted: 2, matched: 2 });
  });
});

test("a company of people from before goes through Azure's cycles without a twin", async () => {
  const shape = { seed: 11, users: 60, groups: 3, groupSize: 8 };
  const staff = [...createDirectory({ ...shape, tag: "" }).people.values()];
  // Half by their name in another letter case, a quarter by an address alone, the rest are new to the product.
  const known = staff.flatMap((person, number): readonly object[] => {
    const id = `p${String(number).padStart(3, "0")}`;
    if (number % 4 === 3) return [];
    if (number % 4 === 2) return [{ id, email: person.mail.toLowerCase() }];
    return [{ id, userName: person.userName.toUpperCase() }];
  });
  const tenant = await tenantWith(...known, { id: "stranger", userName: "left@contoso.com" });

  const report = await runSimulation({
    ...shape,
    ...{ url: `${service.apiUrl}/scim/v2`, token: tenant.token, cycles: 1, beat: 0, concurrency: 4 },
    dialect: "mixed",
  });

  expect(report.verification?.first).toEqual([]);
  expect(report.clean).toBe(true);
  await tenant.product("POST", "/existing-users/match");
  const { summary } = (await tenant.product("GET", "/existing-users?count=0")).body as {
    summary: MatchSummary;
  };
  expect(summary).toMatchObject({ total: known.length + 1, adopted: known.length, unmatched: 1 });
  const names = await service.database.query<{ users: number; names: number }>(
    `SELECT count(*)::int AS users, count(DISTINCT lower(resource ->> 'userName'))::int AS names
       FROM users WHERE tenant_id = $1`,
    [tenant.tenantId],
  );
  expect(names).toEqual([{ users: staff.length, names: staff.length }]);
});
