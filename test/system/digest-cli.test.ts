/** `bin/rollcall digest`: who is told of failed cycles, as an operator sets it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConfig } from "../../src/platform/config.ts";
import { prepareStores } from "../../src/prepare.ts";
import { listTenantAudit } from "../../src/store/audit.ts";
import { findDigestSecret, findDigestSettings } from "../../src/store/digests.ts";
import { type CliEnv, rollcall } from "../support/cli.ts";
import { addTenant, type SeededTenant } from "../support/console-seed.ts";
import { TEST_SECRET, testEnv } from "../support/service.ts";
import { createTestDatabase, openTestQueue, type TestDatabase } from "../support/stores.ts";

const URL = "https://hooks.example.com/rollcall";

let store: TestDatabase;
let env: CliEnv;
let tenant: SeededTenant;
beforeAll(async () => {
  store = await createTestDatabase();
  env = testEnv(store.url, openTestQueue("postgres"), {
    SMTP_HOST: "localhost",
    SMTP_FROM: "rollcall@example.com",
  });
  await prepareStores(parseConfig(env));
  tenant = await addTenant(store.database, { slug: "acme", name: "Acme" }, TEST_SECRET);
});
afterAll(() => store.drop());

const settings = () => findDigestSettings(store.database, tenant);
const secret = () => findDigestSecret(store.database, tenant, TEST_SECRET);

test("who is told is set, shown, changed in part and taken back, and the audit says so", async () => {
  const set = await rollcall(
    env,
    "digest",
    "set",
    "acme",
    "--url",
    URL,
    "--email",
    "ops@example.com",
    "--json",
  );
  const made = JSON.parse(set.stdout) as { secret: string };
  expect(set).toMatchObject({ code: 0, stderr: "" });
  expect(made).toEqual({ tenant: "acme", url: URL, emails: ["ops@example.com"], secret: await secret() });

  // What is not named stays, its secret too.
  const changed = await rollcall(env, "digest", "set", "acme", "--email", "a@example.com, b@example.com");
  expect(changed.stdout).toBe(
    "acme: Told by webhook and by e-mail to 2 addresses, from the next cycle on.\n",
  );
  expect(await settings()).toEqual({ url: URL, emails: ["a@example.com", "b@example.com"] });
  expect(await secret()).toBe(made.secret);
  const renewed = await rollcall(env, "digest", "set", "acme", "--renew-secret");
  expect(renewed.stdout).toContain((await secret()) ?? "none");
  expect(await secret()).not.toBe(made.secret);

  const shown = await rollcall(env, "digest", "show", "acme");
  expect(shown.stdout).toContain(`Webhook  ${URL}\nE-mail   a@example.com\nE-mail   b@example.com\n`);
  expect(shown.stdout).not.toContain("whsec_");

  expect((await rollcall(env, "digest", "off", "acme")).code).toBe(0);
  expect(await settings()).toEqual({ url: null, emails: [] });
  const json = await rollcall(env, "digest", "show", "acme", "--json");
  expect(JSON.parse(json.stdout)).toEqual({ tenant: "acme", url: null, emails: [], sent: [] });
  const audit = await listTenantAudit(store.database, tenant.tenantId, 9);
  expect(audit.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`)).toEqual([
    "cli digest.set Azure AD: Nobody is told",
    "cli digest.set Azure AD: Told by webhook and by e-mail to 2 addresses",
    "cli digest.set Azure AD: Told by webhook and by e-mail to 2 addresses",
    "cli digest.set Azure AD: Told by webhook and by e-mail to one address",
  ]);
});

test.each([
  [["set", "acme"], 2, "say --url, --email, or both"],
  [["set", "acme", "--renew-secret"], 2, "no --url"],
  [["set", "acme", "--url", "https://127.0.0.1/hook"], 1, "cannot be sent to"],
  [["set", "acme", "--email", "ops@example.com nonsense"], 1, "is no e-mail address"],
  [["set", "nobody", "--url", URL], 1, 'there is no tenant "nobody"'],
  [["show", "acme", "--connection", "018f0000-0000-7000-8000-000000000000"], 1, "no such connection"],
] as const)("digest %s is refused", async (args, code, said) => {
  const ended = await rollcall(env, "digest", ...args);

  expect(ended.code).toBe(code);
  expect(ended.stderr).toContain(said);
  expect(await settings()).toEqual({ url: null, emails: [] });
});
