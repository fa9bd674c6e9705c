/** The deactivation guard over HTTP: a mistaken change of scope, what is held of it, and what becomes of that. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type GuardAnswer, setGuard } from "../../src/store/deactivation-guards.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createUser, patch } from "../support/provision.ts";
import {
  addTenant,
  type ServiceProcess,
  spawnService,
  startTestService,
  testEnv,
  type TestService,
  waitFor,
} from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

const USERS = 30;
const MISTAKEN = 12; // 40 %
const LIMIT = 3;

const queue = openTestQueue("postgres");
let service: TestService;
let env: ReturnType<typeof testEnv>;
beforeAll(async () => {
  service = await startTestService(queue);
  env = testEnv(service.databaseUrl, queue);
});
afterAll(() => service.stop());

const DEACTIVATION = patch({ op: "Replace", path: "active", value: "False" });

interface Scope {
  readonly tenant: ProductTenant;
  readonly slug: string;
  readonly ids: readonly string[];
  /** Those whom the mistake is about. */
  readonly out: readonly string[];
}

async function provision(answer: GuardAnswer): Promise<Scope> {
  const tenant = await addProductTenant(service);
  const ids = await Promise.all(
    Array.from({ length: USERS }, (_, index) => createUser(tenant.scim, `u${index}@contoso.com`)),
  );
  const { tenantId, connectionId } = tenant;
  await service.database.transaction((tx) =>
    setGuard(tx, { tenantId, connectionId }, { usersMax: LIMIT, percentMax: 50, answer }),
  );
  const [row] = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
    tenantId,
  ]);
  return { tenant, slug: row?.slug ?? "", ids, out: ids.slice(0, MISTAKEN) };
}

const run = (...args: readonly string[]): Promise<Ended> => rollcall(env, "guard", ...args);

async function mayLogIn({ tenant }: Scope, index: number): Promise<boolean> {
  const { allowed } = (await tenant.check({ userName: `u${index}@contoso.com` })) as { allowed: boolean };
  return allowed;
}

async function inactive({ tenant }: Scope): Promise<number> {
  const { body } = await tenant.scim("GET", "/Users?filter=active+eq+false&count=1");
  return (body as unknown as { totalResults: number }).totalResults;
}

test("a mistaken scope is held beyond the limit, others' updates go on, and a release applies all", async () => {
  const scope = await provision("accept");
  const { tenant, slug, ids, out } = scope;

  const answers = await Promise.all(out.map((id) => tenant.scim("PATCH", `/Users/${id}`, DEACTIVATION)));
  const updated = await tenant.scim(
    "PATCH",
    `/Users/${ids.at(-1) ?? ""}`,
    patch({ op: "Replace", path: "title", value: "Boss" }),
  );

  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(answers.every(({ body }) => (body as { active?: boolean }).active === false)).toBe(true);
  expect(updated).toMatchObject({ status: 200, body: { title: "Boss" } });
  expect(await inactive(scope)).toBe(LIMIT);
  const held = JSON.parse((await run("list", slug, "--json")).stdout) as {
    userId: string;
    userName: string;
  }[];
  expect(held.length).toBe(MISTAKEN - LIMIT);
  const one = held[0] ?? { userId: "", userName: "" };
  expect(await tenant.check({ userName: one.userName })).toMatchObject({ allowed: true, reason: "active" });
  const read = await tenant.scim("GET", `/Users/${one.userId}`);
  expect(read.body).toMatchObject({ active: true, meta: { version: 'W/"1"' } });

  expect(await run("release", slug, "--reason", "they left")).toMatchObject({ code: 0, stderr: "" });

  await waitFor(async () => (await inactive(scope)) === MISTAKEN);
  expect(await mayLogIn(scope, 0)).toBe(false);
  expect((await run("list", slug)).stdout).toBe("Nothing is held.\n");
});

test("a rejection applies none, and Azure's next attempt changes nothing either", async () => {
  const scope = await provision("accept");
  const { tenant, slug, out } = scope;
  await Promise.all(out.map((id) => tenant.scim("DELETE", `/Users/${id}`)));

  expect(await run("reject", slug, "--reason", "filter was wrong")).toMatchObject({ code: 0, stderr: "" });
  const again = await Promise.all(out.map((id) => tenant.scim("DELETE", `/Users/${id}`)));

  // Those below the limit are gone already.
  expect(again.filter(({ status }) => status === 404).length).toBe(LIMIT);
  expect(again.filter(({ status }) => status === 204).length).toBe(MISTAKEN - LIMIT);
  const { body } = await tenant.scim("GET", "/Users?count=1");
  expect(body).toMatchObject({ totalResults: USERS - LIMIT });
  const shown = JSON.parse((await run("show", slug, "--json")).stdout) as object;
  expect(shown).toMatchObject({ isOn: true, waiting: 0, rejected: MISTAKEN - LIMIT });
});

test("a client that is to come again gets 503 with Retry-After, which is no fault and no failed job", async () => {
  const { tenant, out } = await provision("retry");

  const answers = await Promise.all(out.map((id) => tenant.scim("PATCH", `/Users/${id}`, DEACTIVATION)));
  const refused = answers.filter(({ status }) => status === 503);

  expect(refused.length).toBe(MISTAKEN - LIMIT);
  expect(refused[0]?.headers.get("retry-after")).toBe("600");
  expect(refused[0]?.body.detail).toMatch(/reached the limit of 3 deactivations .*correlation id/);
  const failures = await service.database.query("SELECT FROM failures WHERE tenant_id = $1", [
    tenant.tenantId,
  ]);
  expect(failures).toEqual([]);
  const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
  expect(metrics).toMatch(/rollcall_http_request_duration_seconds_count\{[^}]*status="held"[^}]*\} 9/);
  expect(metrics).not.toMatch(/rollcall_http_request_duration_seconds_count\{[^}]*status="5xx"/);
  await waitFor(async () => {
    const text = await (await fetch(`${service.metricsUrl}/metrics`)).text();
    return new RegExp(`rollcall_deactivation_guard_held\\{tenant="t-[^"]*"\\} 9`).test(text);
  });
});

test("a bulk request is held like any other", async () => {
  const { tenant, out } = await provision("retry");

  const { body } = await tenant.scim("POST", "/Bulk", {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: out.map((id) => ({ method: "PATCH", path: `/Users/${id}`, data: DEACTIVATION })),
  });

  const statuses = (body as unknown as { Operations: { status: string }[] }).Operations.map(
    ({ status }) => status,
  );
  expect(statuses.filter((status) => status === "503").length).toBe(MISTAKEN - LIMIT);
});

test("what is held and what is released survive the end of every process", async () => {
  const own = openTestQueue("postgres");
  const database = { database: service.database };
  const ownEnv = testEnv(service.databaseUrl, own);
  const started: ServiceProcess[] = [];
  const start = async (): Promise<ServiceProcess> => {
    const spawned = await spawnService(ownEnv);
    started.push(spawned);
    return spawned;
  };
  try {
    const first = await start();
    const tenant = await addTenant(database, first.apiUrl);
    const ids = await Promise.all([0, 1, 2, 3].map((n) => createUser(tenant.scim, `k${n}@contoso.com`)));
    const { tenantId, connectionId, token } = tenant;
    await service.database.transaction((tx) =>
      setGuard(tx, { tenantId, connectionId }, { usersMax: 1, percentMax: null, answer: "accept" }),
    );
    await Promise.all(ids.map((id) => tenant.scim("PATCH", `/Users/${id}`, DEACTIVATION)));
    await first.kill();
    const [row] = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
      tenantId,
    ]);
    const released = await rollcall(ownEnv, "guard", "release", row?.slug ?? "", "--reason", "they left");
    expect(released.stdout).toBe("3 released; the workers apply them now.\n");

    const second = await start();
    const ended = async () =>
      service.database.query("SELECT FROM users WHERE tenant_id = $1 AND NOT active", [tenantId]);
    await waitFor(async () => (await ended()).length === 4, 90_000);
    const listed = await fetch(`${second.apiUrl}/scim/v2/Users?filter=active+eq+false`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(((await listed.json()) as { totalResults: number }).totalResults).toBe(4);
  } finally {
    for (const spawned of started) await spawned.kill();
  }
});
