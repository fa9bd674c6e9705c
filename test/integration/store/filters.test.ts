/** The same filter, compiled to SQL and read in memory, finds the same users: negation and absence included. */
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  defineModels,
  type Candidate,
  evaluate,
  parseFilter,
  searchDocument,
} from "../../../src/scim/index.ts";
import { listDirectory } from "../../../src/store/directory-lists.ts";
import { insertResources } from "../../../src/store/directory-writes.ts";
import { insertMembers } from "../../../src/store/members.ts";
import { JAVELO_EXTENSIONS } from "../../support/extensions.ts";
import { filters, print, users } from "../../support/filters.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const MODELS = defineModels(JAVELO_EXTENSIONS);
const USERS = 80;
const RUNS = 400; // About four seconds.
const TIMES = ["2026-11-24T09:30:00.000Z", "2026-11-24T09:30:00.001Z", "2026-12-01T00:00:00.000Z"];

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

/** A tenant with random users, some of them in groups, and their twins in memory. */
async function setup(): Promise<{ tenantId: string; candidates: readonly Candidate[]; groupIds: string[] }> {
  const tenantId = uuidv7();
  const groupIds = [uuidv7(), uuidv7()];
  const resources = fc.sample(users, USERS);
  const candidates = resources.map((resource, index) => ({
    id: uuidv7(),
    created: TIMES[0]!,
    lastModified: TIMES[index % TIMES.length]!,
    search: searchDocument(MODELS.User, resource),
    memberIds: groupIds.filter((_, group) => index % (group + 2) === 0),
  }));
  await store.database.query("INSERT INTO tenants (id, slug, name) VALUES ($1, $2, $2)", [
    tenantId,
    `t-${tenantId}`,
  ]);
  await store.database.query("DROP INDEX IF EXISTS users_user_name"); // These users' names repeat.
  await store.database.transaction(async (tx) => {
    const rows = candidates.map(({ id, created, lastModified, search }, index) => ({
      tenantId,
      id,
      version: 1,
      created,
      lastModified,
      resource: resources[index]!,
      nameKey: String(search["username"]),
      externalId: (search["externalid"] as string | undefined) ?? null,
      active: true,
      search,
    }));
    await insertResources(tx, "User", rows);
    const groups = groupIds.map((id) => ({
      ...{ tenantId, id, version: 1, created: TIMES[0]!, lastModified: TIMES[0]!, resource: {} },
      ...{ nameKey: id, externalId: null, active: null, search: {} },
    }));
    await insertResources(tx, "Group", groups);
    const members = candidates.flatMap(({ id: memberId, memberIds }) =>
      memberIds.map((groupId) => ({ tenantId, groupId, memberId, memberType: "User" as const })),
    );
    await insertMembers(tx, members);
  });
  return { tenantId, candidates, groupIds };
}

test("Postgres and the reading in memory agree on every filter", async () => {
  const { tenantId, candidates, groupIds } = await setup();
  const ids = [...groupIds, ...candidates.slice(0, 3).map(({ id }) => id)];
  let found = 0;

  await fc.assert(
    fc.asyncProperty(filters(ids, TIMES), async (tree) => {
      const filter = parseFilter(print(tree));
      const { resources } = await listDirectory(store.database, {
        ...{
          tenantId,
          models: MODELS,
          types: ["User"],
          filter,
          sort: undefined,
          withMembers: new Set<never>(),
        },
        ...{ from: { startIndex: 1 }, count: USERS },
      });

      const expected = candidates.filter((candidate) =>
        evaluate(filter, { models: MODELS, type: "User" }, candidate),
      );
      expect(resources.map(({ id }) => id)).toEqual(expected.map(({ id }) => id).sort());
      if (expected.length > 0 && expected.length < USERS) found += 1;
    }),
    { numRuns: RUNS },
  );

  // The comparison would prove nothing if filters seldom told users apart.
  expect(found).toBeGreaterThan(RUNS / 5);
});
