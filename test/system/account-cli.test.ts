/** `bin/rollcall account …`: accounts made, found again and given a new password from a shell. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyPassword } from "../../src/platform/passwords.ts";
import { findAccountByLogin, findPasswordHash } from "../../src/store/account-changes.ts";
import { type CliEnv, rollcall } from "../support/cli.ts";
import { testEnv } from "../support/service.ts";
import { createTestDatabase, openTestQueue, type TestDatabase } from "../support/stores.ts";

let store: TestDatabase;
let env: CliEnv;

beforeAll(async () => {
  store = await createTestDatabase();
  env = testEnv(store.url, openTestQueue("postgres"));
});
afterAll(() => store.drop());

test("an account gets a password that is printed once, another one later, and the last owner stays", async () => {
  const made = await rollcall(env, "account", "create", "Ada", "--role", "owner", "--json");
  const { login, password } = JSON.parse(made.stdout) as { login: string; password: string };
  const { id } = (await findAccountByLogin(store.database, "ada"))!;
  const opens = async (text: string): Promise<boolean> =>
    verifyPassword(text, (await findPasswordHash(store.database, id)) ?? "");
  expect([made.code, login, await opens(password)]).toEqual([0, "ada", true]);

  const reset = await rollcall(env, "account", "reset-password", "ada");
  const [, another = ""] = /^Password +(\S+)$/m.exec(reset.stdout) ?? [];
  expect([await opens(password), await opens(another)]).toEqual([false, true]);

  expect((await rollcall(env, "account", "create", "ada")).stderr).toContain("reset-password ada");
  const demoted = await rollcall(env, "account", "set-role", "ada", "viewer");
  expect([demoted.code, demoted.stderr]).toEqual([1, expect.stringContaining("last owner") as string]);
  expect((await rollcall(env, "account", "disable", "nobody")).stderr).toContain("no account");

  const audit = await store.database.query<{ line: string }>(
    `SELECT actor || ' ' || action || ' ' || subject AS line FROM audit ORDER BY id`,
  );
  expect(audit.map(({ line }) => line)).toEqual([
    "cli account.created ada: owner",
    "cli account.password_set ada",
  ]);
});
