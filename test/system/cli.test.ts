/** `bin/rollcall` as an operator or a script runs it: what it prints, how it exits, and what it leaves behind. */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readState } from "../../src/embedded/stores.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { prepareStores } from "../../src/prepare.ts";
import { findPrincipal, findTenant } from "../../src/store/tenants.ts";
import { listTenantAudit } from "../../src/store/audit.ts";
import { migrateDown } from "../../src/store/migrations.ts";
import { type CliEnv as Env, type Ended, rollcall } from "../support/cli.ts";
import { TEST_SECRET, testEnv } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";

const ROOT = join(import.meta.dirname, "../..");
const UUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;

interface ShownToken {
  readonly tenant: string;
  readonly connection: string;
  readonly tenantUrl: string;
  readonly token: string;
}

const shownBy = ({ stdout }: Ended): ShownToken => JSON.parse(stdout) as ShownToken;

let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "rollcall-cli-"));
  // As root, Postgres runs as another account, which must be able to pass; else its data would go elsewhere and stay.
  await chmod(dataDir, 0o711);
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

describe("on stores that the environment names", () => {
  let store: TestDatabase;
  let env: Env;

  beforeAll(async () => {
    store = await createTestDatabase();
    env = testEnv(store.url, openTestQueue("postgres"), { API_PORT: "8080", ROLLCALL_DATA_DIR: dataDir });
    await prepareStores(parseConfig(env));
  });
  afterAll(() => store.drop());

  test("a tenant is made with a connection and a token that is accepted, and the audit says so", async () => {
    const ended = await rollcall(env, "tenant", "create", "acme", "--name", "Acme Corp", "--json");

    expect(ended).toMatchObject({ code: 0, stderr: "" });
    const shown = shownBy(ended);
    expect(shown).toEqual({
      tenant: "acme",
      connection: expect.stringMatching(UUID) as string,
      tenantUrl: "http://127.0.0.1:8080/scim/v2",
      token: expect.stringMatching(/^rc_/) as string,
    });
    const principal = await findPrincipal(store.database, TEST_SECRET, shown.token);
    expect(principal).toMatchObject({ tenantSlug: "acme", connectionId: shown.connection });
    const tenant = await findTenant(store.database, "acme");
    expect(tenant?.name).toBe("Acme Corp");
    const audit = await listTenantAudit(store.database, tenant!.id, 10);
    expect(audit.map(({ actor, action, subject }) => `${actor} ${action} ${subject}`)).toEqual([
      `cli token.issued ${shown.token.slice(0, 8)}…`,
      "cli connection.created Azure AD",
      "cli tenant.created acme",
    ]);
  });

  test("a rotated token ends the one before it at once", async () => {
    const first = shownBy(await rollcall(env, "tenant", "create", "rotating", "--json"));

    const ended = await rollcall(env, "token", "rotate", "rotating", "--json");

    const second = shownBy(ended);
    expect(second).toEqual({ ...first, token: expect.stringMatching(/^rc_/) as string });
    expect(await findPrincipal(store.database, TEST_SECRET, first.token)).toBeUndefined();
    const principal = await findPrincipal(store.database, TEST_SECRET, second.token);
    expect(principal?.connectionId).toBe(first.connection);
    const [newest] = await listTenantAudit(store.database, principal!.tenantId, 1);
    expect(newest).toMatchObject({ actor: "cli", action: "token.rotated" });

    const third = shownBy(await rollcall(env, "token", "rotate", "rotating", "--overlap", "2", "--json"));
    for (const { token } of [second, third])
      expect(await findPrincipal(store.database, TEST_SECRET, token)).toBeDefined();
    expect((await rollcall(env, "token", "rotate", "rotating", "--overlap", "721")).code).toBe(2);
  });

  test("a connection's dialect is chosen at first and changed later, and the audit says from what to what", async () => {
    const { token } = shownBy(
      await rollcall(env, "tenant", "create", "okta-co", "--dialect", "okta", "--json"),
    );
    const dialect = async () => (await findPrincipal(store.database, TEST_SECRET, token))?.dialect;
    const set = (name: string) => rollcall(env, "connection", "set-dialect", "okta-co", name);
    expect(await dialect()).toBe("okta");

    expect(await set("strict")).toMatchObject({ code: 0, stdout: "okta-co speaks strict now.\n" });
    expect(await set("strict")).toMatchObject({ code: 0, stdout: "okta-co spoke strict already.\n" });
    const unknown = await set("latin");

    expect(unknown).toMatchObject({ code: 1 });
    expect(unknown.stderr).toContain("choose one of entra, okta, strict");
    expect(await dialect()).toBe("strict");
    const tenant = await findTenant(store.database, "okta-co");
    const audit = await listTenantAudit(store.database, tenant!.id, 10);
    expect(audit.filter(({ action }) => action === "connection.dialect_changed")).toMatchObject([
      { actor: "cli", subject: "Azure AD: okta → strict" },
    ]);
  });

  test("people are told that the token is shown once, and find their tenant in the list", async () => {
    const created = await rollcall(
      { ...env, PUBLIC_URL: "https://scim.example.com/" },
      "tenant",
      "create",
      "people",
    );
    const listed = await rollcall(env, "tenant", "list");
    const asJson = await rollcall(env, "tenant", "list", "--json");

    expect(created.stdout).toMatch(/Tenant URL +https:\/\/scim\.example\.com\/scim\/v2\n/);
    expect(created.stdout).toMatch(/shown this once/);
    expect(listed.stdout).toMatch(/^people +people +[0-9a-f-]{36} +entra +\d{4}-\d\d-\d\d +never$/m);
    const tenants = JSON.parse(asJson.stdout) as { tenant: string }[];
    expect(tenants.map(({ tenant }) => tenant)).toContain("people");
    const token = /rc_\S+/.exec(created.stdout)?.[0];
    expect(`${listed.stdout}${asJson.stdout}`).not.toContain(token);
  });

  test.concurrent.each([
    ["a taken slug", ["tenant", "create", "acme"], /^rollcall: the tenant "acme" exists; .*\n$/],
    ["an invalid slug", ["tenant", "create", "Acme_"], /^rollcall: "Acme_" cannot be a slug.*\n$/],
    ["an empty name", ["tenant", "create", "nameless", "--name", " "], /^rollcall: .*1 to 100 characters\n$/],
    ["an unknown slug", ["token", "rotate", "nobody"], /^rollcall: there is no tenant "nobody".*\n$/],
  ])("%s is refused in one line, with exit code 1", async (_what, args, line) => {
    expect(await rollcall(env, ...args)).toEqual({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(line) as string,
    });
  });

  test.concurrent.each([
    ["an unknown command", ["frobnicate"]],
    ["half a command", ["tenant"]],
    ["no command", []],
    ["a missing argument", ["tenant", "create"]],
    ["one argument too many", ["tenant", "create", "a", "b"]],
    ["an unknown option", ["tenant", "list", "--yaml"]],
  ])("%s is answered by the usage on stderr, with exit code 2", async (_what, args) => {
    const { code, stdout, stderr } = await rollcall(env, ...args);

    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/Usage: bin\/rollcall/);
  });

  test("help and version are results", async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };

    const help = await rollcall(env, "--help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["tenant create", "tenant list", "token rotate", "migrate", "doctor"])
      expect(help.stdout).toContain(`  ${command}`);
    // Of one command, and of those that begin with a word, just these.
    const shown = async (...args: string[]): Promise<readonly string[]> =>
      [...(await rollcall(env, ...args)).stdout.matchAll(/^ {2}(\S+ \S+)/gm)].map(([, name = ""]) => name);
    expect(await shown("tenant", "create", "--help")).toEqual(["tenant create"]);
    expect(await shown("help", "product-key")).toEqual(
      ["create", "list", "rotate", "revoke"].map((word) => `product-key ${word}`),
    );
    expect(await rollcall(env, "--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("a secret that is not the installation's makes no token that nobody would accept", async () => {
    const wrong = { ...env, ROLLCALL_SECRET: "another secret, just as long as the right one" };

    const made = await rollcall(wrong, "tenant", "create", "wrong-secret", "--json");
    const none = await rollcall({ ...env, ROLLCALL_SECRET: undefined }, "tenant", "create", "no-secret");
    const examined = await rollcall(wrong, "doctor", "--json");

    expect(made).toMatchObject({ code: 1, stdout: "" });
    expect(none).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/ROLLCALL_SECRET is not set/) as string,
    });
    expect(await findTenant(store.database, "wrong-secret")).toBeUndefined();
    expect(examined.code).toBe(1);
    expect(JSON.parse(examined.stdout)).toMatchObject({ problems: [{ part: "secret" }] });
  });
});

test("without its migrations a database is left alone until it is migrated", async () => {
  const store = await createTestDatabase();
  try {
    await migrateDown(store.url);
    const env = testEnv(store.url, openTestQueue("postgres"), { ROLLCALL_DATA_DIR: dataDir });

    const before = await rollcall(env, "tenant", "list");
    const sick = await rollcall(env, "doctor", "--json");
    const migrated = await rollcall({ ...env, ROLLCALL_SECRET: undefined }, "migrate");
    const well = await rollcall(env, "doctor", "--json");
    const again = await rollcall(env, "migrate");

    expect(before).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/lacks 0001_\w+.*migrate/) as string,
    });
    expect(sick.code).toBe(1);
    const { problems } = JSON.parse(sick.stdout) as { problems: { part: string }[] };
    expect(problems.map(({ part }) => part)).toEqual(["migrations", "queue"]);
    expect(migrated.stdout).toMatch(/^applied 0001_\w+\n(applied \w+\n)*The schema is up to date\.\n$/);
    expect(JSON.parse(well.stdout)).toMatchObject({ problems: [] });
    expect(again.stdout).toBe("The schema is up to date.\n");
    // The doctor has seen a secret that was never started with, and has not made it the installation's.
    expect(await store.database.query("SELECT key FROM installation")).toEqual([]);
  } finally {
    await store.drop();
  }
});

test.each(queueBackends())(
  "the doctor knows the versions of what it met, with the queue on %s",
  async (kind) => {
    const store = await createTestDatabase();
    try {
      const env = testEnv(store.url, openTestQueue(kind), { ROLLCALL_DATA_DIR: dataDir });
      await prepareStores(parseConfig(env));

      const json = await rollcall(env, "doctor", "--json");
      const text = await rollcall(env, "doctor");

      const version = expect.stringMatching(/^\d+\.\d+/) as string;
      expect(JSON.parse(json.stdout)).toEqual({
        databaseUrl: expect.not.stringContaining(new URL(store.url).password || "no password") as string,
        queue: kind,
        versions: {
          rollcall: version,
          node: process.versions.node,
          postgres: version,
          ...(kind === "redis" && { redis: version }),
        },
        problems: [],
      });
      expect([json.code, text.code]).toEqual([0, 0]);
      for (const part of ["node", "postgres", "clock", "migrations", "secret", "queue", "api"])
        expect(text.stdout).toMatch(new RegExp(`^ok +${part} `, "m"));
    } finally {
      await store.drop();
    }
  },
);

test("the doctor names what does not answer, and shows no password", async () => {
  const env = {
    DATABASE_URL: "postgres://someone:opensesame@127.0.0.1:2/nowhere",
    REDIS_URL: "redis://127.0.0.1:2",
    PUBLIC_URL: "http://127.0.0.1:2",
    ROLLCALL_DATA_DIR: dataDir,
  };

  const json = await rollcall(env, "doctor", "--json");
  const text = await rollcall(env, "doctor");

  const report = JSON.parse(json.stdout) as { problems: { part: string; problem: string; fix: string }[] };
  expect(report).toMatchObject({ queue: "redis", versions: { postgres: null, redis: null } });
  expect(report.problems.map(({ part }) => part)).toEqual(["postgres", "queue", "api"]);
  for (const { problem, fix } of report.problems) {
    expect(problem).toMatch(/does not answer/);
    expect(text.stdout).toContain(problem);
    expect(text.stdout).toContain(fix);
  }
  expect([json.code, text.code]).toEqual([1, 1]);
  expect(Object.values({ ...json, ...text }).join()).not.toContain("opensesame");
});

test("without any stores a command brings its own up, and leaves a tenant and nothing running", async () => {
  const env = { ROLLCALL_DATA_DIR: join(dataDir, "own"), ROLLCALL_EMBEDDED_QUEUE: "postgres" };

  const created = await rollcall(env, "tenant", "create", "first", "--json");
  const listed = await rollcall(env, "tenant", "list", "--json");

  expect(created.stderr).toBe("");
  expect(shownBy(created)).toMatchObject({ tenant: "first" });
  expect(JSON.parse(listed.stdout)).toMatchObject([{ tenant: "first" }]);
  expect(readState(env.ROLLCALL_DATA_DIR)).toBeUndefined();
});
