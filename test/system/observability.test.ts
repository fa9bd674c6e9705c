/** What SREs look at: counts that are exact, health that is honest, and nothing personal in either. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createGroup, createUser, patch, USER } from "../support/provision.ts";
import { filterQuery } from "../support/scim-client.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let service: TestService;
  let tenant: TestTenant;

  beforeAll(async () => {
    service = await startTestService(openTestQueue(kind), { CYCLE_IDLE_SECONDS: "1" });
    tenant = await service.addTenant();
  });
  afterAll(() => service.stop());

  async function metrics(): Promise<string> {
    return (await fetch(`${service.metricsUrl}/metrics`)).text();
  }

  /** The value of the sample with these labels, in any order; undefined when there is none. */
  async function sample(name: string, labels: Readonly<Record<string, string>>): Promise<number | undefined> {
    const lines = (await metrics()).split("\n").filter((line) => line.startsWith(`${name}{`));
    const found = lines.find((line) =>
      Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`)),
    );
    return found === undefined ? undefined : Number(found.slice(found.lastIndexOf(" ") + 1));
  }

  test("what a cycle did is counted exactly, by tenant, operation and result", async () => {
    const { scim } = tenant;
    const id = await createUser(scim, "Ada.Canary@contoso.com", { active: true });
    await createUser(scim, "bob@contoso.com");
    const group = await createGroup(scim, "Staff");
    await scim("GET", `/Users${filterQuery(`userName eq "${randomUUID()}"`)}`);
    await scim("POST", "/Users", { schemas: [USER], userName: "ADA.canary@contoso.com" });
    await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "False" }));
    await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "False" }));
    await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "True" }));
    await scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value: id }] }));
    await scim("DELETE", `/Users/${id}`);
    await scim("GET", "/Users", undefined, { headers: { Authorization: "Bearer rc_wrong" } });
    expect((await scim("GET", "/Me")).status).toBe(501);

    const writes = (operation: string, resource: string, result: string): Promise<number | undefined> =>
      sample("rollcall_writes_total", { operation, resource, result });
    expect(await writes("create", "User", "applied")).toBe(2);
    expect(await writes("create", "User", "refused")).toBe(1);
    expect(await writes("create", "Group", "applied")).toBe(1);
    expect(await writes("patch", "User", "applied")).toBe(2);
    expect(await writes("patch", "User", "unchanged")).toBe(1);
    expect(await writes("delete", "User", "applied")).toBe(1);
    expect(await sample("rollcall_refusals_total", { reason: "uniqueness" })).toBe(1);
    expect(await sample("rollcall_user_deactivations_total", { cause: "active_false" })).toBe(1);
    expect(await sample("rollcall_user_deactivations_total", { cause: "delete" })).toBe(1);
    expect(await sample("rollcall_user_reactivations_total", {})).toBe(1);
    expect(await sample("rollcall_auth_failures_total", {})).toBe(1);
    expect(await sample("rollcall_scim_requests_total", { result: "fault" })).toBeUndefined();
    expect(await sample("rollcall_write_duration_seconds_count", { operation: "create" })).toBe(4);
  });

  test("a quiet connection's cycle is closed, with the same counts", async () => {
    const { tenantId } = tenant;
    type Row = Record<
      "users_created" | "users_deactivated" | "users_deleted" | "refused" | "unchanged",
      number
    > & {
      kind: string | null;
    };
    const cycles = (): Promise<readonly Row[]> =>
      service.database.query<Row>(
        `SELECT kind, users_created::int, users_deactivated::int, users_deleted::int, refused::int, unchanged::int
           FROM cycles WHERE tenant_id = $1 AND ended_at IS NOT NULL`,
        [tenantId],
      );
    await waitFor(async () => (await cycles()).length === 1);

    expect(await cycles()).toEqual([
      { kind: "initial", users_created: 2, users_deactivated: 1, users_deleted: 1, refused: 1, unchanged: 1 },
    ]);
    await waitFor(async () => (await sample("rollcall_cycles_total", { kind: "initial" })) === 1);
    await waitFor(async () => (await sample("rollcall_cycle_last_writes", { result: "refused" })) === 1);
    expect(await sample("rollcall_cycle_open", {})).toBe(0);
  });

  test("neither names nor tokens are in the metrics", async () => {
    const text = (await metrics()).toLowerCase();

    expect(text).not.toContain("canary");
    expect(text).not.toContain(tenant.token.toLowerCase());
    expect(text).toContain("rollcall_build_info");
    expect(text).toContain("nodejs_eventloop_lag");
  });

  test("health says ready while the stores answer", async () => {
    const live = await fetch(`${service.apiUrl}/health/live`);
    const ready = await fetch(`${service.apiUrl}/health/ready`);

    expect([live.status, ready.status]).toEqual([200, 200]);
  });

  test("every answer carries a correlation id of its own", async () => {
    const answers = await Promise.all([tenant.scim("GET", "/Users"), tenant.scim("GET", "/Users/unknown")]);

    const ids = answers.map(({ headers }) => headers.get("x-correlation-id") ?? "");
    for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(ids).size).toBe(2);
    expect(answers[1].body.detail).toContain(ids[1]);
  });
});
