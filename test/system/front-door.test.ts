/** The front door as a whole: HTTPS for api and console, what a trusted proxy says, and plain HTTP that is turned away. */
import { mkdtempSync, rmSync } from "node:fs";
import { request as plainRequest } from "node:http";
import { request as tlsRequest } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { examineApi } from "../../src/cli/examine.ts";
import { openSelfSigned } from "../../src/embedded/self-signed.ts";
import { listKnocks } from "../../src/store/knocks.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const folder = mkdtempSync(join(tmpdir(), "rollcall-door-"));
const [kind = "postgres"] = queueBackends();
let secured: TestService;
let proxied: TestService;
let tenant: TestTenant;

beforeAll(async () => {
  const { certFile, keyFile } = await openSelfSigned(folder, []);
  secured = await startTestService(openTestQueue(kind), { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile });
  proxied = await startTestService(openTestQueue(kind), { TRUST_PROXY: "127.0.0.1" });
  tenant = await proxied.addTenant();
});
afterAll(async () => {
  await secured.stop();
  await proxied.stop();
  rmSync(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly text: string;
}

function get(url: string, headers: Record<string, string> = {}): Promise<Answer> {
  const send = url.startsWith("https:") ? tlsRequest : plainRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, { headers, rejectUnauthorized: false, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    request.once("error", reject).end();
  });
}

test("api and console speak HTTPS, name themselves so, and tell browsers to stay with it", async () => {
  const own = await secured.addTenant();
  const authorization = `Bearer ${own.token}`;

  const config = await get(`${secured.apiUrl}/scim/v2/ServiceProviderConfig`, { authorization });
  const signIn = await get(`${secured.dashboardUrl}/sign-in`);

  expect(config.status).toBe(200);
  expect(config.text).toContain(`${secured.apiUrl}/scim/v2/ServiceProviderConfig`);
  expect(secured.apiUrl).toMatch(/^https:/);
  for (const { headers } of [config, signIn])
    expect(headers["strict-transport-security"]).toBe("max-age=31536000");
  expect(String(signIn.headers["set-cookie"])).toMatch(/__Host-.*Secure/);
  expect(secured.metricsUrl).toMatch(/^http:/);
  const { problem, fix } = await examineApi(secured.apiUrl);
  expect([problem, fix]).toEqual([
    expect.stringContaining("trusts the certificate"),
    expect.stringContaining("NODE_EXTRA_CA_CERTS"),
  ]);
});

const USERS = "/scim/v2/Users?count=1";
const viaProxy = (scheme: string): Record<string, string> => ({
  authorization: `Bearer ${tenant.token}`,
  "x-forwarded-for": "192.0.2.44",
  "x-forwarded-proto": scheme,
});

test("what a proxy got over plain HTTP is turned away, and told at its connection with the client's address", async () => {
  const refused = await get(`${proxied.apiUrl}${USERS}`, viaProxy("http"));

  expect(refused.status).toBe(403);
  expect(JSON.parse(refused.text)).toMatchObject({ status: "403" });
  expect(refused.text).toContain("use its https address as the Tenant URL");
  expect(refused.headers["strict-transport-security"]).toBeUndefined();
  const knocks = () => listKnocks(proxied.database, tenant);
  await waitFor(async () => (await knocks()).length > 0);
  expect(await knocks()).toMatchObject([{ reason: "plain", address: "192.0.2.44", path: "/scim/v2/Users" }]);

  expect((await get(`${proxied.apiUrl}/v1/login-check`, viaProxy("http"))).status).toBe(403);
  expect((await get(`${proxied.dashboardUrl}/sign-in`, viaProxy("http"))).status).toBe(403);
  expect((await get(`${proxied.apiUrl}/health/live`, viaProxy("http"))).status).toBe(200);
  expect((await get(`${proxied.dashboardUrl}/health/live`, viaProxy("http"))).status).toBe(200);
});

test("what a proxy got over TLS is served, as coming from the client and over https", async () => {
  const served = await get(`${proxied.apiUrl}/scim/v2/ServiceProviderConfig`, viaProxy("https"));
  const wrong = await get(`${proxied.apiUrl}${USERS}`, {
    ...viaProxy("https"),
    authorization: `Bearer ${tenant.token.slice(0, -3)}`,
  });

  expect(served.status).toBe(200);
  expect(served.text).toContain(`${proxied.apiUrl.replace("http:", "https:")}/scim/v2`);
  expect(served.headers["strict-transport-security"]).toBe("max-age=31536000");
  expect(wrong.status).toBe(401);
  const altered = async () =>
    (await listKnocks(proxied.database, tenant)).find(({ reason }) => reason === "altered");
  await waitFor(async () => (await altered()) !== undefined);
  expect((await altered())?.address).toBe("192.0.2.44");
});
