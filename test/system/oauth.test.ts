/** OAuth 2.0 for SCIM, by a client's secrets and by a trusted issuer's JWTs: what is let in, and all that is not. */
import { execFile } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { SignJWT } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AccessTokens } from "../../src/api/oauth/access-tokens.ts";
import { hashToken } from "../../src/platform/secrets.ts";
import { removeFederation, setFederation } from "../../src/store/oauth-clients.ts";
import { listTokens, revokeToken, rotateToken } from "../../src/store/tenants.ts";
import { createScimClient } from "../support/scim-client.ts";
import {
  startTestService,
  TEST_SECRET,
  testEnv,
  type TestService,
  type TestTenant,
  waitFor,
} from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";
import { newKey, startTokenIssuer, type TokenIssuer } from "../support/token-issuer.ts";

const run = promisify(execFile);
// Each command is a process of its own, which takes long to start where the machine is busy.
const CLI_TIMEOUT_MS = 300_000;
const ROOT = join(import.meta.dirname, "../..");
const AUDIENCE = "api://rollcall";
const queue = openTestQueue(queueBackends()[0] ?? "postgres");
let service: TestService;
let issuer: TokenIssuer;

beforeAll(async () => {
  service = await startTestService(queue, {
    FEDERATION_PRIVATE_ALLOWED: "true",
    AUTH_FAILURES_PER_MINUTE: "100000",
  });
  issuer = await startTokenIssuer("11111111-2222-3333-4444-555555555555");
});
afterAll(async () => {
  await issuer.stop();
  await service.stop();
});

interface TokenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Readonly<Record<string, unknown>>;
}

async function ask(
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const response = await fetch(`${service.apiUrl}/oauth2/token`, {
    method: "POST",
    headers,
    body: new URLSearchParams({ grant_type: "client_credentials", ...fields }),
  });
  const body = (await response.json()) as TokenAnswer["body"];
  return { status: response.status, headers: response.headers, body };
}

const scim = (token: unknown) => createScimClient(`${service.apiUrl}/scim/v2`, String(token));
const statusOf = async (token: unknown): Promise<number> =>
  (await scim(token)("GET", "/Users?count=1")).status;

async function newSecret(tenant: TestTenant): Promise<{ client_id: string; client_secret: string }> {
  const { tenantId, connectionId } = tenant;
  const request = { tenantId, connectionId, secret: TEST_SECRET, ttlDays: 1, kind: "client_secret" } as const;
  const { token } = await service.database.transaction((tx) => rotateToken(tx, request, { overlapHours: 1 }));
  return { client_id: connectionId, client_secret: token };
}

const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });

test("a client gets a token by either way of showing its secret, and writes with it", async () => {
  const tenant = await service.addTenant();
  const client = await newSecret(tenant);

  const posted = await ask({ ...client, scope: "api://whatever/.default" });
  const inHeader = await ask({}, basic(client.client_id, client.client_secret));

  for (const { status, headers, body } of [posted, inHeader]) {
    expect([status, headers.get("cache-control")]).toEqual([200, "no-store"]);
    expect(body).toMatchObject({ token_type: "Bearer", expires_in: 3_600, scope: "scim" });
  }
  const user = { schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"], userName: "ada@contoso.com" };
  expect((await scim(posted.body["access_token"])("POST", "/Users", user)).status).toBe(201);
  expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(1);
  const used = async () =>
    (await listTokens(service.database, tenant.tenantId, tenant.connectionId)).find(
      ({ kind }) => kind === "client_secret",
    )?.lastUsedAt;
  await waitFor(async () => (await used()) instanceof Date);
});

test("two secrets live beside each other; when one is revoked its access tokens end, the other's and the bearer token go on", async () => {
  const tenant = await service.addTenant();
  const [one, two] = [await newSecret(tenant), await newSecret(tenant)];
  const [first, second] = [await ask(one), await ask(two)].map(({ body }) => body["access_token"]);
  expect([await statusOf(first), await statusOf(second), await statusOf(tenant.token)]).toEqual([
    200, 200, 200,
  ]);

  const { tenantId, connectionId } = tenant;
  const old = (await listTokens(service.database, tenantId, connectionId)).find(
    ({ kind, replacedAt }) => kind === "client_secret" && replacedAt !== null,
  );
  await service.database.transaction((tx) => revokeToken(tx, { tenantId, connectionId, id: old?.id ?? "" }));

  await waitFor(async () => (await statusOf(first)) === 401);
  expect([await statusOf(second), await statusOf(tenant.token)]).toEqual([200, 200]);
  expect((await ask(one)).body["error"]).toBe("invalid_client");
  expect((await ask(two)).status).toBe(200);
});

test("who is not the client, or asks amiss, is told so by RFC 6749's codes", async () => {
  const tenant = await service.addTenant();
  const client = await newSecret(tenant);
  const other = await newSecret(await service.addTenant());
  const { client_id, client_secret } = client;

  const refused = async (fields: Record<string, string>, headers?: Record<string, string>) => {
    const { status, body } = await ask(fields, headers);
    return [status, body["error"]];
  };
  const invalid = [401, "invalid_client"];
  expect(await refused({ client_id, client_secret: `${client_secret}x` })).toEqual(invalid);
  expect(await refused({ client_id: other.client_id, client_secret })).toEqual(invalid);
  expect(await refused({ client_id: "nobody", client_secret })).toEqual(invalid);
  expect(await refused({ client_id, client_secret: tenant.token })).toEqual(invalid);
  expect(await refused({})).toEqual(invalid);
  expect(await refused({}, { authorization: "Basic !" })).toEqual(invalid);
  expect((await ask({}, basic(client_id, "x"))).headers.get("www-authenticate")).toMatch(/^Basic/);
  expect(await refused(client, basic(client_id, client_secret))).toEqual([400, "invalid_request"]);
  expect(await refused({ ...client, scope: "admin" })).toEqual([400, "invalid_scope"]);
  expect(await refused({ ...client, grant_type: "password" })).toEqual([400, "unsupported_grant_type"]);
  const twice = await fetch(`${service.apiUrl}/oauth2/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `grant_type=client_credentials&client_id=${client_id}&client_secret=x&client_secret=${client_secret}`,
  });
  expect([twice.status, await twice.json()]).toMatchObject([400, { error: "invalid_request" }]);
  expect((await fetch(`${service.apiUrl}/oauth2/token`)).status).toBe(405);
  // The secret opens the token endpoint alone, and its hash is that of no bearer token: an older process finds none.
  const refusal = await scim(client_secret)("GET", "/Users?count=1");
  expect([refusal.status, refusal.body.detail]).toEqual([
    401,
    expect.stringContaining("a client secret opens"),
  ]);
  const plain = hashToken(TEST_SECRET, client_secret);
  expect(await service.database.query("SELECT FROM tokens WHERE token_hash = $1", [plain])).toEqual([]);
  // One that was made before secrets had a hash of their own goes on.
  const age = "UPDATE tokens SET token_hash = $1 WHERE connection_id = $2 AND kind = 'client_secret'";
  await service.database.query(age, [plain, client_id]);
  expect((await ask(client)).status).toBe(200);
  expect(await statusOf(client_secret)).toBe(401);
});

test("an access token that is expired, of another audience, unsigned, signed otherwise or changed opens nothing", async () => {
  const tenant = await service.addTenant();
  const { body } = await ask(await newSecret(tenant));
  const good = String(body["access_token"]);
  const [header = "", payload = "", signature = ""] = good.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const credential = { tenantId: String(claims["tid"]), id: String(claims["sub"]) };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const settings = { secret: TEST_SECRET, audience: "urn:rollcall:scim", ttlSeconds: 3_600 };
  const issue = (more: Partial<typeof settings>) =>
    new AccessTokens({ ...settings, ...more }).issue(credential);
  const stranger = await service.addTenant();

  // What is made here as the service makes it is let in: the others differ in what their name says.
  expect(await statusOf(await issue({}))).toBe(200);
  const wrong = {
    expired: await issue({ ttlSeconds: -5 }),
    "of another audience": await issue({ audience: "https://elsewhere.example.com/scim/v2" }),
    "under another secret": await issue({ secret: `${TEST_SECRET}!` }),
    "of alg none": `${encode({ alg: "none", typ: "at+jwt" })}.${payload}.`,
    "without a signature": `${header}.${payload}.`,
    "for another tenant": `${header}.${encode({ ...claims, tid: stranger.tenantId })}.${signature}`,
    "signed with the secret as it stands": await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt" })
      .sign(new TextEncoder().encode(TEST_SECRET)),
    "of an issuer's": await issuer.issued(AUDIENCE),
  };
  for (const [name, token] of Object.entries(wrong))
    expect([name, await statusOf(token)]).toEqual([name, 401]);
});

const assertion = (client_id: string, client_assertion: string): Record<string, string> => ({
  client_id,
  client_assertion,
  client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
});

async function trusting(more: { issuer?: string; subject?: string } = {}): Promise<TestTenant> {
  const tenant = await service.addTenant();
  const trust = { issuer: issuer.issuer, subject: issuer.subject, audience: AUDIENCE, ...more };
  await service.database.transaction((tx) => setFederation(tx, tenant, trust));
  return tenant;
}

test("a JWT of the issuer that a connection trusts lets it in, as often as Azure repeats it, until the trust ends", async () => {
  const tenant = await trusting();
  const jwt = await issuer.issued(AUDIENCE);

  const [first, again] = [
    await ask(assertion(tenant.connectionId, jwt)),
    await ask(assertion(tenant.connectionId, jwt)),
  ];

  expect([first.status, again.status]).toEqual([200, 200]);
  expect(await statusOf(first.body["access_token"])).toBe(200);
  await service.database.transaction((tx) => removeFederation(tx, tenant));
  await waitFor(async () => (await statusOf(first.body["access_token"])) === 401);
  expect((await ask(assertion(tenant.connectionId, jwt))).body["error"]).toBe("invalid_client");
});

test("every other JWT is refused: expired, of another audience, issuer, subject or key, unsigned, or under a public key", async () => {
  const tenant = await trusting();
  const stranger = await trusting({ subject: "99999999-2222-3333-4444-555555555555" });
  const now = Math.floor(Date.now() / 1_000);
  const claims = { iss: issuer.issuer, sub: issuer.subject, aud: AUDIENCE, iat: now, exp: now + 600 };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const pem = createPublicKey({ key: issuer.publicKey() as never, format: "jwk" }).export({
    type: "spki",
    format: "pem",
  });
  const withoutEnd = { iss: claims.iss, sub: claims.sub, aud: claims.aud, iat: now };

  expect((await ask(assertion(tenant.connectionId, await issuer.signed(claims)))).status).toBe(200);
  const wrong = {
    expired: await issuer.signed({ ...claims, exp: now - 120 }),
    endless: await issuer.signed(withoutEnd),
    "not yet valid": await issuer.signed({ ...claims, nbf: now + 600 }),
    "wrong audience": await issuer.signed({ ...claims, aud: "api://another" }),
    "wrong issuer": await issuer.signed({ ...claims, iss: `${issuer.issuer}/other` }),
    "wrong subject": await issuer.signed({ ...claims, sub: "somebody" }),
    "unknown kid": await issuer.signed(claims, { kid: "unknown" }, await newKey("unknown")),
    "another key under a known kid": await issuer.signed(claims, {}, await newKey("first")),
    "alg none": `${encode({ alg: "none", kid: "first" })}.${encode(claims)}.`,
    "HS256 under the public key": await new SignJWT(claims)
      .setProtectedHeader({ alg: "HS256", kid: "first" })
      .sign(new TextEncoder().encode(pem.toString())),
    "no JWT": "abc",
  };
  for (const [name, jwt] of Object.entries(wrong)) {
    const { status, body } = await ask(assertion(tenant.connectionId, jwt));
    expect([name, status, body["error"]]).toEqual([name, 401, "invalid_client"]);
  }
  const good = await issuer.signed(claims);
  expect((await ask(assertion(stranger.connectionId, good))).status).toBe(401);
  expect((await ask(assertion((await service.addTenant()).connectionId, good))).status).toBe(401);
  expect((await ask({ ...assertion(tenant.connectionId, good), client_assertion_type: "x" })).status).toBe(
    400,
  );
});

test("an issuer that does not answer is 503 with Retry-After, and one that rotates its keys is followed", async () => {
  const away = await trusting({ issuer: "http://127.0.0.1:1" });
  const jwt = await issuer.issued(AUDIENCE);
  const { status, headers, body } = await ask(assertion(away.connectionId, jwt));
  expect([status, body["error"]]).toEqual([503, "temporarily_unavailable"]);
  expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);

  const tenant = await trusting();
  expect((await ask(assertion(tenant.connectionId, jwt))).status).toBe(200);
  await issuer.rotate();
  const renewed = await issuer.issued(AUDIENCE);
  await waitFor(async () => (await ask(assertion(tenant.connectionId, renewed))).status === 200, 180_000);
});

test(
  "the command makes client credentials that work, and sets a trust",
  async () => {
    const tenant = await service.addTenant();
    const [row] = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
      tenant.tenantId,
    ]);
    const slug = row?.slug ?? "";
    const env = { PATH: process.env["PATH"], ...testEnv(service.databaseUrl, queue) };
    const cli = (...args: string[]) => run(join(ROOT, "bin/rollcall"), args, { env });
    const trust = ["--issuer", issuer.issuer, "--subject", "s", "--audience", AUDIENCE];

    const made = JSON.parse((await cli("oauth", "secret", slug, "--json")).stdout) as Record<string, string>;
    const trusted = await cli("oauth", "trust", slug, ...trust);

    expect(made["tokenEndpoint"]).toMatch(/\/oauth2\/token$/);
    const { clientId = "", clientSecret = "" } = made;
    expect((await ask({ client_id: clientId, client_secret: clientSecret })).status).toBe(200);
    expect(trusted.stdout).toContain(`${slug} trusts s of ${issuer.issuer}`);
  },
  CLI_TIMEOUT_MS,
);
