/**
 * Many tenants, one queue: a burst of one does not hold up another, a full line says so and recovers, who goes away
 * leaves, and reads wait for no write. The worker is started late, so that the order is seen and not the speed.
 */
import { afterEach, describe, expect, test } from "vitest";
import { startApart } from "../support/apart.ts";
import { USER } from "../support/provision.ts";
import type { ScimAnswer } from "../support/scim-client.ts";
import { startTestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const userOf = (name: string): object => ({ schemas: [USER], userName: `${name}@contoso.com` });
const create = ({ scim }: TestTenant, name: string): Promise<ScimAnswer> =>
  scim("POST", "/Users", userOf(name));
const burst = (tenant: TestTenant, count: number): Promise<ScimAnswer>[] =>
  Array.from({ length: count }, (_, index) => create(tenant, `burst${String(index)}`));
const statusesOf = async (answers: readonly Promise<ScimAnswer>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status);

describe.each(queueBackends())("with the queue on %s", (kind) => {
  /** An api and two tenants; the worker comes when the test has arranged the lines. */
  async function open(env: Readonly<Record<string, string>>) {
    const apart = await startApart(kind, { BATCH_MAX: "8", ...env }, cleanUps);
    return {
      ...apart,
      a: await apart.addTenant(),
      b: await apart.addTenant(),
      inLine: (count: number) => apart.gauge("line_writes", count),
      onQueue: (count: number) => apart.gauge("writes_in_flight", count),
    };
  }

  test("the first write of one tenant is among the first batches, whatever burst of another came before", async () => {
    const { store, a, b, ...service } = await open({ TENANT_WRITES_IN_FLIGHT_MAX: "8" });
    const before = burst(a, 100);
    await service.inLine(92);
    const one = create(b, "one");
    await service.onQueue(9);

    await service.startWorker();

    expect((await one).status).toBe(201);
    expect(new Set(await statusesOf(before))).toEqual(new Set([201]));
    const [{ count } = { count: -1 }] = await store.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM writes a
        WHERE a.tenant_id = $1 AND a.ended_at < (SELECT ended_at FROM writes WHERE tenant_id = $2)`,
      [a.tenantId, b.tenantId],
    );
    expect(count).toBeLessThanOrEqual(16);
  });

  test("a full line answers 429 with Retry-After, for its tenant alone, and takes writes again once served", async () => {
    const { a, b, ...service } = await open({ TENANT_WRITES_IN_FLIGHT_MAX: "4", TENANT_LINE_MAX: "6" });
    const held = burst(a, 10);
    await service.inLine(6);

    const refused = await create(a, "late");
    const bulk = await a.scim("POST", "/Bulk", {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [{ method: "POST", path: "/Users", bulkId: "x", data: userOf("x") }],
    });
    const other = create(b, "other");
    await service.onQueue(5);

    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "60"]);
    expect(refused.body.detail).toMatch(/Retry-After/);
    expect([bulk.status, bulk.headers.get("retry-after")]).toEqual([429, "60"]);
    expect((await a.scim("GET", "/Users")).status).toBe(200);

    await service.startWorker();
    expect(await statusesOf([...held, other])).toEqual(Array.from({ length: 11 }, () => 201));
    expect((await create(a, "late")).status).toBe(201);
    const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
    expect(metrics).toMatch(/rollcall_writes_turned_away_total\{tenant="t-[^"]+",reason="line_full"\} 2\n/);
  });

  test("a client that goes away while its write is in line leaves the line, and nothing is applied", async () => {
    const { a, ...service } = await open({ TENANT_WRITES_IN_FLIGHT_MAX: "2" });
    const held = burst(a, 2);
    await service.onQueue(2);
    const gone = new AbortController();
    const left = Array.from({ length: 5 }, (_, index) =>
      a.scim("POST", "/Users", userOf(`gone${String(index)}`), { signal: gone.signal }).catch(() => "gone"),
    );
    await service.inLine(5);

    gone.abort();
    expect(await Promise.all(left)).toEqual(Array.from({ length: 5 }, () => "gone"));
    await service.inLine(0);
    await service.startWorker();

    expect(await statusesOf(held)).toEqual([201, 201]);
    expect((await create(a, "after")).status).toBe(201);
    expect((await a.scim("GET", "/Users")).body.totalResults).toBe(3);
  });

  test("a write whose turn does not come within the budget is not begun, and a queue nobody serves stays short", async () => {
    const { a, ...service } = await open({ TENANT_WRITES_IN_FLIGHT_MAX: "2", SUBMIT_TIMEOUT_MS: "4000" });
    const held = burst(a, 6);
    await service.inLine(4);

    const answers = await Promise.all(held);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 6 }, () => 503));
    const notBegun = answers.filter(({ body }) => /nothing was changed/.test(body.detail));
    expect(notBegun.map(({ headers }) => headers.get("retry-after"))).toEqual(["60", "60", "60", "60"]);
    // The places are free again, but the queue still has two that nobody took.
    const again = burst(a, 6);
    await service.inLine(6);
    await service.startWorker();

    expect(new Set(await statusesOf(again))).toEqual(new Set([201]));
    expect((await a.scim("GET", "/Users")).body.totalResults).toBe(6);
  });

  test("bulk requests share their tenant's line with single writes, and all come through", async () => {
    const { a, b, ...service } = await open({ TENANT_WRITES_IN_FLIGHT_MAX: "4", TENANT_LINE_MAX: "20" });
    const bulkOf = (name: string, more: object = {}) =>
      a.scim("POST", "/Bulk", {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        ...more,
        Operations: Array.from({ length: 60 }, (_, index) => ({
          method: "POST",
          path: "/Users",
          bulkId: `${name}${String(index)}`,
          data: userOf(`${name}${String(index)}`),
        })),
      });
    const bulks = [bulkOf("k"), bulkOf("l"), bulkOf("m", { failOnErrors: 1 })];
    await service.inLine(5);
    const singles = burst(a, 10);
    await service.inLine(15);
    const other = create(b, "other");
    await service.startWorker();

    expect(new Set(await statusesOf([...singles, other]))).toEqual(new Set([201]));
    for (const { body } of await Promise.all(bulks)) {
      const { Operations } = body as unknown as { Operations: { status: string }[] };
      expect(Operations.map(({ status }) => status)).toEqual(Array.from({ length: 60 }, () => "201"));
    }
  });

  test("reads are answered while the worker's transaction hangs and writes pile up behind it", async () => {
    const service = await startTestService(openTestQueue(kind), { DATABASE_POOL_MAX: "4" });
    cleanUps.push(() => service.stop());
    const tenant = await service.addTenant();
    const { id } = (await create(tenant, "locked")).body;
    const blocker = await service.database.connect();
    await blocker.query("BEGIN");
    await blocker.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [id]);

    const stuck = tenant.scim("DELETE", `/Users/${id}`);
    const behind = burst(tenant, 50);
    await waitFor(async () => {
      const { rows } = await blocker.query("SELECT FROM pg_locks WHERE NOT granted");
      return rows.length > 0;
    });
    const reads = Array.from({ length: 40 }, () => tenant.scim("GET", "/Users"));
    expect(new Set(await statusesOf(reads))).toEqual(new Set([200]));

    await blocker.query("ROLLBACK");
    await blocker.end();
    expect((await stuck).status).toBe(204);
    expect(new Set(await statusesOf(behind))).toEqual(new Set([201]));
  });

  test("what the queue has lost is put there again, within the budget of its requests", async () => {
    const { a, ...service } = await open({});
    const held = burst(a, 5);
    await service.onQueue(5);
    await service.wipeQueue();

    await service.startWorker();

    expect(await statusesOf(held)).toEqual([201, 201, 201, 201, 201]);
    expect((await a.scim("GET", "/Users")).body.totalResults).toBe(5);
  });
});
