/** The numbers that pages and metrics show are those of the tables, whatever was written, in whatever batches. */
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createUser, createGroup, patch, USER } from "../../support/provision.ts";
import { startTestService, type TestService } from "../../support/service.ts";
import { openTestQueue } from "../../support/stores.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue("postgres"));
});
afterAll(() => service.stop());

type Step =
  "create" | "create inactive" | "twin" | "deactivate" | "reactivate" | "delete" | "group" | "title";
const STEPS: readonly Step[] = [
  ...(["create", "create inactive", "twin", "deactivate", "reactivate", "delete", "group", "title"] as const),
];

test("after any writes, at once or one by one, the totals are the counts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { minLength: 5, maxLength: 25 }), async (steps) => {
      const { scim, tenantId } = await service.addTenant();
      const first = await createUser(scim, "first@contoso.com");
      await createGroup(scim, "Staff");
      const active = (value: string) =>
        scim("PATCH", `/Users/${first}`, patch({ op: "Replace", path: "active", value }));
      const acts: Readonly<Record<Step, () => Promise<unknown>>> = {
        create: () => createUser(scim, `${randomUUID()}@contoso.com`),
        "create inactive": () => createUser(scim, `${randomUUID()}@contoso.com`, { active: false }),
        twin: () => scim("POST", "/Users", { schemas: [USER], userName: "FIRST@contoso.com" }),
        deactivate: () => active("False"),
        reactivate: () => active("True"),
        delete: () => scim("DELETE", `/Users/${first}`),
        group: () => createGroup(scim, randomUUID()),
        title: () =>
          scim("PATCH", `/Users/${first}`, patch({ op: "Replace", path: "title", value: randomUUID() })),
      };

      await Promise.all(steps.map((step) => acts[step]()));

      const [counted] = await service.database.query(
        `SELECT count(*) FILTER (WHERE active)::int AS users_active, count(*) FILTER (WHERE NOT active)::int AS users_inactive,
                (SELECT count(*)::int FROM groups WHERE tenant_id = $1) AS groups
           FROM users WHERE tenant_id = $1`,
        [tenantId],
      );
      const [kept] = await service.database.query(
        `SELECT users_active::int, users_inactive::int, groups::int FROM directory_totals WHERE tenant_id = $1`,
        [tenantId],
      );
      expect(kept).toEqual(counted);
    }),
    { numRuns: 15 },
  );
}, 180_000);
