/** `account …`: console accounts from a shell, such as the way back in for an owner who has lost the password. */
import { createReadablePassword, hashPassword } from "../platform/passwords.ts";
import {
  type AccountChange,
  type AccountDetails,
  disableAccount,
  enableAccount,
  findAccountByLogin,
  listAccounts,
  setPassword,
  setRole,
} from "../store/account-changes.ts";
import { createAccount, LOGIN_PATTERN, type Role, ROLES } from "../store/accounts.ts";
import { type AuditAction, recordAudit } from "../store/audit.ts";
import type { Database, Transaction } from "../store/database.ts";
import {
  type Command,
  CommandError,
  type Context,
  onlyArgument,
  readArgs,
  twoArguments,
  UsageError,
} from "./command.ts";
import { onDatabase } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR } from "./token.ts";

const ROLE_CHOICE = ROLES.join("|");

export const accountCreate: Command = {
  usage: `account create <login> [--role ${ROLE_CHOICE}] [--json]`,
  summary: "makes a console account, and prints its password once",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      role: { type: "string", default: "viewer" },
      json: { type: "boolean" },
    });
    const login = onlyArgument(positionals, "login").toLowerCase();
    const role = roleOf(values.role);
    if (!LOGIN_PATTERN.test(login))
      throw new CommandError(
        `"${login}" cannot be a login: it has letters, digits and . _ @ + -, 100 at most`,
      );
    const password = createReadablePassword();
    const passwordHash = await hashPassword(password);
    await onDatabase(context, (db) =>
      db.transaction(async (tx) => {
        if ((await createAccount(tx, { login, role, passwordHash })) === undefined)
          throw new CommandError(
            `the account "${login}" exists; "bin/rollcall account reset-password ${login}" gives it a new password`,
          );
        await audit(tx, "account.created", `${login}: ${role}`);
      }),
    );
    printPassword(context, { login, password }, values.json);
    return 0;
  },
};

export const accountResetPassword: Command = {
  usage: "account reset-password <login> [--json]",
  summary: "gives a console account a new password, printed once, lifts a lock and ends its sessions",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const login = onlyArgument(positionals, "login").toLowerCase();
    const password = createReadablePassword();
    const passwordHash = await hashPassword(password);
    await onDatabase(context, (db) =>
      db.transaction(async (tx) => {
        const { id } = await requireAccount(tx, login);
        await setPassword(tx, { id, passwordHash });
        await audit(tx, "account.password_set", login);
      }),
    );
    printPassword(context, { login, password }, values.json);
    return 0;
  },
};

export const accountList: Command = {
  usage: "account list [--json]",
  summary: "shows console accounts, their roles and when each signed in last",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    if (positionals[0] !== undefined) throw new UsageError(`unexpected argument "${positionals[0]}"`);
    const accounts = await onDatabase(context, listAccounts);
    if (values.json) context.print(JSON.stringify(accounts, undefined, 2));
    else
      printTable(context, [
        ["LOGIN", "ROLE", "STATE", "LAST SIGN-IN", "SESSIONS"],
        ...accounts.map((account) => [
          account.login,
          account.role,
          account.disabledAt === null ? (account.lockedUntil === null ? "active" : "locked") : "disabled",
          account.lastSignInAt?.toISOString().slice(0, 10) ?? "never",
          String(account.sessions),
        ]),
      ]);
    return 0;
  },
};

export const accountSetRole: Command = {
  usage: `account set-role <login> <${ROLE_CHOICE}>`,
  summary: "changes what a console account may do, from its next request on",
  run(args, context) {
    const { positionals } = readArgs(args, {});
    const [login, name] = twoArguments(positionals, ["login", "role"]);
    const role = roleOf(name);
    return changeAccount(context, login, {
      action: "account.role_changed",
      more: (account) => `: ${account.role} → ${role}`,
      change: (tx, id) => setRole(tx, id, role),
    });
  },
};

export const accountDisable: Command = {
  usage: "account disable <login>",
  summary: "signs a console account out everywhere, and lets it in no more",
  run(args, context) {
    const { positionals } = readArgs(args, {});
    const login = onlyArgument(positionals, "login");
    return changeAccount(context, login, { action: "account.disabled", change: disableAccount });
  },
};

export const accountEnable: Command = {
  usage: "account enable <login>",
  summary: "lets a disabled console account in again",
  run(args, context) {
    const { positionals } = readArgs(args, {});
    const login = onlyArgument(positionals, "login");
    return changeAccount(context, login, { action: "account.enabled", change: enableAccount });
  },
};

interface Change {
  readonly action: AuditAction;
  readonly more?: (account: AccountDetails) => string;
  readonly change: (tx: Transaction, id: string) => Promise<AccountChange>;
}

async function changeAccount(
  context: Context,
  given: string,
  { action, more, change }: Change,
): Promise<number> {
  const login = given.toLowerCase();
  const done = await onDatabase(context, (db) =>
    db.transaction(async (tx) => {
      const account = await requireAccount(tx, login);
      const result = await change(tx, account.id);
      if (result === "last_owner")
        throw new CommandError(
          `"${login}" is the last owner who can sign in; make somebody else an owner first`,
        );
      if (result === "changed") await audit(tx, action, `${login}${more?.(account) ?? ""}`);
      return result;
    }),
  );
  context.print(done === "changed" ? `${login} is changed.` : `${login} was so already.`);
  return 0;
}

async function requireAccount(db: Database, login: string): Promise<AccountDetails> {
  const account = await findAccountByLogin(db, login);
  if (account !== undefined) return account;
  throw new CommandError(`there is no account "${login}"; "bin/rollcall account list" shows those there are`);
}

function audit(tx: Transaction, action: AuditAction, subject: string): Promise<void> {
  return recordAudit(tx, [{ tenantId: null, actor: CLI_ACTOR, action, subject }]);
}

function roleOf(name: string): Role {
  const role = ROLES.find((known) => known === name);
  if (role !== undefined) return role;
  throw new CommandError(`there is no role "${name}"; choose one of ${ROLES.join(", ")}`);
}

function printPassword(
  { print }: Context,
  shown: { readonly login: string; readonly password: string },
  asJson = false,
): void {
  if (asJson) {
    print(JSON.stringify(shown));
    return;
  }
  print(`Login     ${shown.login}`);
  print(`Password  ${shown.password}`);
  print(
    "The password is shown this once. Whoever signs in with it can change it on the page of the account.",
  );
}
