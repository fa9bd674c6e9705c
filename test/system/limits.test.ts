/** A connection's limits and the door's: from where, how often, how much, and how many wrong tokens. */
import { execFile } from "node:child_process";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { setConnectionLimits } from "../../src/store/connection-limits.ts";
import { listKnocks } from "../../src/store/knocks.ts";
import { addProductKey } from "../support/product.ts";
import { startTestService, testEnv, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const run = promisify(execFile);
// Each command is a process of its own, which takes long to start where the machine is busy.
const CLI_TIMEOUT_MS = 300_000;
const ROOT = join(import.meta.dirname, "../..");
const [kind = "postgres"] = queueBackends();
const queue = openTestQueue(kind);
let service: TestService;

beforeAll(async () => {
  service = await startTestService(queue, {
    TRUST_PROXY: "127.0.0.1",
    AUTH_FAILURES_PER_MINUTE: "5",
    TENANT_LINE_BYTES_MAX: "4000000",
  });
});
afterAll(() => service.stop());

const from = (address: string, token: string) => ({
  authorization: `Bearer ${token}`,
  "x-forwarded-for": address,
});
const ask = (headers: Record<string, string>): Promise<Response> =>
  fetch(`${service.apiUrl}/scim/v2/Users?count=1`, { headers });

async function limit(
  tenant: TestTenant,
  limits: { allowedAddresses?: readonly string[]; requestsPerSecond?: number },
): Promise<void> {
  const of = { tenantId: tenant.tenantId, id: tenant.connectionId };
  const { allowedAddresses = null, requestsPerSecond = null } = limits;
  await service.database.transaction((tx) =>
    setConnectionLimits(tx, of, { allowedAddresses, requestsPerSecond }),
  );
}

test("a right token from an address that is not allowed is 403, told at its connection; others are served", async () => {
  const tenant = await service.addTenant();
  const other = await service.addTenant();
  await limit(tenant, { allowedAddresses: ["192.0.2.0/24", "2001:db8::/32"] });

  await waitFor(async () => (await ask(from("203.0.113.9", tenant.token))).status === 403);
  const refused = await ask(from("203.0.113.9", tenant.token));
  const inside = [await ask(from("192.0.2.200", tenant.token)), await ask(from("2001:db8::5", tenant.token))];

  expect(await refused.json()).toMatchObject({ status: "403", schemas: [expect.stringContaining("Error")] });
  expect(inside.map(({ status }) => status)).toEqual([200, 200]);
  expect((await ask(from("203.0.113.9", other.token))).status).toBe(200);
  const knocks = () => listKnocks(service.database, tenant);
  await waitFor(async () => (await knocks()).some(({ reason }) => reason === "address"));
  expect(await knocks()).toMatchObject([{ reason: "address", address: "203.0.113.9" }]);
});

test("beyond its rate a connection gets 429 with a true Retry-After; another connection is served", async () => {
  const tenant = await service.addTenant();
  const other = await service.addTenant();
  await limit(tenant, { requestsPerSecond: 1 });
  const headers = from("192.0.2.1", tenant.token);

  // At one a second, of two that follow each other at once the second is too many; a slow machine tries again.
  let limited: Response | undefined;
  await waitFor(async () => {
    const answers = await Promise.all([ask(headers), ask(headers), ask(headers)]);
    limited = answers.find(({ status }) => status === 429);
    return limited !== undefined;
  });
  const seconds = Number(limited?.headers.get("retry-after"));

  expect(limited?.headers.get("ratelimit-policy")).toBe('"connection";q=1;w=1');
  expect(limited?.headers.get("ratelimit")).toBe(`"connection";r=0;t=${seconds}`);
  expect(await limited?.json()).toMatchObject({ status: "429" });
  expect(seconds).toBe(1);
  const free = await ask(from("192.0.2.1", other.token));
  expect([free.status, free.headers.get("ratelimit")]).toEqual([200, null]);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  expect((await ask(headers)).status).toBe(200);
});

test("too many wrong tokens of one address are 429, and a right one from there is served all the same", async () => {
  const tenant = await service.addTenant();
  const wrong = from("198.51.100.7", `rc_${"x".repeat(43)}`);
  // Five a minute: one comes back in twelve seconds, so of twenty at once some are too many on any machine.
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(wrong)));

  const limited = answers.filter(({ status }) => status === 429);
  expect(answers.filter(({ status }) => status === 401).length).toBeGreaterThanOrEqual(5);
  expect(limited.length).toBeGreaterThan(5);
  for (const { headers } of limited) expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
  expect((await ask(from("198.51.100.7", tenant.token))).status).toBe(200);
  expect((await ask(from("198.51.100.8", `rc_${"x".repeat(43)}`))).status).toBe(401);
});

test("the same of product keys, at the login check and at whatever else the product asks", async () => {
  const tenant = await service.addTenant();
  const key = await addProductKey(service.database, tenant.tenantId);
  const knock = (path: string, token: string, method = "GET") =>
    fetch(`${service.apiUrl}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "x-forwarded-for": "198.51.100.9" },
      ...(method === "POST" && { body: JSON.stringify({ userName: "ada@acme.example" }) }),
    });
  for (const [path, method] of [
    ["/login-check", "POST"],
    ["/events", "GET"],
  ] as const) {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => knock(path, `rk_${"x".repeat(43)}`, method)),
    );
    const limited = answers.filter(({ status }) => status === 429);
    expect(limited.length).toBeGreaterThan(5);
    for (const { headers } of limited) expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await limited[0]?.json()).toMatchObject({ code: "too-many-failures" });
    expect((await knock(path, key, method)).status).toBe(200);
  }
});

test("of a gigabyte that is sent little is read before it is refused; another client is served meanwhile", async () => {
  const tenant = await service.addTenant();
  const send = (headers: Record<string, string>): Promise<{ status: number; sent: number }> =>
    new Promise((resolve) => {
      const request = httpRequest(`${service.apiUrl}/scim/v2/Users`, {
        method: "POST",
        headers: { ...from("192.0.2.1", tenant.token), "content-type": "application/scim+json", ...headers },
      });
      const chunk = Buffer.alloc(262_144, "a");
      let sent = 0;
      let isAnswered = false;
      const go = (): void => {
        while (!isAnswered && sent < 1_073_741_824) {
          sent += chunk.length;
          if (!request.write(chunk)) return void request.once("drain", go);
        }
      };
      request
        .on("error", () => undefined)
        .once("response", (response) => {
          isAnswered = true;
          response.resume();
          resolve({ status: response.statusCode ?? 0, sent });
          request.destroy();
        });
      go();
    });

  const [declared, streamed, served] = await Promise.all([
    send({ "content-length": "1073741824" }),
    send({ "transfer-encoding": "chunked" }),
    tenant.scim("GET", "/Users"),
  ]);

  expect([declared.status, streamed.status, served.status]).toEqual([413, 413, 200]);
  for (const { sent } of [declared, streamed]) expect(sent).toBeLessThan(134_217_728);
});

test("bodies that one tenant never ends fill its room and no more: 429 there, others are served", async () => {
  const hog = await service.addTenant();
  const other = await service.addTenant();
  const part = Buffer.alloc(1_000_000, " ");
  const sockets: ClientRequest[] = [];
  const answers: IncomingMessage[] = [];
  const open = (token: string, headers: Record<string, string> = {}): void => {
    const request = httpRequest(`${service.apiUrl}/scim/v2/Users`, {
      method: "POST",
      headers: { ...from("192.0.2.1", token), "content-type": "application/scim+json", ...headers },
    });
    request.on("error", () => undefined).once("response", (response) => answers.push(response.resume()));
    request.write(headers["content-encoding"] === "gzip" ? gzipSync(part).subarray(0, -8) : part);
    sockets.push(request);
  };
  // TENANT_LINE_BYTES_MAX is 4 MB here.
  for (let index = 0; index < 6; index += 1) open(hog.token, { "content-length": "2000000" });
  await waitFor(() => answers.length >= 2);
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([429, 429]);
  expect(Number(answers[0]?.headers["retry-after"])).toBeGreaterThanOrEqual(1);
  open(hog.token, { "content-encoding": "gzip" });
  await waitFor(() => answers.length >= 3);
  expect(answers[2]?.statusCode).toBe(429);

  const title = "x".repeat(500_000);
  const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
  expect((await hog.scim("POST", "/Users", { schemas, userName: "small" })).status).toBe(201);
  expect((await other.scim("POST", "/Users", { schemas, userName: "large", title })).status).not.toBe(429);

  for (const socket of sockets) socket.destroy();
  await waitFor(
    async () => (await hog.scim("POST", "/Users", { schemas, userName: "large", title })).status !== 429,
  );
  const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
  expect(metrics).toMatch(/rollcall_writes_turned_away_total\{tenant="t-[^"]+",reason="line_full"\} [3-9]/);
});

test(
  "the command sets limits, keeps what it is not told, and refuses what is no range",
  async () => {
    const tenant = await service.addTenant();
    const [row] = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
      tenant.tenantId,
    ]);
    const env = { PATH: process.env["PATH"], ...testEnv(service.databaseUrl, queue) };
    const set = (...args: string[]) =>
      run(join(ROOT, "bin/rollcall"), ["connection", "set-limits", row?.slug ?? "", ...args], { env });

    expect((await set("--allow", "192.0.2.0/24,2001:db8::1", "--rate", "50")).stdout).toContain(
      "from 192.0.2.0/24, 2001:db8::1, 50 requests a second",
    );
    expect((await set("--rate", "any")).stdout).toContain("from 192.0.2.0/24, 2001:db8::1, at any rate");
    await expect(set("--allow", "everywhere")).rejects.toThrow(/"everywhere" is no address/);
    const audit = await service.database.query("SELECT 1 FROM audit WHERE tenant_id = $1 AND action = $2", [
      tenant.tenantId,
      "connection.limits_changed",
    ]);
    expect(audit).toHaveLength(2);
  },
  CLI_TIMEOUT_MS,
);
