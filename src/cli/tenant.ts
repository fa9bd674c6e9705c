/** `tenant create` and `tenant list`: the tenants of an installation, from a shell. */
import type { Extensions } from "../scim/index.ts";
import { recordAudit } from "../store/audit.ts";
import type { DatabasePool } from "../store/database.ts";
import {
  type Connection,
  createConnection,
  createTenant,
  type Dialect,
  issueToken,
  listConnections,
  SLUG_PATTERN,
} from "../store/tenants.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs, UsageError } from "./command.ts";
import { DIALECT_CHOICE, dialectOf } from "./connection.ts";
import {
  type Installation,
  onDatabase,
  requireSecret,
  withDatabase,
  withInstallation,
} from "./installation.ts";
import { readExtensions, recordSchema } from "./schema.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, printToken } from "./token.ts";

const NAME_CHARS_MAX = 100;
const CONNECTION_NAME = "Azure AD";

export const tenantCreate: Command = {
  usage: `tenant create <slug> [--name <text>] [--schema <file.json>] [--dialect ${DIALECT_CHOICE}] [--json]`,
  summary: 'makes a tenant with a connection to Azure AD, and its token; --schema is that of "schema set"',
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      name: { type: "string" },
      schema: { type: "string" },
      dialect: { type: "string" },
      json: { type: "boolean" },
    });
    const dialect = dialectOf(values.dialect ?? "entra");
    const tenant = checked(onlyArgument(positionals, "slug"), values.name);
    const extensions = values.schema === undefined ? undefined : readExtensions(values.schema);
    return onDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const { TOKEN_TTL_DAYS: ttlDays } = installation.config;
      const made = await create(db, { ...tenant, extensions, dialect, secret, ttlDays });
      printToken(context, { ...made, tenant: tenant.slug, tenantUrl: installation.tenantUrl }, values.json);
      return 0;
    });
  },
};

export const tenantList: Command = {
  usage: "tenant list [--json]",
  summary: "shows tenants, their connections and when the tokens of those expire",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    if (positionals[0] !== undefined) throw new UsageError(`unexpected argument "${positionals[0]}"`);
    const list = (installation: Installation) => withDatabase(installation, listConnections);
    const connections = await withInstallation(context.env, list);
    if (values.json) context.print(JSON.stringify(connections.map(asJson), undefined, 2));
    else printConnections(context, connections);
    return 0;
  },
};

interface NewTenant {
  readonly slug: string;
  readonly name: string;
}

function checked(slug: string, name = slug): NewTenant {
  if (!SLUG_PATTERN.test(slug))
    throw new CommandError(
      `"${slug}" cannot be a slug: it has lower-case letters, digits and inner hyphens, 63 at most`,
    );
  const trimmed = name.trim();
  if (trimmed === "" || trimmed.length > NAME_CHARS_MAX)
    throw new CommandError(`a tenant's name has 1 to ${NAME_CHARS_MAX} characters`);
  return { slug, name: trimmed };
}

async function create(
  db: DatabasePool,
  request: NewTenant & {
    readonly extensions: Extensions | undefined;
    readonly dialect: Dialect;
    readonly secret: string;
    readonly ttlDays: number;
  },
): Promise<{ readonly connection: string; readonly token: string }> {
  const { slug, name, extensions, dialect, secret, ttlDays } = request;
  return db.transaction(async (tx) => {
    const tenant = await createTenant(tx, { slug, name });
    if (tenant === undefined)
      throw new CommandError(
        `the tenant "${slug}" exists; "bin/rollcall token rotate ${slug}" gives it a new token`,
      );
    const tenantId = tenant.id;
    const connectionId = await createConnection(tx, tenantId, CONNECTION_NAME, dialect);
    const issued = await issueToken(tx, { tenantId, connectionId, secret, ttlDays });
    await recordAudit(tx, [
      { tenantId, actor: CLI_ACTOR, action: "tenant.created", subject: slug },
      { tenantId, actor: CLI_ACTOR, action: "connection.created", subject: CONNECTION_NAME },
      { tenantId, actor: CLI_ACTOR, action: "token.issued", subject: `${issued.hint}…` },
    ]);
    if (extensions) await recordSchema(tx, { tenantId, extensions, isForced: false });
    return { connection: connectionId, token: issued.token };
  });
}

function asJson(connection: Connection): object {
  return {
    tenant: connection.tenantSlug,
    name: connection.tenantName,
    connection: connection.id,
    connectionName: connection.name,
    dialect: connection.dialect,
    createdAt: connection.createdAt,
    disconnectedAt: connection.disconnectedAt,
    tokenHint: connection.tokenHint,
    tokenExpiresAt: connection.tokenExpiresAt,
    tokenLastUsedAt: connection.tokenLastUsedAt,
  };
}

function printConnections(context: Context, connections: readonly Connection[]): void {
  if (connections.length === 0) {
    context.print('No tenants yet; "bin/rollcall tenant create <slug>" makes one.');
    return;
  }
  printTable(context, [
    ["TENANT", "NAME", "CONNECTION", "DIALECT", "TOKEN EXPIRES", "LAST USED"],
    ...connections.map((connection) => [
      connection.tenantSlug,
      connection.tenantName,
      connection.id,
      connection.dialect,
      day(connection.tokenExpiresAt) ?? "no token",
      day(connection.tokenLastUsedAt) ?? "never",
    ]),
  ]);
}

function day(date: Date | null): string | undefined {
  return date?.toISOString().slice(0, 10);
}
