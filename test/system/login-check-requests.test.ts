/** How a product may ask: one or many, what is refused and why, and what is counted of it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addProductTenant, createProductClient, type ProductTenant } from "../support/product.ts";
import { createUser } from "../support/provision.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
const kind = queueBackends()[0]!;
beforeAll(async () => {
  service = await startTestService(openTestQueue(kind));
});
afterAll(() => service.stop());

const newTenant = (): Promise<ProductTenant> => addProductTenant(service);

describe("a batch", () => {
  test("is answered in its order, by whatever each is asked", async () => {
    const { scim, product } = await newTenant();
    const ada = await createUser(scim, "ada@contoso.com", { emails: [{ value: "ada@mail.example" }] });
    const bob = await createUser(scim, "bob@contoso.com", { active: false, externalId: "b" });

    const answer = await product("POST", "/login-check", {
      checks: [
        { externalId: "b" },
        { userName: "nobody" },
        { email: "ADA@mail.example", groups: true },
        { userName: "ada@contoso.com" },
        { userName: "ada@contoso.com" },
      ],
    });

    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      results: [
        { allowed: false, reason: "deactivated", userId: bob },
        { allowed: false, reason: "not_provisioned" },
        { allowed: true, reason: "active", userId: ada, groups: [] },
        { allowed: true, reason: "active", userId: ada },
        { allowed: true, reason: "active", userId: ada },
      ],
    });
  });

  test("has a thousand checks at most", async () => {
    const { product } = await newTenant();
    const checks = Array.from({ length: 1_001 }, (_, n) => ({ userName: `user${n}` }));

    const most = await product("POST", "/login-check", { checks: checks.slice(1) });
    const tooMany = await product("POST", "/login-check", { checks });

    expect((most.body as { results: object[] }).results).toHaveLength(1_000);
    expect(tooMany).toMatchObject({ status: 400, body: { code: "body-invalid" } });
  });
});

describe("what cannot be understood", () => {
  test.each([
    ["nothing", ""],
    ["no JSON", "{"],
    ["no object", "[1]"],
    ["null", "null"],
    ["no field", {}],
    ["two fields", { userName: "a", email: "b" }],
    ["another field", { userName: "a", id: "b" }],
    ["an empty name", { userName: "" }],
    ["a number for a name", { userName: 7 }],
    ["an endless name", { userName: "a".repeat(1_025) }],
    ["NUL in a name", { userName: "a\0b" }],
    ["half a character", '{"email":"\\ud800"}'],
    ["an empty batch", { checks: [] }],
    ["a batch with one that is wrong", { checks: [{ userName: "a" }, { userName: "a", externalId: "b" }] }],
    ["a prototype for a body", '{"__proto__":{"userName":"a"}}'],
  ])("%s is a problem with its place and reason", async (_what, body) => {
    const { product } = await newTenant();

    const answer = await product("POST", "/login-check", body);

    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer).toMatchObject({ status: 400, body: { status: 400, code: "body-invalid" } });
    const { detail, correlationId } = answer.body as { detail: string; correlationId: string };
    expect(detail).toMatch(/body/);
    expect(correlationId).toBe(answer.headers.get("x-correlation-id"));
  });

  test("is told to those with a key only; a token of a connection is none", async () => {
    const tenant = await newTenant();
    const ask = (key: string, body: unknown) =>
      createProductClient(service.apiUrl, key)("POST", "/login-check", body);

    for (const key of ["rk_wrong", tenant.token])
      for (const body of [{ userName: "ada@contoso.com" }, "{"])
        expect(await ask(key, body)).toMatchObject({ status: 401, body: { code: "unauthenticated" } });
    const bare = await fetch(`${service.apiUrl}/v1/login-check`, { method: "POST", body: "{}" });
    expect([bare.status, bare.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="Rollcall"']);
  });

  test("a body without an end is refused, and another method is told which to use", async () => {
    const { product } = await newTenant();

    const huge = await product("POST", "/login-check", `"${"x".repeat(2_200_000)}"`);
    const got = await product("GET", "/login-check");
    const slashed = await product("POST", "/login-check/?a=b", { userName: "a" });

    expect(huge).toMatchObject({ status: 413, body: { code: "body-too-large" } });
    expect(got).toMatchObject({ status: 405, body: { code: "method-not-allowed" } });
    expect(got.headers.get("allow")).toBe("POST");
    expect(slashed.status).toBe(200);
  });
});

test("a key that is revoked is refused by the very next check", async () => {
  const tenant = await newTenant();
  expect(await tenant.check({ userName: "a" })).toMatchObject({ reason: "not_activated" });

  await service.database.query("UPDATE product_keys SET revoked_at = now() WHERE tenant_id = $1", [
    tenant.tenantId,
  ]);

  expect(await tenant.product("POST", "/login-check", { userName: "a" })).toMatchObject({ status: 401 });
  expect(
    await tenant.product("POST", "/login-check", { checks: [{ userName: "a" }, { email: "a" }] }),
  ).toMatchObject({ status: 401 });
});

test("checks are counted by their answer, in labels that do not grow with what is asked", async () => {
  const { scim, check } = await newTenant();
  await createUser(scim, "metric.canary@contoso.com", { externalId: "canary-7" });
  await check({ userName: "metric.canary@contoso.com" });
  await check({ userName: "nobody.canary@contoso.com" });

  const text = await (await fetch(`${service.metricsUrl}/metrics`)).text();

  expect(text).toMatch(/rollcall_login_checks_total\{tenant="[^"]+",reason="active"\} \d/);
  expect(text).toMatch(
    /rollcall_http_request_duration_seconds_count\{[^}]*route="product\.login-check"[^}]*\} \d/,
  );
  expect(text).not.toContain("canary");
});
