/** `connection …`: how far from the standard a connection's identity provider may go, from where, and how fast. */
import { recordAudit } from "../store/audit.ts";
import {
  type ConnectionLimits,
  findConnectionLimits,
  limitsText,
  readAllowedAddresses,
  readRate,
  setConnectionLimits,
} from "../store/connection-limits.ts";
import { type Dialect, DIALECT_NAMES, setDialect } from "../store/tenants.ts";
import { type Command, CommandError, onlyArgument, readArgs, twoArguments, UsageError } from "./command.ts";
import { onDatabase } from "./installation.ts";
import { CLI_ACTOR, requireConnection } from "./token.ts";

export const DIALECT_CHOICE = DIALECT_NAMES.join("|");

export const connectionSetDialect: Command = {
  usage: `connection set-dialect <slug> <${DIALECT_CHOICE}> [--connection <id>]`,
  summary: "says what a tenant's identity provider may send beyond the standard, from the next request on",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, { connection: { type: "string" } });
    const [slug, name] = twoArguments(positionals, ["slug", "dialect"]);
    const dialect = dialectOf(name);
    return onDatabase({ env }, async (db) => {
      const changed = await db.transaction(async (tx) => {
        const connection = await requireConnection(tx, slug, values.connection);
        const isChanged = await setDialect(tx, connection, dialect);
        const { tenantId, name: connectionName } = connection;
        const subject = `${connectionName}: ${connection.dialect} → ${dialect}`;
        if (isChanged)
          await recordAudit(tx, [
            { tenantId, actor: CLI_ACTOR, action: "connection.dialect_changed", subject },
          ]);
        return isChanged;
      });
      print(changed ? `${slug} speaks ${dialect} now.` : `${slug} spoke ${dialect} already.`);
      return 0;
    });
  },
};

/** @throws {CommandError} naming the dialects that there are */
export function dialectOf(name: string): Dialect {
  const dialect = DIALECT_NAMES.find((known) => known === name);
  if (dialect !== undefined) return dialect;
  throw new CommandError(`there is no dialect "${name}"; choose one of ${DIALECT_NAMES.join(", ")}`);
}

export const connectionSetLimits: Command = {
  usage: "connection set-limits <slug> [--allow <ranges>|any] [--rate <per second>|any] [--connection <id>]",
  summary: "says from which addresses a connection's requests may come, and how many a second",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, {
      connection: { type: "string" },
      allow: { type: "string" },
      rate: { type: "string" },
    });
    const slug = onlyArgument(positionals, "slug");
    return onDatabase({ env }, async (db) => {
      const limits = await db.transaction(async (tx) => {
        const connection = await requireConnection(tx, slug, values.connection);
        const before = await findConnectionLimits(tx, connection);
        const after = limitsOf(values, before);
        const { tenantId, name } = connection;
        const subject = `${name}: ${limitsText(before)} → ${limitsText(after)}`;
        if (limitsText(before) === limitsText(after)) return after;
        await setConnectionLimits(tx, connection, after);
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "connection.limits_changed", subject }]);
        return after;
      });
      print(`${slug}: ${limitsText(limits)}`);
      return 0;
    });
  },
};

/** What is not named stays. @throws {UsageError} */
function limitsOf(
  { allow, rate }: { readonly allow?: string | undefined; readonly rate?: string | undefined },
  before: ConnectionLimits,
): ConnectionLimits {
  const typed = (text: string): string => (text === "any" ? "" : text);
  try {
    return {
      allowedAddresses: allow === undefined ? before.allowedAddresses : readAllowedAddresses(typed(allow)),
      requestsPerSecond: rate === undefined ? before.requestsPerSecond : readRate(typed(rate)),
    };
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
