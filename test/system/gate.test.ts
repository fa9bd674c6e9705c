/** `bin/rollcall gate`: what an owner decides about logins, and what the product is then answered. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { addProductTenant, type ProductTenant } from "../support/product.ts";
import { startTestService, testEnv, type TestService } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

let service: TestService;
let tenant: ProductTenant;
let slug: string;
let run: (...args: readonly string[]) => Promise<Ended>;

beforeAll(async () => {
  const queue = openTestQueue("postgres");
  service = await startTestService(queue);
  const env = testEnv(service.databaseUrl, queue);
  run = (...args) => rollcall(env, ...args);
  tenant = await addProductTenant(service);
  const answer = await tenant.product("GET", "");
  slug = (answer.body as { tenant: string }).tenant;
});
afterAll(() => service.stop());

const nobody = () => tenant.check({ userName: "nobody@contoso.com" });

test("an owner closes and opens the gate, and lets a break-glass account through", async () => {
  const before = await run("gate", "show", slug, "--json");
  expect(JSON.parse(before.stdout)).toEqual({
    tenant: slug,
    ...{ enforcement: "automatic", enforceAt: null, whenOff: "allow", whenUnreachable: "refuse", exempt: [] },
  });
  expect(await nobody()).toEqual({ allowed: true, reason: "not_activated" });

  expect(await run("gate", "set", slug, "--enforce", "now")).toMatchObject({ code: 0, stderr: "" });
  expect(await nobody()).toEqual({ allowed: false, reason: "not_provisioned" });
  await run("gate", "exempt", slug, "Nobody@contoso.com", "--note", "break-glass");
  expect(await nobody()).toEqual({ allowed: true, reason: "exempt" });
  const shown = await run("gate", "show", slug);
  expect(shown.stdout).toMatch(/Enforcement +enforced\n(.*\n)*Exempt +Nobody@contoso\.com: break-glass\n/);
  await run("gate", "unexempt", slug, "nobody@contoso.com");
  const later = await run("gate", "set", slug, "--enforce", "2999-01-31T08:00Z", "--when-off", "refuse");
  expect(later.stdout).toMatch(/held until 2999-01-31T08:00:00\.000Z\nWhile it is off +refuse\n/);
  expect(await nobody()).toEqual({ allowed: false, reason: "not_activated" });

  const audit = await listTenantAudit(service.database, tenant.tenantId, 10);
  expect(audit.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`)).toEqual([
    "cli login_gate.changed enforce 2999-01-31T08:00Z, when-off refuse",
    "cli login_exemption.removed nobody@contoso.com",
    "cli login_exemption.added Nobody@contoso.com: break-glass",
    "cli login_gate.changed enforce now",
  ]);
});

test.each([
  ["no change", ["gate", "set"], 2, /say what to change/],
  ["a strange time", ["gate", "set", "--enforce", "soon"], 2, /--enforce takes now/],
  ["a strange choice", ["gate", "set", "--when-off", "maybe"], 2, /--when-off takes allow or refuse/],
  ["an exemption without a reason", ["gate", "exempt", "a@b"], 2, /--note says/],
  ["an exemption that is none", ["gate", "unexempt", "x@y"], 1, /"x@y" is not exempt/],
])("%s is refused in words", async (_what, [noun = "", verb = "", ...more], code, words) => {
  const ended = await run(noun, verb, slug, ...more);

  expect(ended).toMatchObject({ code, stdout: "" });
  expect(ended.stderr).toMatch(words);
});
