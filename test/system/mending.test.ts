/** What failed is mended: by a retry from the console, by Azure's next cycle, or it is dismissed; never applied twice. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { TestVisitor } from "../support/console.ts";
import { addProductKey, createProductClient } from "../support/product.ts";
import { createGroup, createUser, patch, PRODUCT, USER } from "../support/provision.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

interface Failure {
  readonly write_id: string;
  readonly state: string;
  readonly code: string;
  readonly resolved_by: string | null;
  readonly retried_as: string | null;
}

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let service: TestService;
  let admin: TestVisitor;
  let tenant: TestTenant;
  let slug: string;

  beforeAll(async () => {
    service = await startTestService(openTestQueue(kind));
    for (const role of ["viewer", "admin"] as const) await addAccount(service.database, role, role);
    admin = new TestVisitor(service.service.addresses().dashboard ?? "");
    await admin.signIn("admin", PASSWORD);
  });
  afterAll(() => service.stop());

  async function newTenant(): Promise<void> {
    tenant = await service.addTenant();
    const [row] = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
      tenant.tenantId,
    ]);
    slug = row?.slug ?? "";
  }

  const failures = (): Promise<readonly Failure[]> =>
    service.database.query<Failure>(
      `SELECT write_id, state, code, resolved_by, retried_as FROM failures WHERE tenant_id = $1 ORDER BY write_id`,
      [tenant.tenantId],
    );
  const states = async (): Promise<string[]> => (await failures()).map(({ state }) => state);
  const pathOf = (failure: Failure | undefined): string => `/tenants/${slug}/failed/${failure?.write_id}`;
  const audit = async (): Promise<string[]> =>
    (
      await service.database.query<{ action: string }>(
        "SELECT action FROM audit WHERE tenant_id = $1 AND action LIKE 'failure.%' ORDER BY id",
        [tenant.tenantId],
      )
    ).map(({ action }) => action);

  /** Two users want one name; the first is then renamed, so that the second could have it. */
  async function refusedThenFree(userName: string): Promise<void> {
    const { scim } = tenant;
    const holder = await createUser(scim, userName);
    const refused = await scim("POST", "/Users", { schemas: [USER], userName, externalId: randomUUID() });
    expect(refused.status).toBe(409);
    await scim(
      "PATCH",
      `/Users/${holder}`,
      patch({ op: "Replace", path: "userName", value: `old-${userName}` }),
    );
  }

  test("a retry is a new write, linked to the first, and resolves it", async () => {
    await newTenant();
    await refusedThenFree("ada@contoso.com");
    const [failure] = await failures();
    const shown = await admin.get(pathOf(failure));
    expect(shown.text).toContain("ada@contoso.com");
    expect(shown.text).toContain("It collides with");

    const answer = await admin.post(`${pathOf(failure)}/retry`);

    expect(answer.status).toBe(303);
    await waitFor(async () => (await states())[0] === "resolved");
    const [mended] = await failures();
    expect(mended?.resolved_by).toBe(mended?.retried_as);
    expect(mended?.resolved_by).not.toBe(failure?.write_id);
    expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(2);
    expect((await admin.get(pathOf(failure))).text).toContain("its retry");
    expect(await audit()).toEqual(["failure.retried"]);
  });

  test("a retry adopts whom the write would have adopted", async () => {
    await newTenant();
    const { scim, tenantId } = tenant;
    const product = createProductClient(service.apiUrl, await addProductKey(service.database, tenantId));
    const users = [
      { id: "7", userName: "zoe@contoso.com", externalId: "zoe" },
      { id: "8", userName: "max@contoso.com", externalId: "max" },
    ];
    expect(await product("PUT", "/existing-users", { users })).toMatchObject({ status: 200 });
    // Somebody else has the name by now, that both writes want.
    const holder = await createUser(scim, "taken@contoso.com");
    const offered = await scim("GET", `/Users?filter=${encodeURIComponent('externalId eq "zoe"')}`);
    const zoe = String(offered.body.Resources[0]?.id);
    const rename = { op: "Replace", path: "userName", value: "taken@contoso.com" };
    const activate = { op: "Replace", path: "active", value: "True" };
    expect((await scim("PATCH", `/Users/${zoe}`, patch(rename, activate))).status).toBe(409);
    await scim("PATCH", `/Users/${holder}`, patch({ ...rename, value: "old@contoso.com" }));
    await admin.get(pathOf((await failures())[0]));
    await admin.post(`${pathOf((await failures())[0])}/retry`);
    await waitFor(async () => (await states())[0] === "resolved");

    const free = { ...rename, value: "free@contoso.com" };
    await scim("PATCH", `/Users/${holder}`, patch({ ...rename, value: "free@contoso.com" }));
    const create = { schemas: [USER], userName: "free@contoso.com", externalId: "max", active: true };
    expect((await scim("POST", "/Users", create)).status).toBe(409);
    await scim("PATCH", `/Users/${holder}`, patch({ ...free, value: "gone@contoso.com" }));
    await admin.post(`${pathOf((await failures())[1])}/retry`);
    await waitFor(async () => (await states())[1] === "resolved");

    expect((await scim("GET", `/Users/${zoe}`)).body).toMatchObject({
      ...{ userName: "taken@contoso.com", active: true, [PRODUCT]: { productId: "7" } },
    });
    const { body } = await product("GET", "/existing-users");
    expect(body).toMatchObject({ summary: { total: 2, adopted: 2 } });
  });

  test("of many who press the button at once, one retries", async () => {
    await newTenant();
    await refusedThenFree("grace@contoso.com");
    const [failure] = await failures();
    await admin.get(pathOf(failure));

    const answers = await Promise.all([1, 2, 3, 4].map(() => admin.post(`${pathOf(failure)}/retry`)));

    expect(answers.map(({ status }) => status).sort()).toEqual([303, 409, 409, 409]);
    await waitFor(async () => (await states())[0] === "resolved");
    expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(2);
    expect(await audit()).toEqual(["failure.retried"]);
  });

  test("a retry that is refused again is a failure of its own, and says whose retry it was", async () => {
    await newTenant();
    await createUser(tenant.scim, "bob@contoso.com");
    await tenant.scim("POST", "/Users", { schemas: [USER], userName: "BOB@contoso.com" });
    const [failure] = await failures();
    await admin.get(pathOf(failure));

    await admin.post(`${pathOf(failure)}/retry`);
    await waitFor(async () => (await failures()).length === 2);

    expect(await states()).toEqual(["retried", "open"]);
    const [, second] = await failures();
    expect((await admin.get(pathOf(failure))).text).toContain("Retried in vain");
    expect((await admin.get(pathOf(second))).text).toContain(`href="${pathOf(failure)}"`);
  });

  test("Azure's later success resolves it by itself, and names the cycle", async () => {
    await newTenant();
    const { scim } = tenant;
    const holder = await createUser(scim, "cyd@contoso.com");
    const person = { schemas: [USER], userName: "cyd@contoso.com", externalId: randomUUID() };
    await scim("POST", "/Users", person);
    expect(await states()).toEqual(["open"]);

    await scim("PATCH", `/Users/${holder}`, patch({ op: "Replace", path: "title", value: "Guide" }));
    expect(await states()).toEqual(["open"]);
    await scim("DELETE", `/Users/${holder}`);
    expect((await scim("POST", "/Users", person)).status).toBe(201);

    const [failure] = await failures();
    expect(failure?.state).toBe("resolved");
    expect((await admin.get(pathOf(failure))).text).toMatch(/Resolved<\/span> by\s*<a href="[^"]*cycles/);
  });

  test("a membership that failed is resolved by the same members, not by others", async () => {
    await newTenant();
    const { scim } = tenant;
    const group = await createGroup(scim, "Staff");
    const [known, unknown] = [await createUser(scim, "dan@contoso.com"), randomUUID()];
    const add = (value: string) =>
      scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value }] }));
    expect((await add(unknown)).status).toBe(400);

    await add(known);

    expect(await states()).toEqual(["open"]);
    await scim("DELETE", `/Groups/${group}`);
    expect(await states()).toEqual(["resolved"]);
  });

  test("what a later write has overtaken is not repeated", async () => {
    await newTenant();
    const { scim } = tenant;
    const id = await createUser(scim, "eve@contoso.com");
    const unknown = randomUUID();
    const group = await createGroup(scim, "Readers");
    await scim(
      "PATCH",
      `/Groups/${group}`,
      patch({ op: "Add", path: "members", value: [{ value: unknown }] }),
    );
    await scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value: id }] }));
    const [failure] = await failures();
    expect((await admin.get(pathOf(failure))).text).toContain("would undo that");

    expect((await admin.post(`${pathOf(failure)}/retry`)).status).toBe(409);

    expect(await states()).toEqual(["open"]);
    expect(await audit()).toEqual([]);
  });

  test("a whole cause is retried at once, or dismissed with a reason and opened again", async () => {
    await newTenant();
    for (const name of ["f@contoso.com", "g@contoso.com", "h@contoso.com"]) await refusedThenFree(name);
    const cause = { code: "userName-taken", type: "User", operation: "create" };
    const path = `/tenants/${slug}/failed`;
    await admin.get(`${path}?${new URLSearchParams(cause).toString()}`);
    expect((await admin.post(`${path}/dismiss`, cause)).status).toBe(422);

    await admin.post(`${path}/dismiss`, { ...cause, reason: "<b>test</b>" });
    expect(await states()).toEqual(["dismissed", "dismissed", "dismissed"]);
    for (const failure of await failures()) await admin.post(`${pathOf(failure)}/reopen`);
    await admin.post(`${path}/retry`, cause);

    await waitFor(async () => (await states()).every((state) => state === "resolved"));
    expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(6);
    expect(new Set(await audit())).toEqual(
      new Set(["failure.dismissed", "failure.reopened", "failure.retried"]),
    );
  });

  test("what was refused at the door is explained, and not offered for a retry", async () => {
    await newTenant();
    await tenant.scim("POST", "/Users", { schemas: [USER], displayName: "No name", password: "Canary-1" });
    await waitFor(async () => (await failures()).length === 1);
    const [failure] = await failures();

    const { text } = await admin.get(pathOf(failure));

    expect(failure?.code).toBe("required-missing");
    expect(text).toContain("No name");
    expect(text).not.toMatch(/Canary|\/retry"/);
    expect((await admin.post(`${pathOf(failure)}/retry`)).status).toBe(409);
  });

  test("a viewer sees the form of the request and no value, and may not mend", async () => {
    await newTenant();
    await refusedThenFree("ida@contoso.com");
    const [failure] = await failures();
    const viewer = new TestVisitor(service.service.addresses().dashboard ?? "");
    await viewer.signIn("viewer", PASSWORD);

    const { text } = await viewer.get(pathOf(failure));

    expect(text).toContain("userName");
    expect(text).not.toContain("ida@contoso.com");
    for (const action of ["retry", "dismiss", "reopen", "note"])
      expect((await viewer.post(`${pathOf(failure)}/${action}`, { reason: "x", note: "x" })).status).toBe(
        403,
      );
    for (const action of ["retry", "dismiss"]) {
      const fields = { code: "userName-taken", type: "User", operation: "create", reason: "x" };
      expect((await viewer.post(`/tenants/${slug}/failed/${action}`, fields)).status).toBe(403);
    }
    expect(await states()).toEqual(["open"]);
  });

  test("another tenant's failure is not found, whatever the address says", async () => {
    await newTenant();
    await refusedThenFree("joe@contoso.com");
    const [failure] = await failures();
    await newTenant();
    const foreign = `/tenants/${slug}/failed/${failure?.write_id}`;

    expect((await admin.get(foreign)).status).toBe(404);
    for (const action of ["retry", "dismiss", "reopen", "note"])
      expect((await admin.post(`${foreign}/${action}`, { reason: "x", note: "x" })).status).toBe(404);
  });
});
