/**
 * Writes that go on without their request (RFC 9967): durable before the 202, applied once, in the order of
 * acceptance for a resource, whatever happens to the queue and to workers; and asked for by their own connection.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createConnection, issueToken } from "../../src/store/tenants.ts";
import { type Apart, startApart } from "../support/apart.ts";
import { createUser, patch, USER } from "../support/provision.ts";
import { createScimClient, type ScimAnswer } from "../support/scim-client.ts";
import { spawnService, TEST_SECRET, type TestTenant, waitFor } from "../support/service.ts";
import { queueBackends } from "../support/stores.ts";

const EVENT = "urn:ietf:params:scim:event:misc:asyncresp";
const PREFER = { headers: { Prefer: "respond-async" } };

interface CompletionEvent {
  readonly txn: string;
  readonly iss: string;
  readonly sub_id: { readonly format: string; readonly uri: string; readonly id: string };
  readonly events: Readonly<Record<string, { readonly status: string; readonly version?: string }>>;
}

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

const userOf = (name: string, more: object = {}): object => ({
  schemas: [USER],
  userName: `${name}@contoso.com`,
  ...more,
});
const txnOf = ({ headers }: ScimAnswer): string => headers.get("set-txn") ?? "none";
const statusOf = ({ scim }: TestTenant, txn: string): Promise<ScimAnswer> =>
  scim("GET", `/AsyncRequests/${txn}`);

/** Waits for the completion event. */
async function completion(tenant: TestTenant, txn: string): Promise<CompletionEvent> {
  await waitFor(async () => (await statusOf(tenant, txn)).status === 200, 90_000);
  return (await statusOf(tenant, txn)).body as unknown as CompletionEvent;
}

const resultOf = async (tenant: TestTenant, answer: ScimAnswer) =>
  (await completion(tenant, txnOf(answer))).events[EVENT]!;

async function pendingOf({ store }: Apart): Promise<number> {
  const rows = await store.database.query<{ count: number }>(
    "SELECT count(*)::int AS count FROM accepted_writes",
  );
  return rows[0]!.count;
}

describe.each(queueBackends())("with the queue on %s", (kind) => {
  const open = async (env: Readonly<Record<string, string>> = {}) => {
    const apart = await startApart(kind, env, cleanUps);
    return { apart, tenant: await apart.addTenant() };
  };

  test("202 without a body, pending, then the completion event; and nothing of it is kept but that", async () => {
    const { apart, tenant } = await open();
    const secret = { password: "t0p-secret-value" };

    const accepted = await tenant.scim("POST", "/Users", userOf("ada", secret), PREFER);

    expect([accepted.status, accepted.body]).toEqual([202, null]);
    const location = accepted.headers.get("location")!;
    expect(accepted.headers.get("preference-applied")).toBe("respond-async");
    expect(location).toBe(`${apart.apiUrl}/scim/v2/AsyncRequests/${txnOf(accepted)}`);
    const kept = await apart.store.database.query<{ command: unknown }>(
      "SELECT command FROM accepted_writes",
    );
    expect(kept).toHaveLength(1);
    expect(JSON.stringify(kept)).not.toMatch(/t0p-secret-value/);
    const pending = await statusOf(tenant, txnOf(accepted));
    expect([pending.status, pending.body, pending.headers.get("retry-after")]).toEqual([202, null, "1"]);

    await apart.startWorker();
    const event = await completion(tenant, txnOf(accepted));

    const { body } = await tenant.scim("GET", "/Users");
    const [user] = body.Resources;
    expect(event).toMatchObject({
      txn: txnOf(accepted),
      iss: `${apart.apiUrl}/scim/v2`,
      sub_id: { format: "scim", uri: `/Users/${user!.id}`, id: user!.id },
      events: {
        [EVENT]: { method: "POST", status: "201", version: 'W/"1"', location: user!.meta.location },
      },
    });
    expect(await pendingOf(apart)).toBe(0);
    expect((await tenant.scim("HEAD", `/AsyncRequests/${txnOf(accepted)}`)).status).toBe(200);
  });

  test("what the worker refuses is an error in the event; what the door refuses is refused at once", async () => {
    const { apart, tenant } = await open();
    await apart.startWorker();
    await createUser(tenant.scim, "ada@contoso.com");

    const taken = await tenant.scim("POST", "/Users", userOf("ada"), PREFER);
    const wrong = await tenant.scim("POST", "/Users", { schemas: [USER] }, PREFER);

    expect([taken.status, wrong.status]).toEqual([202, 400]);
    expect(wrong.headers.get("set-txn")).toBeNull();
    const failed = await resultOf(tenant, taken);
    expect(failed).toMatchObject({
      method: "POST",
      status: "409",
      response: {
        schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
        status: "409",
        scimType: "uniqueness",
      },
    });
    expect(failed).not.toHaveProperty("location");
  });

  test("a resource's writes are applied in the order of acceptance, also those with an answer, and after a loss", async () => {
    const { apart, tenant } = await open();
    const stopWorker = await apart.startWorker();
    const id = await createUser(tenant.scim, "ada@contoso.com");
    await stopWorker();
    const titled = (title: string, options = {}): Promise<ScimAnswer> =>
      tenant.scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: title }), options);

    const accepted: ScimAnswer[] = [];
    for (const title of ["one", "two", "three"]) accepted.push(await titled(title, PREFER));
    await apart.wipeQueue();
    const last = titled("last");
    await apart.gauge("writes_in_flight", 4);
    await apart.startWorker();

    expect(await last).toMatchObject({ status: 200, body: { title: "last", meta: { version: 'W/"5"' } } });
    const versions = [];
    for (const answer of accepted) versions.push((await resultOf(tenant, answer)).version);
    expect(versions).toEqual(['W/"2"', 'W/"3"', 'W/"4"']);
    expect((await tenant.scim("GET", `/Users/${id}`)).body.title).toBe("last");
  });

  test("accepted writes outlive the queue and the api that accepted them, and are applied once", async () => {
    const { apart, tenant } = await open();
    const api = await spawnService({ ...apart.env, ROLES: "api" });
    cleanUps.push(() => api.kill());
    const scim = createScimClient(`${api.apiUrl}/scim/v2`, tenant.token);
    const names = Array.from({ length: 12 }, (_, index) => `user${String(index)}`);
    const accepted = await Promise.all(names.map((name) => scim("POST", "/Users", userOf(name), PREFER)));
    await api.kill();
    await apart.wipeQueue();
    expect(accepted.map(({ status }) => status)).toEqual(names.map(() => 202));

    await apart.startWorker();

    for (const answer of accepted) expect((await resultOf(tenant, answer)).status).toBe("201");
    expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(12);
    expect(await pendingOf(apart)).toBe(0);
  });

  test("a worker killed among accepted writes costs none of them", async () => {
    const { apart, tenant } = await open();
    const doomed = await spawnService({ ...apart.env, ROLES: "worker", BATCH_MAX: "4" });
    cleanUps.push(() => doomed.kill());
    const names = Array.from({ length: 60 }, (_, index) => `user${String(index)}`);
    const accepted = await Promise.all(
      names.map((name) => tenant.scim("POST", "/Users", userOf(name), PREFER)),
    );
    await waitFor(async () => (await tenant.scim("GET", "/Users?count=0")).body.totalResults > 0);
    await doomed.kill();

    await apart.startWorker();

    for (const answer of accepted) expect((await resultOf(tenant, answer)).status).toBe("201");
    expect((await tenant.scim("GET", "/Users?count=0")).body.totalResults).toBe(60);
  });

  test("wait=n answers by itself when the outcome comes in time, and else 202", async () => {
    const { apart, tenant } = await open();
    const wait = (seconds: number) => ({ headers: { Prefer: `respond-async, wait=${String(seconds)}` } });

    const late = await tenant.scim("POST", "/Users", userOf("late"), wait(1));
    await apart.startWorker();
    const inTime = await tenant.scim("POST", "/Users", userOf("early"), wait(20));

    expect([late.status, txnOf(late) === "none"]).toEqual([202, false]);
    expect([inTime.status, inTime.headers.get("set-txn")]).toEqual([201, null]);
    expect(inTime.body).toMatchObject(userOf("early"));
    expect((await resultOf(tenant, late)).status).toBe("201");
    const plain = await tenant.scim("POST", "/Users", userOf("plain"), { headers: { Prefer: "wait=5" } });
    expect(plain.status).toBe(201);
  });

  test("accepted writes of the same words are applied each in its turn", async () => {
    const { apart, tenant } = await open();
    const stopWorker = await apart.startWorker();
    const id = await createUser(tenant.scim, "ada@contoso.com");
    await stopWorker();
    const accepted: ScimAnswer[] = [];
    for (const title of ["one", "two", "one", "two", "one"]) {
      const body = patch({ op: "replace", path: "title", value: title });
      accepted.push(await tenant.scim("PATCH", `/Users/${id}`, body, PREFER));
    }
    await apart.startWorker();

    const versions = [];
    for (const answer of accepted) versions.push((await resultOf(tenant, answer)).version);
    expect(versions).toEqual(['W/"2"', 'W/"3"', 'W/"4"', 'W/"5"', 'W/"6"']);
    expect((await tenant.scim("GET", `/Users/${id}`)).body.title).toBe("one");
  });

  test("a client that hung up before its 202 is given the same transaction when it asks again", async () => {
    const { apart, tenant } = await open();
    const blocker = await apart.store.database.connect();
    await blocker.query("BEGIN");
    await blocker.query("LOCK TABLE accepted_writes IN EXCLUSIVE MODE");
    const gone = new AbortController();
    const first = tenant
      .scim("POST", "/Users", userOf("ada"), { ...PREFER, signal: gone.signal })
      .catch(() => "gone");
    await waitFor(async () => {
      const { rows } = await blocker.query(
        "SELECT FROM pg_locks WHERE relation = 'accepted_writes'::regclass AND NOT granted",
      );
      return rows.length > 0;
    });
    gone.abort();
    expect(await first).toBe("gone");
    await blocker.query("ROLLBACK");
    await blocker.end();
    const noted = (): Promise<readonly { id: string }[]> =>
      apart.store.database.query("SELECT write_id AS id FROM unanswered_writes");
    await waitFor(async () => (await noted()).length === 1);
    const [{ id } = { id: "none" }] = await noted();

    const again = await tenant.scim("POST", "/Users", userOf("ada"), PREFER);

    expect([again.status, txnOf(again)]).toEqual([202, id]);
    expect(await pendingOf(apart)).toBe(1);
    await apart.startWorker();
    expect((await resultOf(tenant, again)).status).toBe("201");
  });

  test("only the connection that asked may ask how it went, and not for ever", async () => {
    const { apart, tenant } = await open();
    await apart.startWorker();
    const other = await apart.addTenant();
    const { token } = await apart.store.database.transaction(async (tx) => {
      const connectionId = await createConnection(tx, tenant.tenantId, "Another");
      return issueToken(tx, { tenantId: tenant.tenantId, connectionId, secret: TEST_SECRET, ttlDays: 1 });
    });
    const sibling = createScimClient(`${apart.apiUrl}/scim/v2`, token);
    const stranger = createScimClient(`${apart.apiUrl}/scim/v2`, "no token");
    const accepted = await tenant.scim("POST", "/Users", userOf("ada"), PREFER);
    const path = `/AsyncRequests/${txnOf(accepted)}`;
    await completion(tenant, txnOf(accepted));

    const statuses = [
      await other.scim("GET", path),
      await sibling("GET", path),
      await stranger("GET", path),
      await tenant.scim("GET", "/AsyncRequests/018f0000-0000-7000-8000-000000000000"),
      await tenant.scim("GET", "/AsyncRequests/none"),
      await tenant.scim("DELETE", path),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 404, 401, 404, 404, 405]);

    await apart.store.database.query("UPDATE async_requests SET accepted_at = now() - interval '25 hours'");
    expect((await tenant.scim("GET", path)).status).toBe(404);
  });

  test("what is accepted and not applied is bounded, for its tenant alone", async () => {
    const { apart, tenant } = await open({ ASYNC_PENDING_MAX: "2" });
    const other = await apart.addTenant();
    const answers = [];
    for (const name of ["a", "b", "c"])
      answers.push(await tenant.scim("POST", "/Users", userOf(name), PREFER));
    const beside = await other.scim("POST", "/Users", userOf("a"), PREFER);

    expect([...answers, beside].map(({ status }) => status)).toEqual([202, 202, 429, 202]);
    expect(answers[2]!.headers.get("retry-after")).toBe("60");
    await apart.startWorker();
    await waitFor(async () => (await pendingOf(apart)) === 0);
    expect((await tenant.scim("POST", "/Users", userOf("c"), PREFER)).status).toBe(202);
  });

  test("the service says so, and bulk requests are answered by themselves", async () => {
    const { apart, tenant } = await open();
    await apart.startWorker();
    const { body } = await tenant.scim("GET", "/ServiceProviderConfig");
    expect(body).toMatchObject({
      securityEvents: { asyncRequest: "request", eventUris: expect.arrayContaining([EVENT]) as string[] },
    });
    const bulk = {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
      Operations: [{ method: "POST", path: "/Users", bulkId: "a", data: userOf("a") }],
    };
    expect((await tenant.scim("POST", "/Bulk", bulk, PREFER)).status).toBe(200);
  });
});
