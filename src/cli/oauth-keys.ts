/** `oauth keys`: the public keys of a client that signs its own assertions (private_key_jwt). */
import { readFileSync } from "node:fs";
import { recordAudit } from "../store/audit.ts";
import { type KeyTrust, readKeyTrust, removeClientKeys, setClientKeys } from "../store/client-keys.ts";
import type { Transaction } from "../store/database.ts";
import { type Command, CommandError, onlyArgument, readArgs, reason, UsageError } from "./command.ts";
import { withDatabase, withInstallation } from "./installation.ts";
import { CLI_ACTOR, requireConnection } from "./token.ts";

const OPTIONS = {
  connection: { type: "string" },
  algorithm: { type: "string", default: "RS256" },
  file: { type: "string" },
  url: { type: "string" },
  remove: { type: "boolean", default: false },
} as const;

export const oauthKeys: Command = {
  usage: "oauth keys <slug> (--file <path> | --url <url>) [--algorithm RS256] [--connection <id>] | --remove",
  summary: "takes a client's own JWTs in place of a secret (private_key_jwt), by its public keys",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const slug = onlyArgument(positionals, "slug");
    const trust = values.remove ? undefined : trustOf(values);
    return withInstallation(env, ({ tenantUrl, ...installation }) =>
      withDatabase({ tenantUrl, ...installation }, async (db) => {
        const clientId = await db.transaction((tx) => change(tx, { slug, id: values.connection, trust }));
        if (trust === undefined) print(`${slug} has no keys any more.`);
        else {
          print(`Client Identifier  ${clientId}   (iss and sub of its assertions)`);
          print(`Token Endpoint     ${tenantUrl.replace(/\/scim\/v2$/, "/oauth2/token")}   (their aud)`);
          print(`Algorithm          ${trust.algorithm}`);
        }
        return 0;
      }),
    );
  },
};

interface Change {
  readonly slug: string;
  readonly id: string | undefined;
  /** Undefined: those there are go. */
  readonly trust: KeyTrust | undefined;
}

/** @returns the client's id. @throws {CommandError} where there was nothing to remove */
async function change(tx: Transaction, { slug, id, trust }: Change): Promise<string> {
  const { tenantId, id: connectionId, name } = await requireConnection(tx, slug, id);
  const of = { tenantId, connectionId };
  if (trust) await setClientKeys(tx, of, trust);
  else if (!(await removeClientKeys(tx, of)))
    throw new CommandError(`the connection "${name}" of "${slug}" has no keys`);
  const action = trust ? "client_keys.set" : "client_keys.removed";
  const subject = trust ? `${name}: ${trust.algorithm}` : name;
  await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action, subject }]);
  return connectionId;
}

/** @throws {UsageError} */
function trustOf({ file, url, algorithm }: { file?: string; url?: string; algorithm: string }): KeyTrust {
  if ((file === undefined) === (url === undefined)) throw new UsageError("give either --file or --url");
  try {
    return readKeyTrust(algorithm, url === undefined ? { text: readFileSync(file ?? "", "utf8") } : { url });
  } catch (error) {
    throw error instanceof RangeError ? new UsageError(error.message) : new CommandError(reason(error));
  }
}
