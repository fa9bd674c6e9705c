/** `digest …`: who is told of a connection's cycles that ended with failures. */
import { recordAudit } from "../store/audit.ts";
import { listDigests, type LoggedDigest } from "../store/digest-deliveries.ts";
import {
  describeDigest,
  type DigestSettings,
  findDigestSettings,
  NOBODY,
  readEmails,
  setDigest,
} from "../store/digests.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs, UsageError } from "./command.ts";
import { type Installation, onDatabase, requireSecret } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireConnection } from "./token.ts";
import { assertAllowed } from "./webhook.ts";

const SHOWN = 10;

export const digestShow: Command = {
  usage: "digest show <slug> [--connection <id>] [--json]",
  summary: "shows who is told of a connection's failed cycles, and what came of telling them",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      connection: { type: "string" },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    const { settings, sent } = await onDatabase(context, async (db) => {
      const { tenantId, id: connectionId } = await requireConnection(db, slug, values.connection);
      const key = { tenantId, connectionId };
      return { settings: await findDigestSettings(db, key), sent: await listDigests(db, key, SHOWN) };
    });
    if (values.json) context.print(JSON.stringify({ tenant: slug, ...settings, sent }));
    else printDigest(context, settings, sent);
    return 0;
  },
};

export const digestSet: Command = {
  usage:
    "digest set <slug> [--url <https address>|none] [--email <address,address>|none] [--renew-secret] [--connection <id>] [--json]",
  summary: "says who is told of a connection's failed cycles; shows the secret of a new address, once",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      url: { type: "string" },
      email: { type: "string" },
      "renew-secret": { type: "boolean", default: false },
      connection: { type: "string" },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    const renewsSecret = values["renew-secret"];
    if (values.url === undefined && values.email === undefined && !renewsSecret)
      throw new UsageError("say --url, --email, or both");
    const change = { url: values.url, email: values.email };
    const { settings, secret } = await onDatabase(context, (db, installation) =>
      db.transaction(async (tx) => {
        const { tenantId, id: connectionId, name } = await requireConnection(tx, slug, values.connection);
        const key = { tenantId, connectionId };
        const after = changed(await findDigestSettings(tx, key), change, installation);
        if (renewsSecret && after.url === null)
          throw new UsageError("there is no --url that a secret would be for");
        const ours = await requireSecret(installation, db);
        const subject = `${name}: ${describeDigest(after)}`;
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "digest.set", subject }]);
        const made = await setDigest(tx, key, { settings: after, renewsSecret, secret: ours });
        return { settings: after, secret: made };
      }),
    );
    if (values.json) context.print(JSON.stringify({ tenant: slug, ...settings, secret: secret ?? null }));
    else printSet(context, slug, { settings, secret });
    return 0;
  },
};

export const digestOff: Command = {
  usage: "digest off <slug> [--connection <id>]",
  summary: "tells nobody of a connection's failed cycles any more, and forgets who was told",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { connection: { type: "string" } });
    const slug = onlyArgument(positionals, "slug");
    await onDatabase(context, (db) =>
      db.transaction(async (tx) => {
        const { tenantId, id: connectionId, name } = await requireConnection(tx, slug, values.connection);
        const subject = `${name}: ${describeDigest(NOBODY)}`;
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "digest.set", subject }]);
        // No secret is made for nobody.
        const change = { settings: NOBODY, renewsSecret: false, secret: "" };
        await setDigest(tx, { tenantId, connectionId }, change);
      }),
    );
    context.print(`Nobody is told of failed cycles of ${slug} any more.`);
    return 0;
  },
};

interface Change {
  readonly url: string | undefined;
  readonly email: string | undefined;
}

/** What is not named stays. @throws {CommandError} */
function changed(before: DigestSettings, { url, email }: Change, installation: Installation): DigestSettings {
  return {
    url: url === undefined ? before.url : urlOf(url, installation),
    emails: email === undefined ? before.emails : emailsOf(email, installation),
  };
}

function urlOf(text: string, installation: Installation): string | null {
  if (text === "none") return null;
  assertAllowed(text, installation);
  return text;
}

function emailsOf(text: string, { config }: Installation): readonly string[] {
  if (text === "none") return [];
  if (config.SMTP_HOST === undefined)
    throw new CommandError("this installation has no mail server: set SMTP_HOST and SMTP_FROM first");
  try {
    return readEmails(text);
  } catch (error) {
    throw error instanceof RangeError ? new CommandError(error.message) : error;
  }
}

function printDigest({ print }: Context, settings: DigestSettings, sent: readonly LoggedDigest[]): void {
  print(`${describeDigest(settings)}.`);
  if (settings.url !== null) print(`Webhook  ${settings.url}`);
  for (const email of settings.emails) print(`E-mail   ${email}`);
  if (sent.length === 0) return;
  printTable({ print }, [
    ["CYCLE", "BY", "STATE", "ATTEMPTS", "LAST ANSWER"],
    ...sent.map(({ cycleId, channel, state, attempts, error }) => [
      cycleId,
      channel,
      state,
      String(attempts),
      error ?? "",
    ]),
  ]);
}

interface Set {
  readonly settings: DigestSettings;
  readonly secret: string | undefined;
}

function printSet({ print }: Context, slug: string, { settings, secret }: Set): void {
  print(`${slug}: ${describeDigest(settings)}, from the next cycle on.`);
  if (secret === undefined) return;
  print(`Secret   ${secret}`);
  print("The secret is shown this once. Give it to the receiver, which verifies signatures with it.");
}
