/** Who is turned away at the door: told with the reason, by connection where it can be known, and without the token. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { KnockLog } from "../../src/api/knock-log.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { say, ScimError } from "../../src/scim/index.ts";
import { type KnownKnock, listKnocks, listStrangeKnocks } from "../../src/store/knocks.ts";
import { revokeTokens, rotateToken } from "../../src/store/tenants.ts";
import {
  startTestService,
  TEST_SECRET,
  type TestService,
  type TestTenant,
  waitFor,
} from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue(queueBackends()[0] ?? "postgres"));
});
afterAll(() => service.stop());

async function knock(path: string, authorization?: string): Promise<number> {
  const headers = { "user-agent": "Azure Test", ...(authorization !== undefined && { authorization }) };
  return (await fetch(`${service.apiUrl}${path}`, { headers })).status;
}

async function turnedAway(tenant: TestTenant, reason: string): Promise<KnownKnock> {
  const find = async () =>
    (await listKnocks(service.database, tenant)).find((each) => each.reason === reason);
  await waitFor(async () => (await find()) !== undefined);
  return (await find())!;
}

const USERS = "/scim/v2/Users?filter=userName+eq+%22ada@contoso.com%22";

test("a token that is not whole, a wrong path, an expired and a revoked token are told at their connection", async () => {
  const tenant = await service.addTenant();
  const other = await service.addTenant();

  expect(await knock(USERS, `Bearer ${tenant.token.slice(0, -4)}`)).toBe(401);
  expect(await turnedAway(tenant, "altered")).toMatchObject({
    ...{ times: 1, method: "GET", path: "/scim/v2/Users", userAgent: "Azure Test" },
    tokenHint: tenant.token.slice(0, 8),
  });
  expect(await knock("/scim/Users?filter=x", `Bearer ${tenant.token}`)).toBe(404);
  expect((await turnedAway(tenant, "path")).path).toBe("/scim/Users");
  expect(await knock("/scim/v2/scim/v2/Users", `Bearer ${tenant.token}`)).toBe(404);
  await waitFor(async () => (await turnedAway(tenant, "path")).times === 2);

  await service.database.query(`UPDATE tokens SET expires_at = now() WHERE tenant_id = $1`, [
    tenant.tenantId,
  ]);
  expect(await knock(USERS, `Bearer ${tenant.token}`)).toBe(401);
  expect((await turnedAway(tenant, "expired")).times).toBe(1);
  await service.database.transaction((tx) => revokeTokens(tx, tenant.tenantId, tenant.connectionId));
  expect(await knock(USERS, `Bearer ${tenant.token}`)).toBe(401);
  await turnedAway(tenant, "revoked");

  expect(await listKnocks(service.database, other)).toEqual([]);
  const rows = await service.database.query<{ row: unknown }>(`SELECT to_jsonb(k) AS row FROM knocks k`);
  expect(JSON.stringify(rows)).not.toContain(tenant.token.slice(10, -4));
  expect(JSON.stringify(rows)).not.toContain("ada@contoso.com");
});

test("what belongs to nobody is counted by its reason, however many tokens are tried", async () => {
  for (let guess = 0; guess < 30; guess += 1) await knock(USERS, `Bearer guess-${guess}`);
  await knock(USERS);
  await knock(USERS, "Bearer two words");
  await knock(USERS, "Bearer rk_a-product-key");

  const strangers = () => listStrangeKnocks(service.database);
  await waitFor(async () => (await strangers()).length === 4);

  const times = new Map((await strangers()).map((each) => [each.reason, each.times]));
  await waitFor(async () => (await strangers()).find(({ reason }) => reason === "unknown")?.times === 30);
  expect([...times.keys()].sort()).toEqual(["malformed", "missing", "product_key", "unknown"]);
});

test("a token that has expired by Postgres's clock and not by the api's is a matter of clocks", async () => {
  const tenant = await service.addTenant();
  await service.database.query(`UPDATE tokens SET expires_at = now() WHERE tenant_id = $1`, [
    tenant.tenantId,
  ]);
  const log = new KnockLog({
    db: service.database,
    logger: createLogger({ service: "test", level: "silent" }),
    secret: TEST_SECRET,
    now: () => new Date(Date.now() - 600_000),
  });

  log.note(new ScimError(401, "unauthenticated", say`no`), {
    headers: { authorization: `Bearer ${tenant.token}` },
    method: "GET",
    target: USERS,
  });
  await log.stop();

  await turnedAway(tenant, "clock");
});

test("a replaced token works on for as long as was said, and ends then; of two rotations the last stays", async () => {
  const tenant = await service.addTenant();
  const request = { ...tenant, secret: TEST_SECRET, ttlDays: 1 };
  const first = await service.database.transaction((tx) => rotateToken(tx, request, { overlapHours: 2 }));
  const second = await service.database.transaction((tx) => rotateToken(tx, request, { overlapHours: 1 }));

  for (const token of [tenant.token, first.token, second.token])
    expect(await knock(USERS, `Bearer ${token}`)).toBe(200);
  const hours = await service.database.query<{ hours: number }>(
    `SELECT round(extract(epoch FROM expires_at - now()) / 3600)::int AS hours FROM tokens
      WHERE tenant_id = $1 ORDER BY created_at, id`,
    [tenant.tenantId],
  );
  expect(hours.map((row) => row.hours)).toEqual([1, 1, 24]);

  await service.database.query(
    `UPDATE tokens SET expires_at = now() WHERE tenant_id = $1 AND replaced_at IS NOT NULL`,
    [tenant.tenantId],
  );
  await waitFor(async () => (await knock(USERS, `Bearer ${first.token}`)) === 401);
  expect(await knock(USERS, `Bearer ${second.token}`)).toBe(200);
});
