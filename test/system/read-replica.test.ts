/**
 * The console on a streaming replica, whose replay is paused so that it shows an older state: what may lag does, what
 * must not does not, and a replica that is late or gone costs nobody a page.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { doctor } from "../../src/cli/doctor.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { createMetrics } from "../../src/platform/metrics.ts";
import { readReplica } from "../../src/read-replica.ts";
import type { Service } from "../../src/service.ts";
import { grantAppRole } from "../../src/store/app-role.ts";
import { openDatabase } from "../../src/store/database.ts";
import { lowerFence, raiseFence } from "../../src/store/row-security.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { TestVisitor } from "../support/console.ts";
import { hasDebianPostgres } from "../support/debian-postgres.ts";
import { addProductKey, createProductClient } from "../support/product.ts";
import { createUser, patch } from "../support/provision.ts";
import { type Replicated, startReplicated } from "../support/replicated.ts";
import { filterQuery } from "../support/scim-client.ts";
import { addTenant, testEnv, type TestTenant, waitFor } from "../support/service.ts";

const UNANSWERED_MS = 15_000;

describe.skipIf(!hasDebianPostgres())("a console that reads from a replica", () => {
  let stores: Replicated;
  let service: Service;
  let tenant: TestTenant;
  let slug: string;
  /** Two people, each with a browser of their own. */
  let ada: TestVisitor;
  let bo: TestVisitor;
  let isPaused = false;

  beforeAll(async () => {
    stores = await startReplicated();
    service = await stores.start();
    tenant = await addTenant({ database: service.db }, service.addresses().api ?? "");
    slug = (await tenantSlug(tenant.tenantId)) ?? "";
    for (const login of ["ada", "bo"]) await addAccount(service.db, login, "owner");
    [ada, bo] = [await signedIn("ada"), await signedIn("bo")];
    await stores.resume();
    // At its first look the replica may have lacked what was written a moment before.
    await waitFor(() => hasState("used"));
  });
  afterEach(async () => {
    if (isPaused) await resume();
  });
  afterAll(() => stores.stop());

  test("lists are read from it, while Azure and the product are answered from the primary", async () => {
    await pause();
    const id = await createUser(tenant.scim, "late@acme.example", { active: true });

    expect(await shows(bo, "late@acme.example")).toBe(false);
    expect(await download(bo)).not.toContain("late@acme.example");
    const found = await tenant.scim("GET", `/Users${filterQuery('userName eq "late@acme.example"')}`);
    expect(found.body.Resources.map((user) => user.id)).toEqual([id]);
    const product = createProductClient(
      service.addresses().api ?? "",
      await addProductKey(service.db, tenant.tenantId),
    );
    const check = async () => (await product("POST", "/login-check", { userName: "late@acme.example" })).body;
    expect(await check()).toMatchObject({ allowed: true });
    const off = patch({ op: "Replace", path: "active", value: "False" });
    expect((await tenant.scim("PATCH", `/Users/${id}`, off)).status).toBe(200);
    expect(await check()).toMatchObject({ allowed: false });
    const connections = await stores.query(
      "replica",
      "SELECT FROM pg_stat_activity WHERE application_name = 'rollcall-reads'",
    );
    expect(connections.length).toBeGreaterThan(0);

    await resume();
    expect(await shows(bo, "late@acme.example")).toBe(true);
    expect(await download(bo)).toContain("late@acme.example");
  });

  test("who has done something sees it done, and others a little later", async () => {
    await ada.get(`/tenants/${slug}/roles`);
    await pause();
    const mapping = { role: "editor", matchBy: "displayName", value: "Editors" };
    expect((await ada.post(`/tenants/${slug}/roles`, mapping)).status).toBe(303);
    const seenBy = async (visitor: TestVisitor): Promise<boolean> =>
      (await visitor.get("/settings/audit")).text.includes("Editors");

    expect(await seenBy(ada)).toBe(true);
    expect(await seenBy(bo)).toBe(false);
    // What is on a form may be sent back: it is never old.
    expect((await bo.get(`/tenants/${slug}/roles`)).text).toContain("Editors");
    expect(await fallbacks("own_write")).toBe(1);

    await resume();
    expect(await seenBy(bo)).toBe(true);
    expect(await seenBy(ada)).toBe(true);
    // By now the replica has what she did, and she is back on it.
    expect(await fallbacks("own_write")).toBe(1);
  });

  test("a file whose import is told while it goes on counts as done when it has ended", async () => {
    await ada.get(`/tenants/${slug}/preparation`);
    await pause();
    const told = await ada.upload(
      `/tenants/${slug}/preparation/import`,
      "id,userName\n7,grace.from.before\n",
    );
    expect(told.status).toBe(200);

    expect((await ada.get(`/tenants/${slug}/preparation`)).text).toContain("grace.from.before");
    expect((await bo.get(`/tenants/${slug}/preparation`)).text).not.toContain("grace.from.before");
  });

  test("what the replica has not heard of yet is not said to be missing", async () => {
    await pause();
    const { tenantId } = await addTenant({ database: service.db }, service.addresses().api ?? "");
    const newest = (await tenantSlug(tenantId)) ?? "";

    expect((await bo.get("/")).text).not.toContain(newest);
    expect((await bo.get(`/tenants/${newest}`)).status).toBe(200);
    expect((await bo.get("/tenants/no-such")).status).toBe(404);

    await resume();
    expect((await bo.get("/")).text).toContain(newest);
  });

  test("one that is too far behind is left alone until it has caught up", async () => {
    const impatient = await stores.start({ ROLES: "dashboard", DATABASE_READ_MAX_LAG_SECONDS: "5" });
    const cleo = await signedIn("ada", impatient);
    await waitFor(() => hasState("used", impatient));
    await pause();
    await createUser(tenant.scim, "behind@acme.example");

    await waitFor(() => hasState("behind", impatient));
    expect(await shows(cleo, "behind@acme.example")).toBe(true);
    expect(await sample("rollcall_read_replica_lag_seconds", impatient)).toBeGreaterThan(0);
    expect(await fallbacks("behind", impatient)).toBeGreaterThan(0);
    expect(await shows(bo, "behind@acme.example")).toBe(false);

    await resume();
    await waitFor(() => hasState("used", impatient));
    await waitFor(async () => (await sample("rollcall_read_replica_lag_seconds", impatient)) === 0);
    await impatient.stop();
  });

  test("one that is gone or frozen costs nobody a page, and is used again when it is back", async () => {
    const pages = ["/", `/tenants/${slug}`, `/people?tenant=${slug}&q=a`, "/failed", "/settings/audit"];
    const statuses = () => Promise.all(pages.map(async (path) => (await bo.get(path)).status));
    await stores.stopReplica();
    expect(await statuses()).toEqual(pages.map(() => 200));
    await waitFor(() => hasState("away"));
    await createUser(tenant.scim, "meanwhile@acme.example");
    expect(await shows(bo, "meanwhile@acme.example")).toBe(true);
    expect((await fetch(`${service.addresses().api}/health/ready`)).status).toBe(200);

    await stores.startReplica();
    await waitFor(() => hasState("used"));
    await pause();
    await createUser(tenant.scim, "again@acme.example");
    expect(await shows(bo, "again@acme.example")).toBe(false);
    await resume();

    // Without a word: who waits for it is answered well before Postgres's own time is up.
    stores.proxy.silence(true);
    const askedAt = performance.now();
    expect(await statuses()).toEqual(pages.map(() => 200));
    expect(performance.now() - askedAt).toBeLessThan(UNANSWERED_MS);
    expect(await hasState("away")).toBe(true);
    stores.proxy.silence(false);
    await waitFor(() => hasState("used"));
  });

  test("behind row-level security it holds tenants apart as the primary does", async () => {
    const other = await addTenant({ database: service.db }, service.addresses().api ?? "");
    for (const { scim } of [tenant, other]) await createUser(scim, "same@acme.example");
    const owner = openDatabase({
      ...{ url: stores.primaryUrl, poolMax: 2, applicationName: "test" },
      onConnectionError: () => undefined,
    });
    await owner.query("CREATE ROLE app LOGIN PASSWORD 'a password'");
    await grantAppRole(owner, { role: "app", queueSchema: "none", queues: [] });
    await raiseFence(owner);
    await stores.resume();
    try {
      const config = parseConfig(
        testEnv(asApp(stores.primaryUrl), stores.queue, {
          ...{ DATABASE_READ_URL: asApp(stores.readUrl), ROW_LEVEL_SECURITY: "true" },
          DATABASE_READ_MAX_LAG_SECONDS: "3600",
        }),
      );
      const db = openDatabase({
        ...{ url: config.DATABASE_URL, poolMax: 2, applicationName: "test", isFenced: true },
        onConnectionError: () => undefined,
      });
      const logger = createLogger({ service: "test", level: "silent" });
      const metrics = createMetrics({ tenantsMax: 1, version: "0" });
      const replica = readReplica({ config, db, metrics, logger });
      if (replica === undefined) throw new Error("there is a replica");
      await replica.start();
      await waitFor(async () =>
        (await metrics.readReplica.get()).values.some(
          ({ labels, value }) => labels["state"] === "used" && value === 1,
        ),
      );
      await pause();
      await createUser(tenant.scim, "unseen@acme.example");
      const reader = replica.reads.forReader(null);
      const seen = async (of: Pick<typeof reader, "query">) =>
        of.query("SELECT DISTINCT tenant_id AS id FROM users ORDER BY 1");

      expect(await seen(reader.of([other.tenantId]))).toEqual([{ id: other.tenantId }]);
      expect(await seen(reader.of([]))).toEqual([]);
      expect(await seen(reader)).toEqual([tenant.tenantId, other.tenantId].sort().map((id) => ({ id })));
      expect(
        await reader.query("SELECT FROM users WHERE user_name_key = 'unseen@acme.example'"),
        "the replica was asked",
      ).toEqual([]);
      expect((await metrics.replicaFallbacks.get()).values).toEqual([]);
      await replica.stop();
      await db.close();
    } finally {
      await lowerFence(owner);
      await owner.close();
    }
  });

  test("the doctor says how far it is, and what is wrong with what is no replica of this Postgres", async () => {
    expect(await examined(stores.readUrl)).toMatch(/^ok +replica +\d+.*, \d+ bytes of the log behind/m);
    expect(await examined(stores.primaryUrl)).toMatch(/^problem +replica .*no replica: it takes writes/m);
    expect(await examined("postgres://x@127.0.0.1:2/nowhere")).toMatch(/^problem +replica .*ECONNREFUSED/m);
  });

  async function pause(): Promise<void> {
    isPaused = true;
    await stores.pause();
  }

  async function resume(): Promise<void> {
    await stores.resume();
    isPaused = false;
  }

  async function tenantSlug(id: string): Promise<string | undefined> {
    const [row] = await service.db.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [id]);
    return row?.slug;
  }

  async function signedIn(login: string, at: Service = service): Promise<TestVisitor> {
    const visitor = new TestVisitor(at.addresses().dashboard ?? "");
    expect((await visitor.signIn(login, PASSWORD)).status).toBe(303);
    return visitor;
  }

  async function shows(visitor: TestVisitor, userName: string): Promise<boolean> {
    const { status, text } = await visitor.get(`/people?tenant=${slug}&q=${encodeURIComponent(userName)}`);
    expect(status).toBe(200);
    return !text.includes("Nobody matches");
  }

  async function download(visitor: TestVisitor): Promise<string> {
    return (await visitor.get(`/tenants/${slug}/export?format=csv`)).text;
  }

  async function sample(name: string, at: Service = service): Promise<number> {
    const text = await (await fetch(`${at.addresses().metrics}/metrics`)).text();
    const line = text.split("\n").find((each) => each.startsWith(`${name} `));
    return Number(line?.slice(name.length + 1) ?? 0);
  }

  const fallbacks = (reason: string, at?: Service): Promise<number> =>
    sample(`rollcall_read_replica_fallbacks_total{reason="${reason}"}`, at);

  const hasState = async (state: string, at?: Service): Promise<boolean> =>
    (await sample(`rollcall_read_replica{state="${state}"}`, at)) === 1;

  function asApp(url: string): string {
    const address = new URL(url);
    [address.username, address.password] = ["app", "a password"];
    return address.href;
  }

  async function examined(readUrl: string): Promise<string> {
    const lines: string[] = [];
    const env = testEnv(stores.primaryUrl, stores.queue, { DATABASE_READ_URL: readUrl });
    await doctor.run([], { env, version: "0.0.0", print: (line) => void lines.push(line) });
    return lines.join("\n");
  }
});
