/** A product that had users before: told, matched as Azure provisions, nobody turned away before the gate closes. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import type { MatchedUser, MatchSummary } from "../../src/store/existing-users.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { createUser } from "../support/provision.ts";
import { startTestService, testEnv, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

interface Page {
  readonly summary: MatchSummary;
  readonly users: readonly MatchedUser[];
  readonly next?: string;
}

let service: TestService;
let run: (...args: readonly string[]) => Promise<Ended>;
let dir: string;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "rollcall-existing-"));
  const queue = openTestQueue(queueBackends()[0]!);
  service = await startTestService(queue, { CYCLE_IDLE_SECONDS: "1" });
  const env = testEnv(service.databaseUrl, queue);
  run = (...args) => rollcall(env, ...args);
});
afterAll(async () => {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function page({ product }: ProductTenant, query = ""): Promise<Page> {
  const answer = await product("GET", `/existing-users${query}`);
  expect(answer.status).toBe(200);
  return answer.body as Page;
}

const put = ({ product }: ProductTenant, users: readonly object[]) =>
  product("PUT", "/existing-users", { users });

describe("told by the product", () => {
  test("people come in while the gate is held, and those whom Azure leaves out are known before it closes", async () => {
    const tenant = await addProductTenant(service);
    const check = (email: string) => tenant.check({ email });
    expect(
      await put(tenant, [
        { id: "1", email: "Ada@contoso.com" },
        { id: "2", userName: "bob@contoso.com", displayName: "Bob" },
        { id: "3", email: "left.out@contoso.com" },
        { id: "4" },
      ]),
    ).toMatchObject({ status: 200, body: { stored: 4 } });

    const ada = await createUser(tenant.scim, "ada@contoso.com", { emails: [{ value: "ada@contoso.com" }] });
    const bob = await createUser(tenant.scim, "BOB@contoso.com", { active: false });

    // Without the import, who is not provisioned would be turned away from the first user on.
    expect(await check("left.out@contoso.com")).toEqual({ allowed: true, reason: "not_activated" });
    // The end of the cycle matches them, without anybody asking for it.
    await waitFor(async () => (await page(tenant)).summary.incomplete === 1);
    const { summary, users } = await page(tenant);
    expect(summary).toEqual({
      ...{ total: 4, matched: 1, deactivated: 1, unmatched: 1, incomplete: 1, ambiguous: 0, duplicate: 0 },
      ...{ adopted: 2, withoutEmail: 2, wouldLoseAccess: 3 },
    });
    expect(users.map(({ id, state, matchedBy, userId }) => [id, state, matchedBy, userId])).toEqual([
      ["1", "matched", "adopted", ada],
      ["2", "deactivated", "adopted", bob],
      ["3", "unmatched", null, null],
      ["4", "incomplete", null, null],
    ]);
    const { users: directory } = { users: (await tenant.scim("GET", "/Users")).body.totalResults };
    expect(directory).toBe(2);

    const { body } = await tenant.product("GET", "");
    await run("gate", "set", (body as { tenant: string }).tenant, "--enforce", "now");
    expect(await check("left.out@contoso.com")).toEqual({ allowed: false, reason: "not_provisioned" });
    expect(await check("ADA@contoso.com")).toMatchObject({ allowed: true });
  });

  test("duplicates keep their access as the user whom they are, and lose it where there is none", async () => {
    const tenant = await addProductTenant(service);
    await createUser(tenant.scim, "ada@contoso.com");
    await createUser(tenant.scim, "off@contoso.com", { active: false });
    const twice = (email: string, n: number) => [
      { id: `${n}`, email },
      { id: `${n + 1}`, email: email.toUpperCase() },
    ];
    await put(tenant, [
      ...twice("ada@contoso.com", 1),
      ...twice("bob@contoso.com", 3),
      ...twice("off@contoso.com", 5),
    ]);
    await tenant.product("POST", "/existing-users/match");

    const { summary } = await page(tenant);
    expect(summary).toMatchObject({ total: 6, duplicate: 6, wouldLoseAccess: 4 });
  });

  test("they are read in pages and by state, matched on demand, and forgotten", async () => {
    const tenant = await addProductTenant(service);
    const other = await addProductTenant(service);
    await put(other, [{ id: "1", userName: "other" }]);
    await createUser(tenant.scim, "user3@contoso.com");
    const people = Array.from({ length: 7 }, (_, n) => ({ id: `id ${n}`, userName: `user${n}@contoso.com` }));
    await put(tenant, people);

    const matched = await tenant.product("POST", "/existing-users/match");
    expect(matched.body).toMatchObject({ total: 7, matched: 1, unmatched: 6 });
    const first = await page(tenant, "?state=unmatched,ambiguous&count=4");
    const second = await page(
      tenant,
      `?state=unmatched,ambiguous&count=4&after=${encodeURIComponent(first.next!)}`,
    );
    expect([...first.users, ...second.users].map(({ id }) => id)).toEqual([
      "id 0",
      "id 1",
      "id 2",
      "id 4",
      "id 5",
      "id 6",
    ]);
    expect(second.next).toBeUndefined();

    expect((await tenant.product("DELETE", "/existing-users")).body).toEqual({ forgotten: 7 });
    expect((await page(tenant)).summary.total).toBe(0);
    expect((await page(other)).summary.total).toBe(1);
    const audit = await listTenantAudit(service.database, tenant.tenantId, 5);
    expect(audit.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`)).toEqual([
      "product existing_users.forgotten 7 people",
      "product login_gate.changed enforce held",
    ]);
  });

  test.each([
    ["no users", { users: [] }, /body\.users/],
    ["a person without an id", { users: [{ userName: "a" }] }, /body\.users\[0\]\.id/],
    ["an unknown field", { users: [{ id: "1", mail: "a" }] }, /body\.users\[0\]/],
    ["NUL", { users: [{ id: "1", email: "a\0" }] }, /users\[0\]\.email/],
    ["no JSON", "{", /./],
    ["too many", { users: Array.from({ length: 1_001 }, (_, n) => ({ id: `${n}` })) }, /body\.users/],
  ])("%s is refused, and nobody is stored", async (_what, body, words) => {
    const tenant = await addProductTenant(service);

    const answer = await tenant.product("PUT", "/existing-users", body);

    expect(answer).toMatchObject({ status: 400, body: { code: "body-invalid" } });
    expect((answer.body as { detail: string }).detail).toMatch(words);
    expect((await page(tenant)).summary.total).toBe(0);
    expect(await tenant.product("GET", "/existing-users?state=odd")).toMatchObject({
      ...{ status: 400, body: { code: "parameter-invalid" } },
    });
  });
});

test("an operator imports a file with headings of its own, previews it, and takes it back", async () => {
  const tenant = await addProductTenant(service);
  const slug = ((await tenant.product("GET", "")).body as { tenant: string }).tenant;
  await createUser(tenant.scim, "ada@contoso.com");
  const file = join(dir, "people.csv");
  writeFileSync(
    file,
    'Employee ID;Mail;Full name\n7;ADA@contoso.com;"Lovelace; Ada"\n8;left@contoso.com;Left\n9;LEFT@contoso.com;Twin\n',
  );
  const map = "id=Employee ID,email=Mail,displayName=Full name";

  const imported = await run("existing-users", "import", slug, file, "--map", map);
  expect(imported).toMatchObject({ code: 0, stderr: "" });
  expect(imported.stdout).toMatch(/^3 people of .*\nThe gate of .* is held/);
  expect(imported.stdout).toMatch(/^matched +1\n(.*\n)*duplicate +2\n(.*\n)*would lose access +2 of 3\n/m);
  const preview = await run("existing-users", "preview", slug, "--state", "matched", "--json");
  expect(JSON.parse(preview.stdout)).toMatchObject({
    summary: { total: 3 },
    users: [{ id: "7", displayName: "Lovelace; Ada", state: "matched", matchedBy: "email" }],
  });
  expect((await run("existing-users", "preview", slug)).stdout).toMatch(
    /^8 +Left +left@contoso\.com +duplicate$/m,
  );
  expect((await run("existing-users", "forget", slug)).stdout).toBe(`3 people of ${slug} are forgotten.\n`);

  for (const [args, code, words] of [
    [["import", slug, file], 1, /there is no column "id"; the columns are Employee ID, Mail, Full name/],
    [["import", slug, join(dir, "none.csv"), "--map", map], 1, /cannot be read/],
    [["import", slug, file, "--map", "mail=Mail"], 2, /--map takes/],
    [["preview", slug, "--state", "odd"], 2, /--state takes/],
  ] as const) {
    const ended = await run("existing-users", ...args);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(words);
  }
  expect((await page(tenant)).summary.total).toBe(0);
});
