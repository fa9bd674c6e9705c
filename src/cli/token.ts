/** `token rotate`: a new bearer token for a tenant; the old ones end at once, or after a while. Tokens are shown once, here. */
import { recordAudit } from "../store/audit.ts";
import type { Database, DatabasePool } from "../store/database.ts";
import {
  type Connection,
  findTenant,
  listTenantConnections,
  OVERLAP_HOURS_MAX,
  rotateToken,
  type Tenant,
} from "../store/tenants.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs, UsageError } from "./command.ts";
import { onDatabase, requireSecret } from "./installation.ts";

/** Who the audit says it was. */
export const CLI_ACTOR = "cli";

export const tokenRotate: Command = {
  usage: "token rotate <slug> [--connection <id>] [--overlap <hours>] [--json]",
  summary: "gives a connection a new token and ends the ones it had, at once or after so many hours",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      connection: { type: "string" },
      overlap: { type: "string", default: "0" },
      json: { type: "boolean" },
    });
    const tenant = onlyArgument(positionals, "slug");
    const overlapHours = hoursOf(values.overlap);
    return onDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const { TOKEN_TTL_DAYS: ttlDays } = installation.config;
      const rotated = await rotate(db, {
        ...{ slug: tenant, secret, ttlDays, overlapHours },
        id: values.connection,
      });
      printToken(context, { ...rotated, tenant, tenantUrl: installation.tenantUrl }, values.json);
      return 0;
    });
  },
};

function hoursOf(text: string): number {
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : Infinity;
  if (hours <= OVERLAP_HOURS_MAX) return hours;
  throw new UsageError(`--overlap takes hours, from 0 to ${OVERLAP_HOURS_MAX}`);
}

export interface ShownToken {
  readonly tenant: string;
  readonly connection: string;
  readonly tenantUrl: string;
  readonly token: string;
}

/** The only place where a token is shown. */
export function printToken({ print }: Context, shown: ShownToken, asJson = false): void {
  const { tenant, connection, tenantUrl, token } = shown;
  if (asJson) {
    print(JSON.stringify({ tenant, connection, tenantUrl, token }));
    return;
  }
  print(`Tenant      ${tenant}`);
  print(`Connection  ${connection}`);
  print(`Tenant URL  ${tenantUrl}`);
  print(`Token       ${token}`);
  print("The token is shown this once and cannot be read again. Paste it into Azure as the Secret Token.");
}

async function rotate(
  db: DatabasePool,
  request: {
    readonly slug: string;
    readonly id: string | undefined;
    readonly secret: string;
    readonly ttlDays: number;
    readonly overlapHours: number;
  },
): Promise<{ readonly connection: string; readonly token: string }> {
  const { slug, id, secret, ttlDays, overlapHours } = request;
  return db.transaction(async (tx) => {
    const connection = await requireConnection(tx, slug, id);
    const { tenantId, id: connectionId } = connection;
    const issued = await rotateToken(tx, { tenantId, connectionId, secret, ttlDays }, { overlapHours });
    await recordAudit(tx, [
      { tenantId, actor: CLI_ACTOR, action: "token.rotated", subject: `${issued.hint}…` },
    ]);
    return { connection: connectionId, token: issued.token };
  });
}

/** @throws {CommandError} when there is no such tenant */
export async function requireTenant(db: Database, slug: string): Promise<Tenant> {
  const tenant = await findTenant(db, slug);
  if (tenant !== undefined) return tenant;
  throw new CommandError(`there is no tenant "${slug}"; "bin/rollcall tenant list" shows those there are`);
}

/**
 * The connection that a command is about.
 * @param id - needed where the tenant has several
 * @throws {CommandError} when there is no such connection, or more than one
 */
export async function requireConnection(db: Database, slug: string, id?: string): Promise<Connection> {
  const tenant = await requireTenant(db, slug);
  const all = await listTenantConnections(db, tenant.id);
  const [connection, another] = all.filter(
    (each) => each.disconnectedAt === null && (id === undefined || each.id === id),
  );
  if (connection === undefined)
    throw new CommandError(`the tenant "${slug}" has no ${id === undefined ? "" : "such "}connection in use`);
  if (another === undefined) return connection;
  throw new CommandError(
    `the tenant "${slug}" has several connections; name the one you mean, or open it in the console`,
  );
}
