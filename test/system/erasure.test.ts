/** Erasing: canaries are put into every field that a person has, and afterwards nothing anywhere holds one of them. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { recordAudit } from "../../src/store/audit.ts";
import { rollcall } from "../support/cli.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createGroup, createUser, ENTERPRISE, patch, USER } from "../support/provision.ts";
import { queueBackend } from "../support/queues.ts";
import { startTestService, testEnv, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends, type TestQueue } from "../support/stores.ts";

let service: TestService;
let queue: TestQueue;

beforeAll(async () => {
  queue = openTestQueue(queueBackends()[0]!);
  service = await startTestService(queue, { CYCLE_IDLE_SECONDS: "1" });
});
afterAll(() => service.stop());

const run = (...args: readonly string[]) => rollcall(testEnv(service.databaseUrl, queue), ...args);

/** Tables of which a row holds the text; the queue's own schema is among them where it lives in Postgres. */
async function tablesHolding(text: string): Promise<readonly string[]> {
  const tables = await service.database.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`,
  );
  const held = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await service.database.query(
        `SELECT 1 FROM ${name} AS t WHERE t::text ILIKE '%' || $1 || '%' LIMIT 1`,
        [text],
      );
      return rows.length > 0 ? [name] : [];
    }),
  );
  return held.flat();
}

async function jobsHolding(text: string): Promise<number> {
  const jobs = queueBackend({ ...queue, databaseUrl: service.databaseUrl }).openQueue();
  try {
    const all = await jobs.getJobs();
    return all.filter((job) => JSON.stringify(job).toLowerCase().includes(text)).length;
  } finally {
    await jobs.close();
  }
}

async function slugOf({ product }: ProductTenant): Promise<string> {
  return ((await product("GET", "")).body as { tenant: string }).tenant;
}

/** Puts the canary wherever a person's values may come to stand. @returns the user's id */
async function leaveTraces(tenant: ProductTenant, canary: string): Promise<string> {
  const name = `${canary}@contoso.com`;
  const { database } = service;
  await tenant.product("PUT", "/existing-users", {
    users: [
      { id: `p-${canary}`, userName: name, email: name, externalId: `x-${canary}`, displayName: canary },
    ],
  });
  const id = await createUser(tenant.scim, name.toUpperCase(), {
    ...{ externalId: `x-${canary}`, displayName: canary, title: canary, nickName: canary },
    ...{ name: { givenName: canary, familyName: canary }, emails: [{ value: name, type: "work" }] },
    [ENTERPRISE]: { employeeNumber: canary, department: canary },
  });
  const group = await createGroup(tenant.scim, "Everybody");
  await tenant.scim(
    "PATCH",
    `/Groups/${group}`,
    patch({ op: "add", path: "members", value: [{ value: id }] }),
  );
  await tenant.scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: `was ${canary}` }));
  // Refused ones: of the person's own id, of somebody else's who wants the name, and at the door.
  await tenant.scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "active", value: canary }));
  await tenant.scim("POST", "/Users", { schemas: [USER], userName: name, title: canary });
  const other = await createUser(tenant.scim, `other-${randomUUID()}@contoso.com`);
  await tenant.scim("PATCH", `/Users/${other}`, patch({ op: "replace", path: "userName", value: name }));
  await database.query(
    `UPDATE failures SET note = $2, reason = $2, noted_by = 'admin' WHERE tenant_id = $1`,
    [tenant.tenantId, `asked ${name} about it`],
  );
  const endpoint = randomUUID();
  await database.query(
    `INSERT INTO webhook_endpoints (tenant_id, id, url, payload_version, secret, relayed_through, paused_at, pause_reason)
     VALUES ($1, $2, 'https://hooks.example.com/', 1, '', 0, now(), 'by_hand')`,
    [tenant.tenantId, endpoint],
  );
  await database.query(
    `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, id, event_id, type, resource_id, response, error)
     VALUES ($1, $2, 1, gen_random_uuid(), gen_random_uuid(), 'user.created', $3, $4, 'answered 500')`,
    [tenant.tenantId, endpoint, id, `cannot store ${name}`],
  );
  await database.query(
    `INSERT INTO accepted_writes (tenant_id, write_id, resource_type, resource_id, command)
     VALUES ($1, gen_random_uuid(), 'User', $2, $3)`,
    [tenant.tenantId, randomUUID(), JSON.stringify({ version: 0, userName: name })],
  );
  // In a report, and on a list that is still open.
  for (const isEnded of [true, false]) {
    const { body } = await tenant.product("POST", "/reconciliations");
    const list = `/reconciliations/${(body as { id: string }).id}`;
    const person = { id: `a-${canary}`, email: name, displayName: canary, active: false };
    await tenant.product("PUT", `${list}/users`, { users: [person] });
    if (isEnded) await tenant.product("POST", `${list}/complete`);
  }
  await run("gate", "exempt", await slugOf(tenant), name, "--note", `because ${canary}`);
  await database.transaction((tx) =>
    recordAudit(tx, [
      { tenantId: tenant.tenantId, actor: "cli", action: "login_exemption.removed", subject: `${name}: old` },
    ]),
  );
  return id;
}

test("a person: nothing of theirs stays, and the others keep what is theirs", async () => {
  const tenant = await addProductTenant(service);
  const neighbour = await addProductTenant(service);
  const [canary, other] = [`canary${randomUUID().slice(0, 8)}`, `robin${randomUUID().slice(0, 8)}`];
  const slug = await slugOf(tenant);
  const id = await leaveTraces(tenant, canary);
  const robin = await leaveTraces(neighbour, other);
  const before = await tablesHolding(canary);
  expect(before.length).toBeGreaterThan(8);
  await waitFor(async () => (await jobsHolding(canary)) > 0);

  const unsure = await run("erase", "person", slug, `${canary}@contoso.com`);
  expect(unsure).toMatchObject({ code: 1 });
  expect(unsure.stderr).toMatch(/cannot be undone/);
  const ended = await run("erase", "person", slug, `${canary}@contoso.com`, "--confirm", "--json");

  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const { erased } = JSON.parse(ended.stdout) as { erased: Record<string, number> };
  expect(erased).toMatchObject({ users: 1, group_members: 1, existing_users: 1, login_exemptions: 1 });
  expect(erased).toMatchObject({ reconciliation_differences: 1, reconciliation_people: 1 });
  for (const table of ["writes", "failures", "events", "webhook_deliveries", "accepted_writes", "audit"])
    expect(erased[table], table).toBeGreaterThan(0);
  expect(await tablesHolding(canary)).toEqual([]);
  expect(await jobsHolding(canary)).toBe(0);
  expect((await tenant.scim("GET", `/Users/${id}`)).status).toBe(404);
  expect((await tenant.scim("GET", "/Users")).body.totalResults).toBe(1);
  expect(await tenant.check({ userName: `${canary}@contoso.com` })).toMatchObject({
    reason: "not_activated",
  });
  // The product hears that the user is gone; who it was, nobody says.
  const { events } = (await tenant.product("GET", "/events")).body as {
    events: { type: string; data: Record<string, unknown> }[];
  };
  expect(events.at(-1)).toMatchObject({ type: "user.deleted", data: { userId: id, externalId: null } });
  expect((await neighbour.scim("GET", `/Users/${robin}`)).body).toMatchObject({ displayName: other });
  expect((await tablesHolding(other)).length).toBe(before.length);
  const again = await run("erase", "person", slug, `${canary}@contoso.com`, "--confirm");
  expect(again).toMatchObject({ code: 1 });
  // The proof can be read without --json too, however long a table's name is.
  const shown = await run("erase", "person", await slugOf(neighbour), `${other}@contoso.com`, "--confirm");
  expect(shown.stdout).toMatch(/^reconciliation_differences {2}1$/m);
});

test("a tenant: its tokens end at once, and no row and no job of it stays", async () => {
  const tenant = await addProductTenant(service);
  const neighbour = await addProductTenant(service);
  const [canary, other] = [`canary${randomUUID().slice(0, 8)}`, `robin${randomUUID().slice(0, 8)}`];
  const slug = await slugOf(tenant);
  await leaveTraces(tenant, canary);
  await leaveTraces(neighbour, other);

  expect((await run("erase", "tenant", slug, "--confirm", "another")).code).toBe(1);
  const ended = await run("erase", "tenant", slug, "--confirm", slug, "--json");

  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const { erased } = JSON.parse(ended.stdout) as { erased: Record<string, number> };
  expect(erased).toMatchObject({ users: 2, groups: 1, tenants: 1, tokens: 1, product_keys: 1 });
  expect(await tablesHolding(canary)).toEqual([]);
  expect(await tablesHolding(tenant.tenantId)).toEqual([]);
  expect(await jobsHolding(tenant.tenantId)).toBe(0);
  expect((await tenant.scim("GET", "/Users")).status).toBe(401);
  expect((await tenant.product("GET", "")).status).toBe(401);
  expect((await neighbour.scim("GET", "/Users")).body.totalResults).toBe(2);
  const audit = await service.database.query<{ action: string; subject: string }>(
    "SELECT action, subject FROM audit WHERE tenant_id IS NULL AND action = 'tenant.erased'",
  );
  expect(audit).toEqual([
    { action: "tenant.erased", subject: expect.stringMatching(/^t-.*: \d+ rows$/) as string },
  ]);
});

test("a tenant takes its directory along, and is disconnected at once", async () => {
  const tenant = await addProductTenant(service);
  const next = await addProductTenant(service);
  const slug = await slugOf(tenant);
  const ada = await createUser(tenant.scim, "ada@contoso.com", { externalId: "x", title: "Count" });
  const group = await createGroup(tenant.scim, "Everybody");
  await tenant.scim(
    "PATCH",
    `/Groups/${group}`,
    patch({ op: "add", path: "members", value: [{ value: ada }] }),
  );

  const exported = await run("tenant", "export", slug, "--format", "bulk");
  const taken = await next.scim("POST", "/Bulk", undefined, { raw: exported.stdout });
  expect(taken.status).toBe(200);
  const { Resources } = (await next.scim("GET", "/Groups")).body;
  expect(Resources).toMatchObject([{ displayName: "Everybody", members: [{ display: "ada@contoso.com" }] }]);
  expect((await next.scim("GET", "/Users")).body.Resources).toMatchObject([
    { externalId: "x", title: "Count" },
  ]);

  const command = ["connection", "disconnect", slug, "--when-off", "refuse"] as const;
  expect((await run(...command)).stderr).toMatch(/--confirm disconnects Azure AD/);
  expect((await tenant.scim("GET", "/Users")).status).toBe(200);
  expect(await run(...command, "--confirm")).toMatchObject({ code: 0, stderr: "" });
  expect((await tenant.scim("GET", "/Users")).status).toBe(401);
  expect(await tenant.check({ userName: "ada@contoso.com" })).toMatchObject({
    ...{ allowed: false, reason: "not_activated" },
  });
});
