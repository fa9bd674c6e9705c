/** private_key_jwt: a client that signs its own assertions is let in once by each, and by nothing that only looks like one. */
import { createPublicKey, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type KeyTrust,
  readKeyTrust,
  removeClientKeys,
  setClientKeys,
  takeAssertion,
} from "../../src/store/client-keys.ts";
import { setConnectionLimits } from "../../src/store/connection-limits.ts";
import { listKnocks } from "../../src/store/knocks.ts";
import { createScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const queue = openTestQueue(queueBackends()[0] ?? "postgres");
const JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

let service: TestService;
let pair: Awaited<ReturnType<typeof generateKeyPair>>;
let other: Awaited<ReturnType<typeof generateKeyPair>>;
let keys: KeyTrust;

beforeAll(async () => {
  service = await startTestService(queue, {
    FEDERATION_PRIVATE_ALLOWED: "true",
    AUTH_FAILURES_PER_MINUTE: "100000",
  });
  pair = await generateKeyPair("RS256", { extractable: true });
  other = await generateKeyPair("RS256", { extractable: true });
  keys = readKeyTrust("RS256", {
    text: JSON.stringify({ ...(await exportJWK(pair.publicKey)), kid: "one" }),
  });
});
afterAll(() => service.stop());

const now = (): number => Math.floor(Date.now() / 1_000);

function claimsOf({ connectionId }: TestTenant): JWTPayload {
  const endpoint = `${service.apiUrl}/oauth2/token`;
  return {
    iss: connectionId,
    sub: connectionId,
    aud: endpoint,
    iat: now(),
    exp: now() + 300,
    jti: randomUUID(),
  };
}

const signed = (
  claims: JWTPayload,
  header: Partial<JWTHeaderParameters> = {},
  key = pair.privateKey,
): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid: "one", ...header }).sign(key);

async function ask(client_assertion: string, more: Record<string, string> = {}) {
  const response = await fetch(`${service.apiUrl}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: JWT_BEARER,
      client_assertion,
      ...more,
    }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

async function withKeys(trust = keys): Promise<TestTenant> {
  const tenant = await service.addTenant();
  await service.database.transaction((tx) => setClientKeys(tx, tenant, trust));
  return tenant;
}

const statusOf = async (token: unknown): Promise<number> =>
  (await createScimClient(`${service.apiUrl}/scim/v2`, String(token))("GET", "/Users?count=1")).status;

test("a client gets in by what it signed, with its identifier in the form or without, until its keys go", async () => {
  const tenant = await withKeys();

  const alone = await ask(await signed(claimsOf(tenant)));
  const named = await ask(await signed(claimsOf(tenant)), { client_id: tenant.connectionId });

  expect([alone.status, named.status]).toEqual([200, 200]);
  expect(await statusOf(alone.body["access_token"])).toBe(200);
  await service.database.transaction((tx) => removeClientKeys(tx, tenant));
  await waitFor(async () => (await statusOf(alone.body["access_token"])) === 401);
  expect((await ask(await signed(claimsOf(tenant)))).body["error"]).toBe("invalid_client");
});

test("an assertion is taken once, whichever process is asked, and though it comes twice at the same time", async () => {
  const tenant = await withKeys();
  const jwt = await signed(claimsOf(tenant));

  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(jwt)));

  expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(7).fill(401)]);
  const replayed = await ask(jwt);
  expect(replayed.body["error_description"]).toContain("taken before");
  // Another process has nothing but Postgres in common with this one.
  const claims = claimsOf(tenant);
  const expiresAt = new Date(Date.now() + 60_000);
  expect(await takeAssertion(service.database, tenant, { jti: String(claims.jti), expiresAt })).toBe(true);
  expect((await ask(await signed(claims))).status).toBe(401);
  // What is another client's is another's: the same jti of both is no replay.
  const neighbour = await withKeys();
  expect((await ask(await signed({ ...claimsOf(neighbour), jti: String(claims.jti) }))).status).toBe(200);
});

test("what is expired, too long, for another, of another key or algorithm, unsigned or without a jti is refused", async () => {
  const tenant = await withKeys();
  const stranger = await withKeys({ ...keys, algorithm: "PS256" });
  const claims = claimsOf(tenant);
  const without = (name: string) =>
    Object.fromEntries(Object.entries({ ...claims, jti: randomUUID() }).filter(([claim]) => claim !== name));
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const pem = await exportSPKI(pair.publicKey);
  const der = createPublicKey(pem).export({ type: "spki", format: "der" });
  const hs256 = (key: Uint8Array) =>
    new SignJWT({ ...claims, jti: randomUUID() }).setProtectedHeader({ alg: "HS256", kid: "one" }).sign(key);
  const fresh = (more: JWTPayload) => signed({ ...claims, jti: randomUUID(), ...more });

  const wrong = {
    expired: await fresh({ iat: now() - 400, exp: now() - 100 }),
    "of an hour": await fresh({ exp: now() + 3_600 }),
    "signed long ago": await fresh({ iat: now() - 3_600, exp: now() + 60 }),
    "signed in the future": await fresh({ iat: now() + 600, exp: now() + 900 }),
    "for another server": await fresh({ aud: "https://elsewhere.example.com/oauth2/token" }),
    "for another server as well": await fresh({ aud: [String(claims.aud), "https://elsewhere.example.com"] }),
    "of another issuer": await fresh({ iss: stranger.connectionId }),
    "about another subject": await fresh({ sub: stranger.connectionId }),
    "without exp": await signed(without("exp")),
    "without iat": await signed(without("iat")),
    "without jti": await signed(without("jti")),
    "without aud": await signed(without("aud")),
    "with an empty jti": await fresh({ jti: "" }),
    "of alg none": `${encode({ alg: "none", kid: "one" })}.${encode(claims)}.`,
    "of HS256 under the public key": await hs256(new TextEncoder().encode(pem)),
    "of HS256 under the key's bytes": await hs256(der),
    "of another key under a known kid": await signed({ ...claims, jti: randomUUID() }, {}, other.privateKey),
    "under an unknown kid": await signed({ ...claims, jti: randomUUID() }, { kid: "two" }),
    "with a key that it brings along": await signed(
      { ...claims, jti: randomUUID() },
      { jwk: await exportJWK(other.publicKey), kid: "three" },
      other.privateKey,
    ),
    "no JWT": "abc",
  };
  for (const [name, jwt] of Object.entries(wrong)) {
    const { status, body } = await ask(jwt, { client_id: tenant.connectionId });
    expect([name, status, body["error"]]).toEqual([name, 401, "invalid_client"]);
  }
  // The algorithm is the client's, and not the header's to choose.
  expect((await ask(await signed(claimsOf(stranger)))).status).toBe(401);
  // None of them has used anything up.
  expect((await ask(await signed(claims))).status).toBe(200);
});

test("keys that are published at an address are read there, and no answer from there is 503", async () => {
  const published = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: "one" }] };
  const server = createServer((_request, response) => response.end(JSON.stringify(published)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys.json`;
  const tenant = await withKeys(readKeyTrust("RS256", { url }));
  const away = await withKeys(readKeyTrust("RS256", { url: "http://127.0.0.1:1/keys.json" }));

  expect((await ask(await signed(claimsOf(tenant)))).status).toBe(200);
  expect((await ask(await signed(claimsOf(away)))).body["error"]).toBe("temporarily_unavailable");
  await new Promise((resolve) => server.close(resolve));
});

test("who may not come from its address gets no token; both that and a refused client are told at the connection", async () => {
  const tenant = await withKeys();
  const limits = { allowedAddresses: ["192.0.2.0/24"], requestsPerSecond: null };
  await service.database.transaction((tx) =>
    setConnectionLimits(tx, { tenantId: tenant.tenantId, id: tenant.connectionId }, limits),
  );

  const { status, body } = await ask(await signed(claimsOf(tenant)));
  expect([status, body["error"], body["access_token"]]).toEqual([403, "unauthorized_client", undefined]);
  expect((await ask("abc", { client_id: tenant.connectionId })).status).toBe(401);
  await waitFor(async () => {
    const knocks = await listKnocks(service.database, tenant);
    const reasons = knocks.map(({ reason, path }) => `${reason} ${path}`).sort();
    return reasons.join() === "address /oauth2/token,client /oauth2/token";
  });
});

describe("keys as an operator gives them", () => {
  test("one key, a set, or PEM is taken; a private one, a secret, a short or a wrong one is not", async () => {
    const jwk = await exportJWK(pair.publicKey);
    const short = createPublicKey(
      `-----BEGIN PUBLIC KEY-----
MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu
KUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==
-----END PUBLIC KEY-----`,
    ).export({ format: "jwk" });
    const read = (text: string, algorithm = "RS256") => readKeyTrust(algorithm, { text });

    expect(read(JSON.stringify(jwk)).keys?.keys).toEqual([jwk]);
    expect(read(JSON.stringify({ keys: [jwk, jwk] })).keys?.keys).toHaveLength(2);
    expect(read(await exportSPKI(pair.publicKey)).keys?.keys).toMatchObject([{ kty: "RSA", n: jwk.n }]);
    expect(() => read(JSON.stringify({ ...jwk, d: "x" }))).toThrow(/private key/);
    expect(() => read("-----BEGIN PRIVATE KEY-----")).toThrow(/private key/);
    expect(() => read(JSON.stringify({ kty: "oct", k: "c2VjcmV0" }))).toThrow(/cannot be taken/);
    expect(() => read(JSON.stringify(short))).toThrow(/2048 bits/);
    expect(() => read(JSON.stringify(jwk), "ES256")).toThrow(/type EC/);
    expect(() => read(JSON.stringify(jwk), "HS256")).toThrow(/the algorithm is one of/);
    expect(() => read("{}")).toThrow(/cannot be taken/);
    expect(() => read("hello")).toThrow(/neither JSON/);
    expect(() => readKeyTrust("RS256", { url: "ftp://x" })).toThrow(/address/);
  });
});
