/** What is promised when processes die or the queue is slow: nothing acknowledged is lost, nothing applied twice. */
import { afterEach, describe, expect, test } from "vitest";
import { runSimulation } from "../../tools/azure-ad/simulation.ts";
import { countsOfReports, cycleCounts } from "../support/cycle-counts.ts";
import { createScimClient } from "../support/scim-client.ts";
import { addTenant, type ServiceProcess, spawnService, testEnv, waitFor } from "../support/service.ts";
import { prepareStores } from "../../src/prepare.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe.each(queueBackends())("with the queue on %s", (kind) => {
  async function openStores(): Promise<{ store: TestDatabase; env: ReturnType<typeof testEnv> }> {
    const store = await createTestDatabase();
    cleanUps.push(() => store.drop());
    const env = testEnv(store.url, openTestQueue(kind));
    await prepareStores(parseConfig({ ...env, ROLES: "api,worker,dashboard" }));
    return { store, env };
  }

  async function spawn(env: ReturnType<typeof testEnv>, roles: string): Promise<ServiceProcess> {
    const process = await spawnService({ ...env, ROLES: roles });
    cleanUps.push(() => (process.child.exitCode === null ? process.stop() : Promise.resolve()));
    return process;
  }

  test("a worker killed while a cycle runs costs the client nothing, and the cycle no count", async () => {
    const { store, env } = await openStores();
    const [api, doomed] = await Promise.all([spawn(env, "api"), spawn(env, "worker"), spawn(env, "worker")]);
    const { token, tenantId } = await addTenant(store, api.apiUrl);
    const countWrites = async (): Promise<number> => {
      const rows = await store.database.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM writes WHERE tenant_id = $1",
        [tenantId],
      );
      return rows[0]?.count ?? 0;
    };

    const simulation = runSimulation({
      url: `${api.apiUrl}/scim/v2`,
      token,
      users: 150,
      groups: 6,
      groupSize: 15,
      cycles: 3,
      beat: 0,
      concurrency: 8,
      dialect: "mixed",
      seed: 7,
    });
    await waitFor(async () => (await countWrites()) > 60, 90_000);
    await doomed.kill();
    const report = await simulation;

    expect(report.errors).toMatchObject({ total: 0, first: [] });
    expect(report.verification?.first).toEqual([]);
    expect(report.clean).toBe(true);
    await expect.poll(() => cycleCounts(store.database, tenantId)).toEqual([countsOfReports(report.cycles)]);
  });

  test("a write whose request had to give up is taken up by the same request sent again", async () => {
    const { store, env } = await openStores();
    const api = await spawn({ ...env, SUBMIT_TIMEOUT_MS: "400" }, "api");
    const { scim, tenantId } = await addTenant(store, api.apiUrl);
    const body = { schemas: [USER], userName: "patient@contoso.com" };

    const early = await scim("POST", "/Users", body);
    const worker = await spawn(env, "worker");
    await waitFor(async () => (await scim("GET", "/Users")).body.totalResults === 1);
    const again = await scim("POST", "/Users", body);
    const third = await scim("POST", "/Users", body);

    expect([early.status, early.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(early.body.detail).toMatch(/not applied twice/);
    expect(again.status).toBe(201);
    expect(third.status).toBe(409);
    expect((await scim("GET", "/Users")).body.Resources).toEqual([again.body]);
    expect(worker.child.exitCode).toBeNull();
    expect(tenantId).toBeDefined();
  });

  test("an api killed after the commit, before its answer: the retry gets the answer, not a conflict", async () => {
    const { store, env } = await openStores();
    const first = await spawn(env, "api");
    const { token } = await addTenant(store, first.apiUrl);
    const body = { schemas: [USER], userName: "survivor@contoso.com" };
    const scim = createScimClient(`${first.apiUrl}/scim/v2`, token);

    // No worker runs yet, so the request is in hand when its process dies; the write is on the queue.
    const lost = scim("POST", "/Users", body).catch(() => "no answer");
    const queued = async (): Promise<boolean> => {
      const metrics = await (await fetch(`${first.metricsUrl}/metrics`)).text();
      return metrics.includes("rollcall_");
    };
    await waitFor(queued);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await first.kill();
    expect(await lost).toBe("no answer");

    const [second] = await Promise.all([spawn(env, "api"), spawn(env, "worker")]);
    const retry = createScimClient(`${second.apiUrl}/scim/v2`, token);
    await waitFor(async () => (await retry("GET", "/Users")).body.totalResults === 1);
    const answer = await retry("POST", "/Users", body);

    expect(answer.status).toBe(201);
    expect((await retry("GET", "/Users")).body.Resources).toEqual([answer.body]);
  });
});
