/** What becomes of stored values, and of writes under way, when a tenant's schemas change. On real Postgres. */
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  CORE_READING,
  defineModels,
  type Extensions,
  type Models,
  parseFilter,
  parseProjection,
  readBody,
  readPatch,
  render,
} from "../../../src/scim/index.ts";
import { WriteCommand } from "../../../src/queue/contracts.ts";
import { listDirectory } from "../../../src/store/directory-lists.ts";
import { rebuildSearch } from "../../../src/store/rebuild-search.ts";
import { commitBatch } from "../../../src/worker/commit-batch.ts";
import { lockName } from "../../../src/store/tenant-schemas.ts";
import { PlainCreates } from "../../../src/worker/plain-creates.ts";
import { giveSchema, userExtension } from "../../support/extensions.ts";
import { waitFor } from "../../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { command, commitDeps, insertTenant } from "../../support/write-commands.ts";

const URN = "urn:acme:1.0:User";
const of = (...attributes: object[]): Extensions => userExtension(URN, attributes);

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

async function apply(
  tenantId: string,
  extensions: Extensions,
  step: { readonly id: string; readonly body: object; readonly schemaVersion?: number | undefined },
  plainCreates?: PlainCreates,
): Promise<string> {
  const reading = { ...CORE_READING, models: defineModels(extensions) };
  const isPatch = "Operations" in step.body;
  const write = command(tenantId, {
    operation: isPatch ? "patch" : "create",
    resourceType: "User",
    resourceId: step.id,
    payload: isPatch ? readPatch("User", step.body, reading) : readBody("User", step.body, reading),
  });
  const sent = WriteCommand.parse(
    JSON.parse(JSON.stringify({ ...write, schemaVersion: step.schemaVersion })),
  );
  const deps = { ...commitDeps(store.database), plainCreates };
  const [result] = await commitBatch(deps, [{ command: sent, attempt: 1 }]);
  return result!.outcome.kind;
}

async function find(tenantId: string, models: Models, filter: string): Promise<readonly unknown[]> {
  const { resources } = await listDirectory(store.database, {
    ...{ tenantId, models, types: ["User"], filter: parseFilter(filter), sort: undefined },
    ...{ count: 10, from: { startIndex: 1 }, withMembers: new Set<never>() },
  });
  const projection = parseProjection(undefined, undefined);
  return resources.map((stored) => render(stored, { models, baseUrl: "", projection })[URN]);
}

test("what would take values out of sight is refused, unless forced", async () => {
  const tenantId = await insertTenant(store.database);
  const first = of({ name: "a" });
  expect(await giveSchema(store.database, tenantId, first)).toMatchObject({
    kind: "set",
    version: 1,
    needsRebuild: false,
  });
  expect(await giveSchema(store.database, tenantId, first)).toMatchObject({ kind: "same", version: 1 });

  expect(await giveSchema(store.database, tenantId, of({ name: "b" }))).toEqual({
    kind: "refused",
    changes: [{ path: `${URN}:a`, kind: "removed" }],
  });
  const added = await giveSchema(store.database, tenantId, of({ name: "a" }, { name: "b" }));
  expect(added).toMatchObject({ kind: "set", version: 2, needsRebuild: false });
  expect(await giveSchema(store.database, tenantId, of({ name: "b" }), true)).toMatchObject({
    version: 3,
    needsRebuild: true,
  });
});

test("values that no longer fit are hidden and kept; those that fit again are found again", async () => {
  const tenantId = await insertTenant(store.database);
  const versions = [
    of({ name: "a" }),
    of({ name: "a", type: "integer" }),
    of({ name: "a", caseExact: true }),
  ];
  const models = versions.map(defineModels);
  const id = uuidv7();
  await giveSchema(store.database, tenantId, versions[0]!);
  await apply(tenantId, versions[0]!, { id, body: { userName: "a", [URN]: { a: "Nurse" } } });
  expect(await find(tenantId, models[0]!, `${URN}:a eq "nurse"`)).toEqual([{ a: "Nurse" }]);

  await giveSchema(store.database, tenantId, versions[1]!, true);
  expect(await rebuildSearch(store.database, { tenantId, version: 2, models: models[1]! })).toBe(1);
  expect(await find(tenantId, models[1]!, `${URN}:a pr`)).toEqual([]);
  expect(await find(tenantId, models[1]!, "userName pr")).toEqual([undefined]);

  await giveSchema(store.database, tenantId, versions[2]!, true);
  expect(await rebuildSearch(store.database, { tenantId, version: 2, models: models[1]! })).toBeUndefined();
  expect(await rebuildSearch(store.database, { tenantId, version: 3, models: models[2]! })).toBe(1);
  expect(await find(tenantId, models[2]!, `${URN}:a eq "Nurse"`)).toEqual([{ a: "Nurse" }]);
  expect(await find(tenantId, models[2]!, `${URN}:a eq "nurse"`)).toEqual([]);
});

test("a write is applied by the version it was read by, and searched by the one in force", async () => {
  const tenantId = await insertTenant(store.database);
  const [first, second] = [of({ name: "a" }), of({ name: "a", caseExact: true }, { name: "b" })];
  const id = uuidv7();
  const write = (value: string): object => ({ Operations: [{ op: "replace", path: `${URN}:a`, value }] });
  await giveSchema(store.database, tenantId, first);
  await apply(tenantId, first, { id, body: { userName: "a", [URN]: { a: "Old" } }, schemaVersion: 1 });
  await giveSchema(store.database, tenantId, second, true);

  expect(await apply(tenantId, first, { id, body: write("Mid"), schemaVersion: 1 })).toBe("applied");
  expect(await find(tenantId, defineModels(second), `${URN}:a eq "Mid"`)).toEqual([{ a: "Mid" }]);

  // An api of before does not say the version: the one in force is meant.
  expect(await apply(tenantId, second, { id, body: write("New") })).toBe("applied");
  expect(await find(tenantId, defineModels(second), `${URN}:a eq "New"`)).toEqual([{ a: "New" }]);
  expect(await find(tenantId, defineModels(second), `${URN}:a eq "new"`)).toEqual([]);
});

test.each([
  ["asking", undefined],
  ["in one journey", new PlainCreates()],
])("a write that waits while a version comes into force is searched by that one, %s", async (_name, way) => {
  const tenantId = await insertTenant(store.database);
  const [first, second] = [of({ name: "a" }), of({ name: "a", caseExact: true })];
  await giveSchema(store.database, tenantId, first);

  // As whoever waits for writers holds it.
  const applied = await store.database.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [lockName(tenantId)]);
    const user = { id: uuidv7(), body: { userName: "a", [URN]: { a: "Old" } }, schemaVersion: 1 };
    const waiting = { applied: apply(tenantId, first, user, way) };
    await waitFor(async () => {
      const rows = await store.database.query(
        "SELECT FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND mode = 'ShareLock'",
      );
      return rows.length > 0;
    });
    await giveSchema(store.database, tenantId, second, true);
    return waiting;
  });

  expect(await applied.applied).toBe("applied");
  expect(await find(tenantId, defineModels(second), `${URN}:a eq "Old"`)).toEqual([{ a: "Old" }]);
  expect(await find(tenantId, defineModels(second), `${URN}:a eq "old"`)).toEqual([]);
});
