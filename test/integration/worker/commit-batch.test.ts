/** The transaction of a batch: any way of batching gives what one by one gives, and a redelivery changes nothing. */
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Outcome, WriteCommand } from "../../../src/queue/contracts.ts";
import { commitBatch } from "../../../src/worker/commit-batch.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";
import { command, commitDeps, create, insertTenant, patch } from "../../support/write-commands.ts";

let store: TestDatabase;
beforeAll(async () => {
  store = await createTestDatabase();
});
afterAll(() => store.drop());

const newTenant = (): Promise<string> => insertTenant(store.database);

const apply = async (commands: readonly WriteCommand[]): Promise<readonly Outcome[]> =>
  (
    await commitBatch(
      commitDeps(store.database),
      commands.map((each) => ({ command: each, attempt: 1 })),
    )
  ).map(({ outcome }) => outcome);

async function directory(tenantId: string): Promise<unknown> {
  return store.database.query(
    `SELECT resource, version FROM users WHERE tenant_id = $1 ORDER BY resource ->> 'userName'`,
    [tenantId],
  );
}

test("a redelivered write changes nothing and has the same outcome", async () => {
  const tenantId = await newTenant();
  const id = uuidv7();
  const first = command(tenantId, create(id, "a@contoso.com"));
  const second = command(tenantId, patch(id, { op: "add", path: "title", value: "Guide" }));
  await apply([first]);
  const applied = await apply([second]);
  const before = await directory(tenantId);

  const again = await apply([second, first, second]);

  expect(again.map((outcome) => outcome.kind)).toEqual(["applied", "applied", "applied"]);
  expect(again[0]).toMatchObject({ resourceId: id, changed: true });
  expect(applied[0]).toMatchObject({ resourceId: id, changed: true });
  expect(await directory(tenantId)).toEqual(before);
});

test("one refused write of a batch does not harm its neighbours", async () => {
  const tenantId = await newTenant();
  const [a, b, c] = [uuidv7(), uuidv7(), uuidv7()];
  await apply([command(tenantId, create(a, "taken@contoso.com"))]);

  const outcomes = await apply([
    command(tenantId, create(b, "free@contoso.com")),
    command(tenantId, create(c, "TAKEN@contoso.com")),
    command(tenantId, patch(uuidv7(), { op: "add", path: "title", value: "x" })),
    command(tenantId, patch(a, { op: "add", path: "title", value: "x" })),
  ]);

  expect(outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.status : outcome.kind))).toEqual([
    "applied",
    409,
    404,
    "applied",
  ]);
  expect(outcomes[1]).toMatchObject({ scimType: "uniqueness", code: "userName-taken" });
});

test("two writes of one batch that want the same name: the first has it", async () => {
  const tenantId = await newTenant();
  const [a, b] = [uuidv7(), uuidv7()];

  const outcomes = await apply([
    command(tenantId, create(a, "same@contoso.com")),
    command(tenantId, create(b, "Same@contoso.com")),
  ]);

  expect(outcomes.map(({ kind }) => kind)).toEqual(["applied", "refused"]);
});

// Few names and users, so that writes meet each other.
const name = fc.constantFrom("ann", "bob", "cy");
const step = fc.oneof(
  fc.record({ kind: fc.constant("create" as const), user: fc.nat(3), name }),
  fc.record({ kind: fc.constant("rename" as const), user: fc.nat(3), name }),
  fc.record({ kind: fc.constant("title" as const), user: fc.nat(3), name }),
  fc.record({ kind: fc.constant("delete" as const), user: fc.nat(3), name }),
);

test("any way of cutting writes into batches gives what one by one gives", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 12 }),
      fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 12 }),
      async (steps, sizes) => {
        const run = async (cuts: readonly number[]) => {
          const tenantId = await newTenant();
          const users = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
          // A user is created once: the api gives each create an id of its own.
          const created = new Set<number>();
          const commands = steps.map(({ kind, user, name: text }) => {
            const isNew = !created.has(user);
            if (kind === "create") created.add(user);
            const id = kind === "create" && !isNew ? uuidv7() : (users[user] ?? "");
            if (kind === "create") return command(tenantId, create(id, `${text}@contoso.com`));
            if (kind === "delete") {
              return command(tenantId, {
                operation: "delete",
                resourceType: "User",
                resourceId: id,
                payload: null,
              });
            }
            const path = kind === "rename" ? "userName" : "title";
            const value = kind === "rename" ? `${text}@contoso.com` : text;
            return command(tenantId, patch(id, { op: "replace", path, value }));
          });
          const outcomes: Outcome[] = [];
          for (let start = 0, cut = 0; start < commands.length; cut += 1) {
            const size = cuts[cut % cuts.length] ?? 1;
            outcomes.push(...(await applyOrCut(commands.slice(start, start + size))));
            start += size;
          }
          const kinds = outcomes.map((outcome) => (outcome.kind === "refused" ? outcome.code : outcome.kind));
          return { kinds, directory: await directory(tenantId) };
        };

        expect(await run(sizes)).toEqual(await run([1]));
      },
    ),
    { numRuns: 40 },
  );
}, 180_000);

/** As the worker does: a batch that cannot be applied as one is cut in two. */
async function applyOrCut(commands: readonly WriteCommand[]): Promise<readonly Outcome[]> {
  try {
    return await apply(commands);
  } catch (error) {
    if (commands.length === 1) throw error;
    const middle = Math.ceil(commands.length / 2);
    return [...(await applyOrCut(commands.slice(0, middle))), ...(await applyOrCut(commands.slice(middle)))];
  }
}
