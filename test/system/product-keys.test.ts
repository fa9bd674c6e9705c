/** Product keys: made by the command line, shown once, good for /v1 of their tenant and for nothing else. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import { listProductKeys } from "../../src/store/product-keys.ts";
import { findTenant } from "../../src/store/tenants.ts";
import { rollcall } from "../support/cli.ts";
import { createProductClient, type ProductAnswer } from "../support/product.ts";
import { createScimClient } from "../support/scim-client.ts";
import { startTestService, testEnv, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

let service: TestService;
let env: ReturnType<typeof testEnv>;

beforeAll(async () => {
  const queue = openTestQueue("postgres");
  service = await startTestService(queue);
  env = testEnv(service.databaseUrl, queue);
});
afterAll(() => service.stop());

const made = async (...args: readonly string[]): Promise<string> => {
  const { code, stdout, stderr } = await rollcall(env, ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};

async function newTenant(slug: string): Promise<{ readonly token: string }> {
  return JSON.parse(await made("tenant", "create", slug, "--json")) as { token: string };
}

async function newKey(slug: string, ...more: readonly string[]): Promise<string> {
  const stdout = await made("product-key", "create", slug, ...more, "--json");
  expect(stdout).toMatch(new RegExp(`^\\{"tenant":"${slug}","key":"rk_[\\w-]{43}"\\}\\n$`));
  return (JSON.parse(stdout) as { key: string }).key;
}

const ask = (key: string): Promise<ProductAnswer> => createProductClient(service.apiUrl, key)("GET", "");

test("a key opens /v1 for its tenant; its text is stored nowhere, and its use is noted", async () => {
  await newTenant("acme");
  const key = await newKey("acme", "--name", "back end");

  const answer = await ask(key);

  expect(answer).toMatchObject({ status: 200, body: { tenant: "acme" } });
  expect(answer.headers.get("cache-control")).toBe("no-store");
  const tenant = await findTenant(service.database, "acme");
  await waitFor(async () => {
    const [stored] = await listProductKeys(service.database, tenant!.id);
    return stored!.lastUsedAt !== null;
  });
  const rows = await service.database.query("SELECT to_jsonb(k) AS row FROM product_keys k");
  expect(JSON.stringify(rows)).not.toContain(key.slice(8));
  const listed = await made("product-key", "list", "acme");
  expect(listed).toMatch(
    new RegExp(`^${key.slice(0, 8)}… +back end +\\d{4}-\\d\\d-\\d\\d +never +\\d{4}`, "m"),
  );
  expect(listed).not.toContain(key);
});

test("each key has its own door: no token on /v1, no product key on /scim", async () => {
  const { token } = await newTenant("doors");
  const key = await newKey("doors");

  const withToken = await ask(token);
  const scim = await createScimClient(`${service.apiUrl}/scim/v2`, key)("GET", "/Users");

  expect(withToken.status).toBe(401);
  expect(withToken.headers.get("content-type")).toBe("application/problem+json");
  expect(withToken.headers.get("www-authenticate")).toBe('Bearer realm="Rollcall", error="invalid_token"');
  expect(withToken.body).toMatchObject({
    status: 401,
    code: "unauthenticated",
    detail: expect.stringMatching(/product-key create/) as string,
    correlationId: withToken.headers.get("x-correlation-id"),
  });
  expect(scim).toMatchObject({ status: 401, body: { detail: expect.stringMatching(/\/v1 only/) as string } });
});

test("a rotated key works on for its overlap, a revoked one is refused from that moment", async () => {
  await newTenant("rotating");
  const first = await newKey("rotating");

  const second = (
    JSON.parse(await made("product-key", "rotate", "rotating", first.slice(0, 8), "--json")) as {
      key: string;
    }
  ).key;
  expect([(await ask(first)).status, (await ask(second)).status]).toEqual([200, 200]);
  const third = (
    JSON.parse(
      await made(
        ...["product-key", "rotate", "rotating", second.slice(0, 8), "--overlap-hours", "0", "--json"],
      ),
    ) as { key: string }
  ).key;
  expect([(await ask(second)).status, (await ask(third)).status]).toEqual([401, 200]);
  await made("product-key", "revoke", "rotating", first.slice(0, 8));
  expect([(await ask(first)).status, (await ask(third)).status]).toEqual([401, 200]);

  const tenant = await findTenant(service.database, "rotating");
  const audit = await listTenantAudit(service.database, tenant!.id, 4);
  expect(audit.map(({ action }) => action)).toEqual([
    "product_key.revoked",
    "product_key.rotated",
    "product_key.rotated",
    "product_key.created",
  ]);
  expect(JSON.stringify(audit)).not.toContain(third.slice(8));
});

test("a key that has expired is refused", async () => {
  await newTenant("expiring");
  const key = await newKey("expiring", "--days", "1");
  expect((await ask(key)).status).toBe(200);

  await service.database.query(
    `UPDATE product_keys SET expires_at = now() WHERE hint = '${key.slice(0, 8)}'`,
  );

  expect((await ask(key)).status).toBe(401);
});

test.each([
  ["no header", undefined, "Bearer realm"],
  ["another scheme", "Basic abc", "error="],
  ["an endless one", `Bearer ${"a".repeat(600)}`, "error="],
])("%s is answered 401 with a challenge", async (_what, authorization, challenge) => {
  const headers = authorization === undefined ? {} : { Authorization: authorization };
  const response = await fetch(`${service.apiUrl}/v1`, { headers });

  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toContain(challenge);
  expect(await response.json()).toMatchObject({ code: "unauthenticated" });
});

test("what /v1 does not have is a problem, not a SCIM error", async () => {
  await newTenant("lost");
  const key = await newKey("lost");

  const answer = await createProductClient(service.apiUrl, key)("GET", "/nowhere");

  expect(answer).toMatchObject({ status: 404, body: { code: "endpoint-not-found", status: 404 } });
});

test.each([
  ["an unknown tenant", ["product-key", "create", "nobody"], 1, /there is no tenant "nobody"/],
  ["an unknown key", ["product-key", "revoke", "acme", "rk_none"], 1, /no live key is "rk_none"/],
  ["a strange number of days", ["product-key", "create", "acme", "--days", "0"], 1, /--days takes a whole/],
  ["a missing key", ["product-key", "revoke", "acme"], 2, /<key> is missing/],
])("%s is refused in words", async (_what, args, code, words) => {
  const ended = await rollcall(env, ...args);

  expect(ended).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toMatch(words);
});
