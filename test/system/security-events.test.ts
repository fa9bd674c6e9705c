/** Security event tokens as a receiver has them: verified by the published keys, asked for by polls, and sent. */
import { createRemoteJWKSet, decodeProtectedHeader, type JWTPayload, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listSigningKeys, revokeSigningKey, rotateSigningKey } from "../../src/store/signing-keys.ts";
import { createEndpoint, pauseEndpoint, resumeEndpoint } from "../../src/store/webhook-endpoints.ts";
import { type LoggedDelivery, listDeliveries, redeliver } from "../../src/store/webhook-log.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createGroup, createUser, patch } from "../support/provision.ts";
import { startSetReceiver } from "../support/set-receiver.ts";
import { startTestService, TEST_SECRET, testEnv, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";
import { PATIENT } from "../support/webhooks.ts";

const ISSUER = "https://scim.example.com";
const PROV = "urn:ietf:params:scim:event:prov";
const AUDIENCE = "https://product.example.com/events";

type Claims = JWTPayload & { readonly events: Readonly<Record<string, Record<string, unknown>>> };

let service: TestService;
let env: ReturnType<typeof testEnv>;
beforeAll(async () => {
  const queue = openTestQueue("postgres");
  const settings = { ...PATIENT, PUBLIC_URL: ISSUER };
  service = await startTestService(queue, settings);
  env = testEnv(service.databaseUrl, queue, settings);
});
afterAll(() => service.stop());

const run = (...args: readonly string[]): Promise<Ended> => rollcall(env, ...args);
const keySet = (): ReturnType<typeof createRemoteJWKSet> =>
  createRemoteJWKSet(new URL(`${service.apiUrl}/.well-known/jwks.json`), { cooldownDuration: 0 });

/** As a receiver does it. @throws {Error} unless it is ours, for this audience, and a security event token */
async function verified(token: string, audience: string): Promise<Claims> {
  const { payload } = await jwtVerify<Claims>(token, keySet(), {
    ...{ issuer: ISSUER, audience, typ: "secevent+jwt", algorithms: ["ES256"] },
    requiredClaims: ["iat", "jti", "events", "sub_id", "txn"],
  });
  return payload;
}

interface Stream extends ProductTenant {
  readonly key: { readonly tenantId: string; readonly id: string };
  readonly audience: string;
  /** @returns the tokens by their ids, and whether there are more */
  readonly poll: (body: object) => Promise<{ sets: Record<string, string>; moreAvailable?: boolean }>;
}

async function stream(format: "set" | "set-notice" = "set"): Promise<Stream> {
  const tenant = await addProductTenant(service);
  const { tenantId } = tenant;
  const { id, audience } = await service.database.transaction((tx) =>
    createEndpoint(tx, { tenantId, url: null, types: null, format, secret: TEST_SECRET }),
  );
  const poll: Stream["poll"] = async (body) => {
    const answer = await tenant.product("POST", `/security-events/${id}`, body);
    expect(answer.status).toBe(200);
    return answer.body as Awaited<ReturnType<Stream["poll"]>>;
  };
  return { ...tenant, key: { tenantId, id }, audience: audience ?? "", poll };
}

const NOW = { returnImmediately: true };

test("a poll hands out what happened, in order, each time until it is acknowledged", async () => {
  const { scim, poll, audience } = await stream();
  const id = await createUser(scim, "ada@contoso.com", { externalId: "e-1", displayName: "Ada" });
  await scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: false }));
  await scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: true }));
  const put = await scim("PUT", `/Users/${id}`, {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    ...{ userName: "ada@contoso.com", externalId: "e-1", active: true },
  });
  expect(put.status).toBe(200);
  const group = await createGroup(scim, "Staff");
  await scim("PATCH", `/Groups/${group}`, patch({ op: "add", path: "members", value: [{ value: id }] }));
  await scim("DELETE", `/Users/${id}`);

  const first = await poll(NOW);
  const claims = await Promise.all(Object.values(first.sets).map((token) => verified(token, audience)));
  expect(claims.map(({ events }) => Object.keys(events).map((uri) => uri.replace(`${PROV}:`, "")))).toEqual([
    // By now the user is gone, and what it was is not told any more.
    ["create:notice"],
    ["deactivate", "patch:notice"],
    ["activate", "patch:notice"],
    ["put:notice"],
    ["create:full"],
    ["patch:full"],
    ["delete"],
  ]);
  expect(Object.keys(first.sets)).toEqual(claims.map(({ jti }) => jti));
  expect(first.moreAvailable).toBeUndefined();
  const [created] = claims;
  expect(created).toMatchObject({
    sub_id: { format: "scim", uri: `/Users/${id}`, id },
    events: { [`${PROV}:create:notice`]: { version: 'W/"1"' } },
  });
  expect(created).not.toHaveProperty("sub");
  expect(created).not.toHaveProperty("exp");
  expect(claims.at(-1)).toMatchObject({ sub_id: { externalId: "e-1" }, events: { [`${PROV}:delete`]: {} } });
  expect(claims[5]?.events[`${PROV}:patch:full`]).toMatchObject({
    data: { Operations: [{ op: "add", path: "members", value: [{ value: id }] }] },
  });

  const ids = Object.keys(first.sets);
  const again = await poll({ ...NOW, ack: ids.slice(0, 3), maxEvents: 2 });
  expect(Object.keys(again.sets)).toEqual(ids.slice(3, 5));
  expect(again.moreAvailable).toBe(true);
  // Acknowledging without asking; twice is no error, nor is what was never handed out.
  const none = await poll({ ack: [...ids, ids[0], "other"], maxEvents: 0 });
  expect(none).toEqual({ sets: {} });
  expect(await poll(NOW)).toEqual({ sets: {} });
});

test("a poll that may wait is answered when something happens", async () => {
  const { scim, poll, audience } = await stream();
  const waiting = poll({});
  const id = await createUser(scim, "bob@contoso.com", { displayName: "Bob" });
  const [token = ""] = Object.values((await waiting).sets);

  expect(await verified(token, audience)).toMatchObject({
    sub_id: { uri: `/Users/${id}` },
    events: {
      [`${PROV}:create:full`]: {
        version: 'W/"1"',
        data: { userName: "bob@contoso.com", displayName: "Bob" },
      },
    },
  });
});

test("what a receiver refuses is not handed out again, and stands in the log; it may be sent again", async () => {
  const { scim, poll, key } = await stream("set-notice");
  await createUser(scim, "eve@contoso.com");
  const [jti = ""] = Object.keys((await poll(NOW)).sets);
  const description = "no such tenant here";
  expect(await poll({ ...NOW, setErrs: { [jti]: { err: "invalid_audience", description } } })).toEqual({
    sets: {},
  });
  const log = (): Promise<readonly LoggedDelivery[]> =>
    listDeliveries(service.database, key, { limit: 10, failedOnly: true });
  expect(await log()).toMatchObject([
    { state: "failed", attempts: 1, error: `refused: invalid_audience: ${description}` },
  ]);

  await service.database.transaction((tx) => redeliver(tx, key, { eventId: jti.slice("evt_".length) }));
  expect(Object.keys((await poll(NOW)).sets)).toEqual([jti]);
});

test("a stream belongs to its tenant, and may be paused", async () => {
  const { product, key, poll, scim } = await stream();
  const other = await addProductTenant(service);
  const path = `/security-events/${key.id}`;
  expect(await other.product("POST", path, NOW)).toMatchObject({
    ...{ status: 404, body: { code: "stream-not-found" } },
  });
  expect((await product("POST", "/security-events/none", NOW)).status).toBe(404);
  expect((await product("GET", path)).headers.get("allow")).toBe("POST");
  expect(await product("POST", path, { maxEvents: -1 })).toMatchObject({
    ...{ status: 400, body: { code: "body-invalid" } },
  });

  const pause = { reason: "by_hand", probeAfterSeconds: null } as const;
  await service.database.transaction((tx) => pauseEndpoint(tx, key, pause));
  await createUser(scim, "carol@contoso.com");
  expect(await product("POST", path, NOW)).toMatchObject({ status: 409, body: { code: "stream-paused" } });
  await service.database.transaction((tx) => resumeEndpoint(tx, key));
  expect(Object.keys((await poll(NOW)).sets)).toHaveLength(1);
});

test("of a long list a poll hands out so many, and all of it in the end", async () => {
  const { scim, poll } = await stream();
  const names = Array.from({ length: 25 }, (_, number) => `many-${String(number)}@contoso.com`);
  await Promise.all(names.map((name) => createUser(scim, name)));
  const seen: string[] = [];
  for (let ack: string[] = []; ;) {
    const { sets, moreAvailable } = await poll({ ...NOW, ack, maxEvents: 10 });
    ack = Object.keys(sets);
    seen.push(...ack);
    if (moreAvailable !== true) break;
  }
  expect(new Set(seen).size).toBe(names.length);
  expect(seen).toHaveLength(names.length);
});

test("a token is sent as RFC 8935 says, and again where it is refused", async () => {
  const tenant = await service.addTenant();
  const { tenantId, scim } = tenant;
  const receiver = await startSetReceiver();
  const { id, webhookSecret } = await service.database.transaction((tx) =>
    createEndpoint(tx, {
      ...{ tenantId, url: receiver.url, types: null, format: "set", audience: AUDIENCE, secret: TEST_SECRET },
    }),
  );
  receiver.answer(400, { err: "invalid_key", description: "unknown kid" });
  await createUser(scim, "ada@contoso.com", { displayName: "Ada" });
  const log = (): Promise<readonly LoggedDelivery[]> =>
    listDeliveries(service.database, { tenantId, id }, { limit: 10, failedOnly: false });
  await waitFor(async () => (await log()).some(({ error }) => error === "answered 400 invalid_key"));
  receiver.answer(202);
  await waitFor(async () => (await log()).every(({ state }) => state === "delivered"));

  const [{ headers, body } = { headers: {}, body: "" }] = receiver.received;
  expect(headers).toMatchObject({
    "content-type": "application/secevent+jwt",
    accept: "application/json",
    authorization: `Bearer ${webhookSecret}`,
  });
  expect(await verified(body, AUDIENCE)).toMatchObject({
    events: { [`${PROV}:create:full`]: { data: { displayName: "Ada" } } },
  });
  await expect(verified(body, "https://another.example.com")).rejects.toThrow();
  const ids = await Promise.all(
    receiver.received.map(async (each) => (await verified(each.body, AUDIENCE)).jti),
  );
  expect(ids.length).toBeGreaterThan(1);
  expect(new Set(ids).size).toBe(1);
  await receiver.stop();
});

test("keys are replaced with an overlap; a receiver asks by what the shell told it", async () => {
  const { scim, product, tenantId } = await addProductTenant(service);
  const { database } = service;
  const [{ slug } = { slug: "" }] = await database.query<{ slug: string }>(
    "SELECT slug FROM tenants WHERE id = $1",
    [tenantId],
  );
  const made = JSON.parse((await run("stream", "create", slug, "--json")).stdout) as {
    readonly stream: string;
    readonly pollUrl: string;
    readonly issuer: string;
    readonly audience: string;
  };
  expect(made).toMatchObject({ issuer: ISSUER, pollUrl: `${ISSUER}/v1/security-events/${made.stream}` });
  await createUser(scim, "zoe@acme.example");
  const kids = async (): Promise<string[]> => {
    const answer = await fetch(`${service.apiUrl}/.well-known/jwks.json`);
    const { keys } = (await answer.json()) as { keys: { kid: string; d?: string; alg: string }[] };
    expect(keys.every(({ d, alg }) => d === undefined && alg === "ES256")).toBe(true);
    return keys.map(({ kid }) => kid);
  };
  const token = async (): Promise<string> => {
    const { body } = await product("POST", `/security-events/${made.stream}`, NOW);
    return Object.values((body as { readonly sets: Readonly<Record<string, string>> }).sets)[0] ?? "";
  };

  // A key that is to come is published and does not sign yet; one that is made at once does.
  const [before] = (await listSigningKeys(database)).filter(({ isSigning }) => isSigning);
  await database.transaction((tx) => rotateSigningKey(tx, TEST_SECRET, { isImmediate: false }));
  expect(await kids()).toHaveLength(2);
  expect(decodeProtectedHeader(await token()).kid).toBe(before?.id);
  const now = /Key +(\S+)/.exec((await run("signing-key", "rotate", "--now")).stdout)?.[1] ?? "";
  const signed = await token();
  expect(decodeProtectedHeader(signed)).toEqual({ alg: "ES256", kid: now, typ: "secevent+jwt" });
  await verified(signed, made.audience);
  expect((await run("signing-key", "list")).stdout).toMatch(new RegExp(`${now} .* signs\n`));

  const revoke = (id = ""): Promise<string> => database.transaction((tx) => revokeSigningKey(tx, id));
  expect(await revoke(before?.id)).toBe("revoked");
  expect(await revoke(before?.id)).toBe("missing");
  expect(await kids()).not.toContain(before?.id);
  expect(await revoke(now)).toBe("only_one");
});
