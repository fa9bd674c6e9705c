/** Clients that are cut off while their writes stand in line, and ask again elsewhere: the line they left moves on. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/platform/config.ts";
import { prepareStores } from "../../src/prepare.ts";
import { startProxy } from "../../tools/soak/proxy.ts";
import { addTenant, type ServiceProcess, spawnService, testEnv, waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
// So large that each travels by itself, and more than travel at once.
const PADDING = " ".repeat(150_000);
const WRITES = 12;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function spawn(env: ReturnType<typeof testEnv>, roles: string): Promise<ServiceProcess> {
  const process = await spawnService({ ...env, ROLES: roles });
  cleanUps.push(() => process.stop());
  return process;
}

/** @returns the status; rejects when the connection is lost */
async function post(origin: string, token: string, userName: string): Promise<number> {
  const response = await fetch(`${origin}/scim/v2/Users`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
    body: JSON.stringify({ schemas: [USER], userName }) + PADDING,
  });
  await response.arrayBuffer();
  return response.status;
}

async function inFlight({ metricsUrl }: ServiceProcess): Promise<number> {
  const metrics = await (await fetch(`${metricsUrl}/metrics`)).text();
  return Number(/^rollcall_writes_in_flight (\d+)/m.exec(metrics)?.[1]);
}

describe.each(queueBackends())("with the queue on %s", (kind) => {
  test("an api whose clients were cut off, and served elsewhere, takes writes as before", async () => {
    const store = await createTestDatabase();
    cleanUps.push(() => store.drop());
    // Of two apis on one directory one works, and the other's queue is served by nobody.
    const [stuckEnv, env] = [openTestQueue(kind), openTestQueue(kind)].map((queue) =>
      testEnv(store.url, queue),
    );
    if (!stuckEnv || !env) return;
    for (const each of [stuckEnv, env])
      await prepareStores(parseConfig({ ...each, ROLES: "api,worker,dashboard" }));
    const [stuck, other] = await Promise.all([spawn(stuckEnv, "api"), spawn(env, "api,worker")]);
    const { token } = await addTenant(store, stuck.apiUrl);
    const proxy = await startProxy(Number(new URL(stuck.apiUrl).port));
    cleanUps.push(() => proxy.close());
    const names = Array.from({ length: WRITES }, (_, index) => `cut-${index}@contoso.com`);

    const cut = names.map((name) => post(`http://127.0.0.1:${proxy.port}`, token, name));
    await waitFor(async () => (await inFlight(stuck)) === WRITES);
    proxy.cut();
    const lost = await Promise.allSettled(cut);
    await sleep(500);
    const again = await Promise.all(names.map((name) => post(other.apiUrl, token, name)));
    await waitFor(async () => (await inFlight(stuck)) === 0);
    await spawn(stuckEnv, "worker");

    expect(new Set(lost.map(({ status }) => status))).toEqual(new Set(["rejected"]));
    expect(again).toEqual(names.map(() => 201));
    expect(await post(stuck.apiUrl, token, "next@contoso.com")).toBe(201);
  });
});
