/** `oauth …`: client credentials of a connection, and whose JWTs it trusts. A secret is shown once, here. */
import { recordAudit } from "../store/audit.ts";
import { readTrust, removeFederation, setFederation, type Trust } from "../store/oauth-clients.ts";
import { OVERLAP_HOURS_MAX, rotateToken } from "../store/tenants.ts";
import { type Command, CommandError, onlyArgument, readArgs, UsageError } from "./command.ts";
import { onDatabase, requireSecret } from "./installation.ts";
import { CLI_ACTOR, requireConnection } from "./token.ts";

const OVERLAP_HOURS_DEFAULT = "168";

export const oauthSecret: Command = {
  usage: "oauth secret <slug> [--connection <id>] [--overlap <hours>] [--json]",
  summary:
    "makes a client secret for the token endpoint; those before it go on for a week, or for so many hours",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, {
      connection: { type: "string" },
      overlap: { type: "string", default: OVERLAP_HOURS_DEFAULT },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    const overlapHours = /^\d{1,3}$/.test(values.overlap) ? Number(values.overlap) : Infinity;
    if (overlapHours > OVERLAP_HOURS_MAX)
      throw new UsageError(`--overlap takes hours, from 0 to ${OVERLAP_HOURS_MAX}`);
    return onDatabase({ env }, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const made = await db.transaction(async (tx) => {
        const { tenantId, id: connectionId } = await requireConnection(tx, slug, values.connection);
        const request = { tenantId, connectionId, secret, ttlDays: installation.config.TOKEN_TTL_DAYS };
        const issued = await rotateToken(tx, { ...request, kind: "client_secret" }, { overlapHours });
        await recordAudit(tx, [
          { tenantId, actor: CLI_ACTOR, action: "client_secret.issued", subject: `${issued.hint}…` },
        ]);
        return { clientId: connectionId, clientSecret: issued.token };
      });
      const { tenantUrl } = installation;
      const tokenEndpoint = tenantUrl.replace(/\/scim\/v2$/, "/oauth2/token");
      if (values.json === true) print(JSON.stringify({ tenant: slug, tenantUrl, tokenEndpoint, ...made }));
      else {
        print(`Tenant URL         ${tenantUrl}`);
        print(`Token Endpoint     ${tokenEndpoint}`);
        print(`Client Identifier  ${made.clientId}`);
        print(`Client Secret      ${made.clientSecret}`);
        print("The secret is shown this once and cannot be read again.");
      }
      return 0;
    });
  },
};

export const oauthTrust: Command = {
  usage: "oauth trust <slug> --issuer <url> --subject <text> --audience <text> [--connection <id>]",
  summary:
    "lets a connection's identity provider in by JWTs of its own issuer (workload identity federation)",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, {
      connection: { type: "string" },
      issuer: { type: "string", default: "" },
      subject: { type: "string", default: "" },
      audience: { type: "string", default: "" },
    });
    const slug = onlyArgument(positionals, "slug");
    const trust = trustOf(values);
    return onDatabase({ env }, async (db) => {
      await db.transaction(async (tx) => {
        const { tenantId, id: connectionId, name } = await requireConnection(tx, slug, values.connection);
        await setFederation(tx, { tenantId, connectionId }, trust);
        const subject = `${name}: ${trust.issuer}`;
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "federation.set", subject }]);
      });
      print(`${slug} trusts ${trust.subject} of ${trust.issuer}.`);
      return 0;
    });
  },
};

export const oauthDistrust: Command = {
  usage: "oauth distrust <slug> [--connection <id>]",
  summary: "ends that trust, and the access tokens that came of it",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, { connection: { type: "string" } });
    const slug = onlyArgument(positionals, "slug");
    return onDatabase({ env }, async (db) => {
      await db.transaction(async (tx) => {
        const { tenantId, id: connectionId, name } = await requireConnection(tx, slug, values.connection);
        if (!(await removeFederation(tx, { tenantId, connectionId })))
          throw new CommandError(`the connection "${name}" of "${slug}" trusts no issuer`);
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "federation.removed", subject: name }]);
      });
      print(`${slug} trusts no issuer any more.`);
      return 0;
    });
  },
};

/** @throws {UsageError} */
function trustOf(values: Trust): Trust {
  try {
    return readTrust(values);
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : error;
  }
}
