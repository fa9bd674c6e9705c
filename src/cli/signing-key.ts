/** `signing-key list`, `rotate` and `revoke`: by which keys security event tokens are signed. */
import { parseArgs } from "node:util";
import { recordAudit } from "../store/audit.ts";
import {
  listSigningKeys,
  OVERLAP_HOURS,
  PUBLISHED_AHEAD_SECONDS,
  revokeSigningKey,
  rotateSigningKey,
  type SigningKeyFacts,
} from "../store/signing-keys.ts";
import { type Command, CommandError, onlyArgument, readArgs } from "./command.ts";
import { requireSecret } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR } from "./token.ts";
import { inDatabase } from "./webhook.ts";

export const signingKeyList: Command = {
  usage: "signing-key list [--json]",
  summary: "shows the keys of security event tokens: which signs, which are published",
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { json: { type: "boolean" } } });
    return inDatabase(context, async (db) => {
      const keys = await listSigningKeys(db);
      if (values.json) context.print(JSON.stringify(keys, undefined, 2));
      else if (keys.length === 0)
        context.print("There is no signing key; the first receiver of tokens makes one.");
      else printTable(context, [["KEY", "SIGNS FROM", "PUBLISHED UNTIL", "STATE"], ...keys.map(rowOf)]);
    });
  },
};

export const signingKeyRotate: Command = {
  usage: "signing-key rotate [--now]",
  summary: `makes a new key, which signs in ${PUBLISHED_AHEAD_SECONDS / 60} minutes or at once; the old one stays published for ${OVERLAP_HOURS} hours`,
  async run(args, context) {
    const { values } = parseArgs({ args: [...args], options: { now: { type: "boolean", default: false } } });
    return inDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const id = await db.transaction(async (tx) => {
        const made = await rotateSigningKey(tx, secret, { isImmediate: values.now });
        await recordAudit(tx, [
          { tenantId: null, actor: CLI_ACTOR, action: "signing_key.rotated", subject: made },
        ]);
        return made;
      });
      context.print(`Key       ${id}`);
    });
  },
};

export const signingKeyRevoke: Command = {
  usage: "signing-key revoke <key>",
  summary: "takes a key out of the key set at once; what it signed is no longer believed",
  async run(args, context) {
    const { positionals } = readArgs(args, {});
    const id = onlyArgument(positionals, "key");
    return inDatabase(context, async (db) => {
      const result = await db.transaction(async (tx) => {
        const done = await revokeSigningKey(tx, id);
        if (done === "revoked")
          await recordAudit(tx, [
            { tenantId: null, actor: CLI_ACTOR, action: "signing_key.revoked", subject: id },
          ]);
        return done;
      });
      if (result === "missing")
        throw new CommandError(`no key "${id}" is published; "bin/rollcall signing-key list" shows them`);
      if (result === "only_one")
        throw new CommandError('no other key could sign; "bin/rollcall signing-key rotate --now" makes one');
      context.print("Revoked. Receivers that keep the key set believe it for five minutes more.");
    });
  },
};

function rowOf({ id, signsFrom, publishedUntil, isSigning }: SigningKeyFacts): readonly string[] {
  const isOver = publishedUntil !== null && publishedUntil.getTime() <= Date.now();
  const state = isSigning
    ? "signs"
    : isOver
      ? "ended"
      : signsFrom.getTime() > Date.now()
        ? "to come"
        : "published";
  return [id, signsFrom.toISOString(), publishedUntil?.toISOString() ?? "-", state];
}
