/**
 * A canary in every value that a client can send: it sings in the directory and in the tenant's ledger. It is heard in no
 * log, not even at the lowest level, in no metric, and in nothing that Bull Board shows; when the writes have ended no queue
 * holds it but in what failed, and a secret is not even there.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/platform/config.ts";
import { prepareStores } from "../../src/prepare.ts";
import { QUEUES, type WriteQueue } from "../../src/queue/queues.ts";
import { rotateToken } from "../../src/store/tenants.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { TestVisitor } from "../support/console.ts";
import { addProductKey, createProductClient } from "../support/product.ts";
import { queueBackend } from "../support/queues.ts";
import { filterQuery } from "../support/scim-client.ts";
import {
  addTenant,
  type ServiceProcess,
  spawnService,
  TEST_SECRET,
  testEnv,
  type TestTenant,
  waitFor,
} from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  const testQueue = openTestQueue(kind);
  let store: TestDatabase;
  let service: ServiceProcess;
  let tenant: TestTenant;
  let queue: WriteQueue;
  let viewer: TestVisitor;
  /** What nobody may hear, wherever: it opens something. */
  const secrets: string[] = ["canary-of-a-password"];

  beforeAll(async () => {
    store = await createTestDatabase();
    const env = testEnv(store.url, testQueue, { LOG_LEVEL: "trace", CYCLE_IDLE_SECONDS: "1" });
    const config = parseConfig(env);
    await prepareStores(config);
    service = await spawnService(env);
    tenant = await addTenant(store, service.apiUrl);
    await addAccount(store.database, "viewer", "viewer");
    viewer = new TestVisitor(/Console +(\S+)/.exec(service.output())?.[1] ?? "");
    await viewer.signIn("viewer", PASSWORD);
    const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, QUEUE_PREFIX: prefix } = config;
    queue = queueBackend({ redisUrl, databaseUrl, prefix }).openQueue();
    await sing();
  });
  afterAll(async () => {
    await queue.close();
    await service.stop();
    await store.drop();
  });

  /** Everything that can be sent, well and amiss. */
  async function sing(): Promise<void> {
    const { scim, token, tenantId, connectionId } = tenant;
    const user = (name: string) => ({
      schemas: [USER],
      userName: `${name}@canary.example`,
      displayName: "Canary Bird",
      password: secrets[0],
      emails: [{ value: `${name}.mail@canary.example`, type: "work", primary: true }],
      phoneNumbers: [{ value: "+33-canary-1", type: "work" }],
    });
    const operations = (...Operations: object[]) => ({ schemas: [PATCH], Operations });
    const { body } = await scim("POST", "/Users", user("ada"));
    const statuses = [
      await scim("POST", "/Users", user("ADA")),
      await scim("POST", "/Users", { ...user("eve"), active: "canary" }),
      await scim("PATCH", `/Users/${body.id}`, operations({ op: "replace", path: "title", value: "Canary" })),
      await scim("PATCH", `/Users/${body.id}`, operations({ op: "replace", path: "canary[", value: 1 })),
      await scim("PATCH", `/Users/${body.id}`, operations({ op: "replace", path: "userName", value: null })),
      await scim("POST", "/Groups", {
        schemas: [GROUP],
        displayName: "Canaries",
        members: [{ value: body.id }],
      }),
      await scim("GET", `/Users${filterQuery('emails.value eq "ada.mail@canary.example"')}`),
      await scim("GET", `/Users${filterQuery('userName eq "canary" and (')}`),
      await scim("GET", "/Users/canary"),
      await scim("GET", "/canary"),
    ].map(({ status }) => status);
    expect(statuses.slice(0, 3)).toEqual([409, 400, 200]);
    expect(statuses.every((status) => status < 500)).toBe(true);
    const request = {
      tenantId,
      connectionId,
      secret: TEST_SECRET,
      ttlDays: 1,
      kind: "client_secret",
    } as const;
    const issued = await store.database.transaction((tx) => rotateToken(tx, request, { overlapHours: 1 }));
    const key = await addProductKey(store.database, tenantId);
    await createProductClient(service.apiUrl, key)("POST", "/login-check", {
      userName: "ada@canary.example",
    });
    await fetch(`${service.apiUrl}/v1/login-check`, {
      method: "POST",
      headers: { authorization: "Bearer rk_canary-of-a-wrong-key" },
      body: JSON.stringify({ email: "canary" }),
    });
    const ask = async (client_secret: string): Promise<string> => {
      const form = { grant_type: "client_credentials", client_id: connectionId, client_secret };
      const answer = await fetch(`${service.apiUrl}/oauth2/token`, {
        method: "POST",
        body: new URLSearchParams(form),
      });
      return ((await answer.json()) as { access_token?: string }).access_token ?? "";
    };
    const access = await ask(issued.token);
    await ask(`${issued.token.slice(0, 12)}canary-of-a-wrong-secret`);
    await scim("GET", "/Users", undefined, { headers: { Authorization: `Bearer ${access}` } });
    await scim("GET", "/Users", undefined, {
      headers: { Authorization: "Bearer rc_canary-of-a-wrong-token" },
    });
    secrets.push(token.slice(8), issued.token.slice(8), key.slice(8), access);
  }

  const hears = (text: string): string[] =>
    ["canary", "canaries", ...secrets].filter((each) => text.toLowerCase().includes(each.toLowerCase()));

  test("the directory knows it, so that its silence elsewhere says something", async () => {
    expect(hears(JSON.stringify((await tenant.scim("GET", "/Users")).body))).toEqual(["canary", "canaries"]);
    expect(secrets.filter((each) => each.length < 15)).toEqual([]);
  });

  test("no log hears it, and no metric", async () => {
    await waitFor(async () => {
      const [open] = await store.database.query("SELECT FROM cycles WHERE ended_at IS NULL");
      return open === undefined;
    });
    const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();

    expect(service.output()).toContain('"level":');
    expect(metrics).toContain("rollcall_scim_requests_total");
    expect(hears(service.output())).toEqual([]);
    expect(hears(metrics)).toEqual([]);
  });

  test("what failed keeps its values in the queue, and no secret; Bull Board shows neither", async () => {
    const states = ["failed", "completed", "waiting", "active", "delayed", "prioritized"] as const;
    await waitFor(async () => (await queue.getJobCounts("failed"))["failed"] !== 0);
    await waitFor(async () => (await queue.getJobCounts("active", "waiting"))["active"] === 0);
    const ended = await queue.getJobs([...states].filter((state) => state !== "failed"));
    const failed = await queue.getJobs(["failed"]);

    expect(ended).toEqual([]);
    expect(failed.length).toBeGreaterThan(0);
    expect(hears(JSON.stringify(failed.map(({ data }) => data)))).toEqual(["canary"]);
    expect(
      hears(JSON.stringify(failed.map(({ failedReason, stacktrace }) => [failedReason, stacktrace]))),
    ).toEqual([]);
    for (const path of [
      `/queues/api/queues?activeQueue=${QUEUES.writes}&status=failed&page=1&jobsPerPage=50`,
      `/queues/api/queues/${QUEUES.writes}/${failed[0]?.id ?? ""}`,
      `/queues/api/queues/${QUEUES.writes}/${failed[0]?.id ?? ""}/logs`,
    ]) {
      const shown = await viewer.get(path);
      expect([path, shown.status, hears(shown.text)]).toEqual([path, 200, []]);
    }
  });
});
