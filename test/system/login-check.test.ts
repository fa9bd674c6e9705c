/** Who may log in, as a product asks it: every reason, every way to ask, and the truth from the moment it is committed. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addExemption,
  changeLoginGate,
  type LoginGate,
  removeExemption,
} from "../../src/store/login-gates.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createGroup, createUser, patch } from "../support/provision.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
const kind = queueBackends()[0]!;
beforeAll(async () => {
  service = await startTestService(openTestQueue(kind));
});
afterAll(() => service.stop());

const newTenant = (): Promise<ProductTenant> => addProductTenant(service);
const setGate = (tenant: ProductTenant, change: Partial<LoginGate>): Promise<LoginGate> =>
  service.database.transaction((tx) => changeLoginGate(tx, tenant.tenantId, change));

describe("the answer", () => {
  test("follows the directory from the moment a change is acknowledged", async () => {
    const { scim, check } = await newTenant();
    const userId = await createUser(scim, "Ada@contoso.com", { active: true });
    const ada = () => check({ userName: "ada@CONTOSO.com" });

    expect(await ada()).toEqual({ allowed: true, reason: "active", userId });
    for (const [value, allowed, reason] of [
      ["False", false, "deactivated"],
      ["True", true, "active"],
      ["False", false, "deactivated"],
    ] as const) {
      await scim("PATCH", `/Users/${userId}`, patch({ op: "Replace", path: "active", value }));
      expect(await ada()).toEqual({ allowed, reason, userId });
    }
    await scim("DELETE", `/Users/${userId}`);
    expect(await ada()).toEqual({ allowed: false, reason: "not_provisioned" });
  });

  test("never lags behind, however many users are switched at once", async () => {
    const { scim, check } = await newTenant();
    const ids = await Promise.all(
      Array.from({ length: 30 }, (_, n) => createUser(scim, `user${n}@contoso.com`, { active: true })),
    );

    await Promise.all(
      ids.map(async (id, n) => {
        await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: false }));
        expect(await check({ userName: `user${n}@contoso.com` })).toMatchObject({ reason: "deactivated" });
      }),
    );
  });

  test("is found by userName and e-mail in any letter case, by externalId exactly", async () => {
    const { scim, check } = await newTenant();
    const userId = await createUser(scim, "Zoë.Straße@contoso.com", {
      externalId: "Ext-1",
      emails: [{ value: "Zoe@contoso.com", type: "work", primary: true }, { value: "zs@home.example" }],
    });
    const active = { allowed: true, reason: "active", userId };

    expect(await check({ userName: "ZOË.STRASSE@contoso.com" })).toEqual({
      allowed: false,
      reason: "not_provisioned",
    });
    expect(await check({ userName: "ZOË.straße@contoso.com" })).toEqual(active);
    expect(await check({ email: "ZOE@CONTOSO.COM" })).toEqual(active);
    expect(await check({ email: "ZS@home.example" })).toEqual(active);
    expect(await check({ externalId: "Ext-1" })).toEqual(active);
    expect(await check({ externalId: "ext-1" })).toMatchObject({ reason: "not_provisioned" });
    expect(await check({ email: "zoë.straße@contoso.com" })).toMatchObject({ reason: "not_provisioned" });
  });

  test("of an address that two users have is no, and says so", async () => {
    const { scim, check } = await newTenant();
    const emails = [{ value: "shared@contoso.com", type: "work" }];
    const first = await createUser(scim, "a@contoso.com", { emails });
    await createUser(scim, "b@contoso.com", { emails: [{ value: "SHARED@contoso.com", type: "home" }] });

    expect(await check({ email: "shared@contoso.com" })).toEqual({ allowed: false, reason: "ambiguous" });
    expect(await check({ userName: "a@contoso.com" })).toMatchObject({ allowed: true, userId: first });
  });

  test("names a user's groups where it is asked to, those reached through groups as well", async () => {
    const { scim, check } = await newTenant();
    const userId = await createUser(scim, "ada@contoso.com");
    const [staff, all] = [await createGroup(scim, "Staff"), await createGroup(scim, "All")];
    const add = (group: string, value: string) =>
      scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value }] }));
    await add(staff, userId);
    await add(all, staff);

    const { groups } = (await check({ userName: "ada@contoso.com", groups: true })) as { groups: object[] };

    expect(groups).toHaveLength(2);
    expect(groups).toEqual(
      expect.arrayContaining([
        { id: staff, displayName: "Staff" },
        { id: all, displayName: "All" },
      ]),
    );
  });

  test("is of the key's own tenant, and of no other", async () => {
    const [one, other] = [await newTenant(), await newTenant()];
    const emails = [{ value: "ada@contoso.com" }];
    await createUser(one.scim, "ada@contoso.com", { emails, externalId: "e1" });
    await createUser(other.scim, "bob@contoso.com");

    for (const body of [
      { userName: "ada@contoso.com" },
      { email: "ada@contoso.com" },
      { externalId: "e1" },
    ]) {
      expect(await one.check(body)).toMatchObject({ reason: "active" });
      expect(await other.check(body)).toEqual({ allowed: false, reason: "not_provisioned" });
    }
  });
});

describe("the gate", () => {
  test("is not closed before the identity provider has provisioned somebody, nor opened by deleting all", async () => {
    const tenant = await newTenant();
    const nobody = () => tenant.check({ userName: "nobody@contoso.com" });
    await tenant.scim("GET", `/Users?filter=userName+eq+%22${randomUUID()}%22`);

    expect(await nobody()).toEqual({ allowed: true, reason: "not_activated" });
    await setGate(tenant, { whenOff: "refuse" });
    expect(await nobody()).toEqual({ allowed: false, reason: "not_activated" });
    const id = await createUser(tenant.scim, "ada@contoso.com");
    expect(await nobody()).toEqual({ allowed: false, reason: "not_provisioned" });
    await setGate(tenant, { whenOff: "allow" });
    await tenant.scim("DELETE", `/Users/${id}`);
    expect(await nobody()).toEqual({ allowed: false, reason: "not_provisioned" });
  });

  test("held, lets in whom nobody has provisioned until its time has come; who is deactivated stays out", async () => {
    const tenant = await newTenant();
    await createUser(tenant.scim, "gone@contoso.com", { active: false });
    const check = (name: string) => tenant.check({ userName: `${name}@contoso.com` });

    await setGate(tenant, { enforcement: "held", enforceAt: null });
    expect(await check("nobody")).toEqual({ allowed: true, reason: "not_activated" });
    expect(await check("gone")).toMatchObject({ allowed: false, reason: "deactivated" });
    await setGate(tenant, { enforceAt: new Date(Date.now() + 3_600_000) });
    expect(await check("nobody")).toMatchObject({ allowed: true });
    await setGate(tenant, { enforceAt: new Date(Date.now() - 1_000) });
    expect(await check("nobody")).toEqual({ allowed: false, reason: "not_provisioned" });
  });

  test("opens as the tenant chose when its connection is gone", async () => {
    const tenant = await newTenant();
    const userId = await createUser(tenant.scim, "ada@contoso.com", { active: false });

    await service.database.query("UPDATE connections SET disconnected_at = now() WHERE tenant_id = $1", [
      tenant.tenantId,
    ]);

    expect(await tenant.check({ userName: "ada@contoso.com" })).toEqual({
      allowed: true,
      reason: "not_activated",
      userId,
    });
  });

  test("lets exempt logins in, whatever the directory says of them", async () => {
    const tenant = await newTenant();
    const emails = [{ value: "root@home.example" }];
    const userId = await createUser(tenant.scim, "Root@contoso.com", { active: false, emails });
    await service.database.transaction(async (tx) => {
      await addExemption(tx, tenant.tenantId, { login: "ROOT@contoso.com", note: "break-glass" });
      await addExemption(tx, tenant.tenantId, { login: "audit@home.example", note: "auditor" });
    });

    for (const body of [{ userName: "root@contoso.com" }, { email: "root@home.example" }])
      expect(await tenant.check(body)).toEqual({ allowed: true, reason: "exempt", userId });
    expect(await tenant.check({ email: "Audit@home.example" })).toEqual({ allowed: true, reason: "exempt" });
    await service.database.transaction((tx) => removeExemption(tx, tenant.tenantId, "root@CONTOSO.com"));
    expect(await tenant.check({ userName: "root@contoso.com" })).toMatchObject({ reason: "deactivated" });
  });

  test("says in every answer what to do while Rollcall cannot be reached", async () => {
    const tenant = await newTenant();
    const choice = async () =>
      (await tenant.product("POST", "/login-check", { userName: "a" })).headers.get(
        "rollcall-when-unreachable",
      );

    expect(await choice()).toBe("refuse");
    await setGate(tenant, { whenUnreachable: "allow" });
    expect(await choice()).toBe("allow");
  });
});
