/** `bin/rollcall`: finds the command that was asked for, runs it, and turns its end into an exit code. */
import { basename } from "node:path";
import { endAtOnce, onStopSignals } from "../platform/signals.ts";
import { packageVersion } from "../platform/version.ts";
import { type Command, reason, UsageError } from "./command.ts";
import {
  accountCreate,
  accountDisable,
  accountEnable,
  accountList,
  accountResetPassword,
  accountSetRole,
} from "./account.ts";
import { backupCommand } from "./backup.ts";
import { connectionSetDialect, connectionSetLimits } from "./connection.ts";
import { erasePersonCommand, eraseTenantCommand } from "./erase.ts";
import { connectionDisconnect, tenantExport } from "./disconnect.ts";
import { digestOff, digestSet, digestShow } from "./digest.ts";
import { doctor } from "./doctor.ts";
import { existingUsersForget, existingUsersImport, existingUsersPreview } from "./existing-users.ts";
import { gateExempt, gateSet, gateShow, gateUnexempt } from "./gate.ts";
import { grantCommand } from "./grant.ts";
import { guardList, guardOff, guardReject, guardRelease, guardSet, guardShow } from "./guard.ts";
import { migrateCommand } from "./migrate.ts";
import { oauthKeys } from "./oauth-keys.ts";
import { oauthDistrust, oauthSecret, oauthTrust } from "./oauth.ts";
import { productKeyCreate, productKeyList, productKeyRevoke, productKeyRotate } from "./product-key.ts";
import {
  reconciliationDelete,
  reconciliationList,
  reconciliationRun,
  reconciliationShow,
} from "./reconciliation.ts";
import { restoreCommand } from "./restore.ts";
import { roleList, roleMap, roleUnmap } from "./role.ts";
import { schemaExample, schemaSet, schemaShow } from "./schema.ts";
import { signingKeyList, signingKeyRevoke, signingKeyRotate } from "./signing-key.ts";
import { streamCreate } from "./stream.ts";
import { tenantCreate, tenantList } from "./tenant.ts";
import { tokenRotate } from "./token.ts";
import { webhookSetAuthorization } from "./webhook-authorization.ts";
import { webhookLog, webhookRedeliver, webhookTest } from "./webhook-deliveries.ts";
import {
  webhookCreate,
  webhookDelete,
  webhookList,
  webhookPause,
  webhookResume,
  webhookRotateSecret,
} from "./webhook.ts";
import { webhookSetVersion } from "./webhook-version.ts";

const COMMANDS: Readonly<Record<string, Command>> = {
  "tenant create": tenantCreate,
  "tenant list": tenantList,
  "tenant export": tenantExport,
  "connection disconnect": connectionDisconnect,
  "connection set-dialect": connectionSetDialect,
  "connection set-limits": connectionSetLimits,
  "token rotate": tokenRotate,
  "oauth secret": oauthSecret,
  "oauth trust": oauthTrust,
  "oauth keys": oauthKeys,
  "oauth distrust": oauthDistrust,
  "schema set": schemaSet,
  "schema show": schemaShow,
  "schema example": schemaExample,
  "product-key create": productKeyCreate,
  "product-key list": productKeyList,
  "product-key rotate": productKeyRotate,
  "product-key revoke": productKeyRevoke,
  "existing-users import": existingUsersImport,
  "existing-users preview": existingUsersPreview,
  "existing-users forget": existingUsersForget,
  "reconciliation run": reconciliationRun,
  "reconciliation list": reconciliationList,
  "reconciliation show": reconciliationShow,
  "reconciliation delete": reconciliationDelete,
  "erase person": erasePersonCommand,
  "erase tenant": eraseTenantCommand,
  "gate show": gateShow,
  "gate set": gateSet,
  "gate exempt": gateExempt,
  "gate unexempt": gateUnexempt,
  "role map": roleMap,
  "role unmap": roleUnmap,
  "role list": roleList,
  "guard show": guardShow,
  "guard set": guardSet,
  "guard off": guardOff,
  "guard list": guardList,
  "guard release": guardRelease,
  "guard reject": guardReject,
  "digest show": digestShow,
  "digest set": digestSet,
  "digest off": digestOff,
  "webhook create": webhookCreate,
  "webhook list": webhookList,
  "webhook log": webhookLog,
  "webhook pause": webhookPause,
  "webhook resume": webhookResume,
  "webhook redeliver": webhookRedeliver,
  "webhook set-version": webhookSetVersion,
  "webhook set-authorization": webhookSetAuthorization,
  "webhook rotate-secret": webhookRotateSecret,
  "webhook test": webhookTest,
  "webhook delete": webhookDelete,
  "stream create": streamCreate,
  "signing-key list": signingKeyList,
  "signing-key rotate": signingKeyRotate,
  "signing-key revoke": signingKeyRevoke,
  "account create": accountCreate,
  "account list": accountList,
  "account set-role": accountSetRole,
  "account reset-password": accountResetPassword,
  "account disable": accountDisable,
  "account enable": accountEnable,
  backup: backupCommand,
  restore: restoreCommand,
  migrate: migrateCommand,
  grant: grantCommand,
  doctor,
};

// Run by src/rollcall.ts, which knows the service; this one does not.
const START: Omit<Command, "run"> = {
  usage: "start [--demo] [--tls-self-signed]",
  summary: "runs the service, as bin/start does",
};

// The first process of a container, such as one that migrates, hears only those signals that it has asked for.
onStopSignals(endAtOnce);
process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    if (isUsageError(error)) {
      complain(`rollcall: ${error.message}\n\n${usage(args)}`);
      return 2;
    }
    complain(`rollcall: ${reason(error)}`);
    return 1;
  }
}

async function dispatch(args: readonly string[]): Promise<number> {
  if (args[0] === "--version") {
    print(packageVersion());
    return 0;
  }
  if (args.length === 0) throw new UsageError("say what to do");
  if (args[0] === "help" || args.includes("--help") || args.includes("-h")) {
    print(usage(args[0] === "help" ? args.slice(1) : args));
    return 0;
  }
  for (const words of [2, 1]) {
    const command = COMMANDS[args.slice(0, words).join(" ")];
    if (command)
      return command.run(args.slice(words), { env: process.env, version: packageVersion(), print });
  }
  throw new UsageError(`there is no command "${args.slice(0, 2).join(" ")}"`);
}

/** Of the command that these begin with, else of those that begin with the first word, else of all. */
function usage(args: readonly string[]): string {
  const commands = commandsFor(args);
  const width = Math.max(...commands.map((command) => command.usage.length));
  // The package puts the command on the PATH, a checkout does not.
  const program = basename(process.argv[1] ?? "") === "rollcall" ? "rollcall" : "bin/rollcall";
  return [
    `Usage: ${program} <command>`,
    "",
    ...commands.map((command) => `  ${command.usage.padEnd(width)}  ${command.summary}`),
    "",
    ...(commands.length <= Object.keys(COMMANDS).length
      ? [`"${program} help" shows all commands.`]
      : [
          "Without DATABASE_URL a command is about the embedded stores of bin/start, running or not.",
          "Settings are environment variables; docs/configuration.md lists them.",
        ]),
  ].join("\n");
}

function commandsFor(args: readonly string[]): readonly Pick<Command, "usage" | "summary">[] {
  const [first = ""] = args;
  const named = COMMANDS[args.slice(0, 2).join(" ")] ?? COMMANDS[first];
  if (named !== undefined) return [named];
  const related = Object.entries(COMMANDS).filter(([name]) => name.startsWith(`${first} `));
  return related.length > 0 ? related.map(([, command]) => command) : [START, ...Object.values(COMMANDS)];
}

/** parseArgs says what it does not understand by a TypeError with a code of its own. */
function isUsageError(error: unknown): error is Error {
  if (error instanceof UsageError) return true;
  return error instanceof Error && /^ERR_PARSE_ARGS_/.test((error as NodeJS.ErrnoException).code ?? "");
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}
