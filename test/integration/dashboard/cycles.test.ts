/** One cycle's page says what it did to whom, how fast, and what failed; the list finds it. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addCycleTimings } from "../../../src/store/cycle-timings.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import {
  addAccount,
  addCycle,
  addFailedWrite,
  addTenant,
  type SeededTenant,
} from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let viewer: TestVisitor;
let tenant: SeededTenant;
let stranger: SeededTenant;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  await addAccount(store.database, "viewer", "viewer");
  viewer = site.visitor();
  await viewer.signIn("viewer");
  tenant = await addTenant(store.database, { slug: "contoso", name: "Contoso" }, CONSOLE_SECRET);
  stranger = await addTenant(store.database, { slug: "other", name: "Other" }, CONSOLE_SECRET);
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const cyclePage = (id: string, slug = "contoso") => viewer.get(`/tenants/${slug}/cycles/${id}`);

async function addUser(userName: string, active: boolean): Promise<string> {
  const id = uuidv7();
  await store.database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
     VALUES ($1, $2, lower($3), $4, jsonb_build_object('userName', $3::text), '{}', 1, now(), now())`,
    [tenant.tenantId, id, userName, active],
  );
  return id;
}

async function addWrite(
  cycleId: string,
  resourceId: string,
  { operation, changes }: { readonly operation: string; readonly changes: object | null },
): Promise<string> {
  const writeId = uuidv7();
  await store.database.query(
    `INSERT INTO writes (tenant_id, write_id, connection_id, cycle_id, correlation_id, operation, resource_type,
                         resource_id, result, status, changes, requested_at)
     VALUES ($1, $2, $3, $4, 'correlation-7', $5, 'User', $6, 'applied', 200, $7, now())`,
    [tenant.tenantId, writeId, tenant.connectionId, cycleId, operation, resourceId, changes],
  );
  return writeId;
}

test("who lost access stands there by name, each linked, also who is gone", async () => {
  const cycleId = await addCycle(store.database, tenant, { startedMinutesAgo: 2, deactivated: 2 });
  const [out, back, same] = [
    await addUser("Out@contoso.com", false),
    await addUser("Back@contoso.com", true),
    await addUser("Same@contoso.com", true),
  ];
  const off = { active: { from: true, to: false } };
  await addWrite(cycleId, out, { operation: "patch", changes: off });
  await addWrite(cycleId, back, { operation: "replace", changes: off });
  await addWrite(cycleId, same, { operation: "patch", changes: { title: { to: "Head" } } });
  const gone = uuidv7();
  await addWrite(cycleId, gone, { operation: "delete", changes: { userName: { from: "Gone@contoso.com" } } });
  await addWrite(cycleId, gone, { operation: "delete", changes: null });

  const { text } = await cyclePage(cycleId);

  const said = words(text);
  expect(said).toMatch(/Out@contoso.com Deactivated .* Deactivated/);
  expect(said).toMatch(/Back@contoso.com Deactivated .* Active again/);
  expect(said).toMatch(/Gone@contoso.com Deleted .* Gone/);
  expect(text.split("Gone@contoso.com")).toHaveLength(2);
  expect(said).not.toContain("Same@contoso.com");
  expect(text).toContain(`/tenants/contoso/users/${out}`);
  expect((await cyclePage(cycleId, "other")).status).toBe(404);
});

test("what failed stands there by its reason, with the way to all of it", async () => {
  const cycleId = await addCycle(store.database, tenant, { startedMinutesAgo: 3, refused: 3 });
  for (let times = 0; times < 2; times += 1) await addFailedWrite(store.database, tenant, { cycleId });
  const newest = await addFailedWrite(store.database, tenant, { cycleId });
  await store.database.query("UPDATE failures SET state = 'dismissed' WHERE write_id = $1", [newest]);

  const { text } = await cyclePage(cycleId);

  expect(words(text)).toMatch(/Create user: userName-taken userName .* is taken .* Refused 3 2 Show/);
  expect(text).toContain(
    `/tenants/contoso/failed?code=userName-taken&#38;type=User&#38;operation=create&#38;cycle=${cycleId}"`,
  );
  expect(words(text)).toMatch(/Failed jobs 3 refused: see them/);
  expect(text.split(`/failed?tenant=contoso&#38;cycle=${cycleId}"`)).toHaveLength(3);
  expect(text).toContain(`/tenants/contoso/failed/${newest}`);
  expect(text).not.toContain("Ada.Lovelace");
});

test("how fast it went is shown in numbers and as a picture, the slowest write by its correlation id", async () => {
  const cycleId = await addCycle(store.database, tenant, { startedMinutesAgo: 4, updated: 30 });
  const person = await addUser("Slow@contoso.com", true);
  const slowestWrite = await addWrite(cycleId, person, { operation: "patch", changes: {} });
  const startsAt = new Date(Date.now() - 240_000);
  const span = { startsAt, applied: 20, unchanged: 5, refused: 4, faulted: 1 };
  const timings = {
    ...{ tenantId: tenant.tenantId, cycleId, waits: { 24: 18, 47: 1 }, commits: { 30: 19 } },
    ...{ waitMaxMs: 108, commitMaxMs: 20.4, slowestMs: 4_321, slowestWrite },
    slowestCorrelationId: "correlation-7",
    spans: [span],
  };
  await addCycleTimings(store.database, [timings]);
  await addCycleTimings(store.database, [
    { ...timings, slowestMs: 4, slowestWrite: uuidv7(), slowestCorrelationId: "another" },
  ]);

  const { text } = await cyclePage(cycleId);

  const said = words(text);
  expect(said).toContain("Time p50 p95 Longest");
  expect(said).toMatch(/In the queue 10 ms 1\d\d ms 108 ms/);
  expect(said).toMatch(/with its commit 19 ms 19 ms 20 ms/);
  expect(said).toMatch(/The slowest took 4.3 s: a write of one user . In logs and traces .* correlation-7/);
  expect(text).toContain(`/tenants/contoso/users/${person}`);
  expect(text).toContain('class="throughput"');
  expect(text).toContain("40 applied, 10 unchanged, 8 refused, 2 faulted");
});

test("the list is filtered and turned page by page, without a cycle twice or left out", async () => {
  const fresh = await addTenant(store.database, { slug: "paged", name: "Paged" }, CONSOLE_SECRET);
  const ids: string[] = [];
  for (let beat = 0; beat < 60; beat += 1) {
    const troubles = beat % 20 === 0 ? { refused: 1 } : beat === 7 ? { faulted: 1 } : {};
    const kind = beat === 59 ? "initial" : "incremental";
    ids.push(
      await addCycle(store.database, fresh, { startedMinutesAgo: 40 * (beat + 1), kind, ...troubles }),
    );
  }
  const idsOn = (text: string): string[] =>
    [...text.matchAll(/\/cycles\/([0-9a-f-]{36})"/g)].map(([, id = ""]) => id);

  const first = await viewer.get("/tenants/paged/cycles");
  const older = /href="([^"]+)" rel="next"/.exec(first.text)?.[1]?.replaceAll("&#38;", "&") ?? "";
  const second = await viewer.get(older);

  expect([...idsOn(first.text), ...idsOn(second.text)]).toEqual(ids);
  expect(second.text).not.toContain('rel="next"');
  const shown = async (query: string): Promise<string[]> =>
    idsOn((await viewer.get(`/tenants/paged/cycles?${query}`)).text);
  expect(await shown("result=refused")).toEqual([ids[0], ids[20], ids[40]]);
  expect(await shown("result=faulted")).toEqual([ids[7]]);
  expect(await shown("kind=initial")).toEqual([ids[59]]);
  expect(await shown(`connection=${stranger.connectionId}`)).toEqual([]);
  expect(await shown("kind=nonsense&before=nonsense")).toEqual(ids.slice(0, 50));
});
