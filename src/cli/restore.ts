/** `restore`: puts a backup into a database, and refuses whatever would end in a service that does not work. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { newId } from "../platform/ids.ts";
import { fingerprint } from "../platform/secrets.ts";
import { countQueueWorkers, emptyQueues } from "../queue/empty-queues.ts";
import type { QueueSettings } from "../queue/queues.ts";
import type { DatabasePool } from "../store/database.ts";
import { knownMigrations } from "../store/migrations.ts";
import {
  emptyTarget,
  examineTarget,
  type Restored,
  type RestoreTarget,
  settleRestored,
} from "../store/restore-target.ts";
import { readServerFacts } from "../store/server-facts.ts";
import { type BackupFacts, readBackup } from "./backup-file.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs } from "./command.ts";
import {
  assertReachable,
  type Installation,
  migrate,
  openCommandDatabase,
  withInstallation,
} from "./installation.ts";
import { findPostgresTools, type PostgresTools } from "./postgres-tools.ts";
import { CLI_ACTOR } from "./token.ts";

const LOOKS = 10;
const LOOK_EVERY_MS = 500;

const OPTIONS = {
  overwrite: { type: "string" },
  migrate: { type: "boolean" },
  "other-secret": { type: "boolean" },
  "queue-in-use": { type: "boolean" },
  "pg-bin": { type: "string" },
  json: { type: "boolean" },
} as const;

interface Wanted {
  readonly file: string;
  readonly overwrite?: string | undefined;
  readonly migrate?: boolean | undefined;
  readonly "other-secret"?: boolean | undefined;
  readonly "queue-in-use"?: boolean | undefined;
  readonly "pg-bin"?: string | undefined;
}

interface Run extends Wanted {
  readonly tools: PostgresTools;
  readonly facts: BackupFacts;
  readonly installation: Installation;
  readonly db: DatabasePool;
}

export const restoreCommand: Command = {
  usage:
    "restore <file> [--overwrite <database>] [--migrate] [--other-secret] [--queue-in-use] [--pg-bin <folder>] [--json]",
  summary: "puts a backup into an empty database, or by --overwrite in the place of what is there",
  async run(args, context) {
    const { values, positionals } = readArgs(args, OPTIONS);
    const file = resolve(onlyArgument(positionals, "file"));
    if (!existsSync(file)) throw new CommandError(`there is no file ${file}`);
    return withInstallation(context.env, async (installation) => {
      const { facts, restored } = await restore(installation, { ...values, file }, context);
      if (values.json) context.print(JSON.stringify({ file, takenAt: facts.takenAt, ...restored }));
      else for (const line of told(facts, restored)) context.print(line);
      return 0;
    });
  },
};

async function restore(
  installation: Installation,
  wanted: Wanted,
  { env }: Context,
): Promise<{ readonly facts: BackupFacts; readonly restored: Restored }> {
  const { DATABASE_URL: databaseUrl } = installation.config;
  const db = openCommandDatabase(installation.config);
  try {
    await assertReachable(db);
    const serverMajor = Number.parseInt((await readServerFacts(db)).version, 10);
    const tools = await findPostgresTools({ env, databaseUrl, serverMajor, folder: wanted["pg-bin"] });
    const facts = await readBackup(tools, wanted.file);
    if (facts.serverMajor > serverMajor)
      throw new CommandError(
        `the backup is of Postgres ${facts.serverMajor}, and this is Postgres ${serverMajor}: restore into ${facts.serverMajor} or later`,
      );
    await checkSchema(facts, wanted);
    checkSecretOf(facts, installation, wanted);
    const run = { ...wanted, tools, facts, installation, db };
    await makeRoom(run);
    return { facts, restored: await putBack(run) };
  } finally {
    await db.close();
  }
}

async function checkSchema({ migrations }: BackupFacts, wanted: Wanted): Promise<void> {
  const known = await knownMigrations();
  const newer = migrations.filter((name) => !known.includes(name));
  if (newer.length > 0)
    throw new CommandError(
      `the backup is of a newer Rollcall (${newer.join(", ")}); restore it with that version, or a later one`,
    );
  const lacking = known.filter((name) => !migrations.includes(name));
  if (lacking.length > 0 && wanted.migrate !== true)
    throw new CommandError(
      `the backup is of an older Rollcall, it lacks ${lacking.join(", ")}; --migrate restores it and brings it up to date`,
    );
}

function checkSecretOf(facts: BackupFacts, { secret }: Installation, wanted: Wanted): void {
  if (wanted["other-secret"] === true || facts.secretFingerprint === undefined) return;
  const advice = "give the one it was taken under; with --other-secret no token in it will be accepted";
  if (secret === undefined) throw new CommandError(`ROLLCALL_SECRET is not set; ${advice}`);
  if (fingerprint(secret) === facts.secretFingerprint) return;
  const both = `${fingerprint(secret)} instead of ${facts.secretFingerprint}`;
  throw new CommandError(
    `ROLLCALL_SECRET is not the one of the backup (fingerprint ${both}); restore the former one: ${advice}`,
  );
}

/** Postgres shows a connection for a moment longer than the process that was just stopped has it. */
async function examineSettled(db: DatabasePool, queueSchema: string): Promise<RestoreTarget> {
  for (let attempt = 1; ; attempt += 1) {
    const target = await examineTarget(db, queueSchema);
    if (target.connected.length === 0 || attempt === LOOKS) return target;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Nothing is taken away before the whole file has been read once. */
async function makeRoom({ db, installation, overwrite, tools, file, ...wanted }: Run): Promise<void> {
  const queueSchema = `${installation.config.QUEUE_PREFIX}_queue`;
  const { database, tables, connected } = await examineSettled(db, queueSchema);
  if (connected.length > 0)
    throw new CommandError(`${connected.join(", ")} still run on ${database}: stop them first`);
  if (tables > 0 && overwrite !== database)
    throw new CommandError(
      `the database ${database} is not empty (${tables} tables): name another in DATABASE_URL, or give "--overwrite ${database}", which removes all that is in it`,
    );
  if (wanted["queue-in-use"] !== true) await assertQueueUnused(installation);
  if (tables === 0) return;
  await tools.run("pg_restore", ["--file=/dev/null", file]);
  await db.transaction((tx) => emptyTarget(tx, queueSchema));
}

/**
 * A queue in Redis is found by its prefix, whatever database is restored: a drill beside a service that lives would empty
 * that one's. A queue in Postgres is the database's own, and whoever uses it is connected to it.
 */
async function assertQueueUnused({ config }: Installation): Promise<void> {
  const queue = redisQueueOf(config);
  if (queue === undefined) return;
  let workers = 0;
  for (let attempt = 1; attempt <= LOOKS; attempt += 1) {
    workers = await countQueueWorkers(queue);
    if (workers === 0) return;
    await sleep(LOOK_EVERY_MS);
  }
  throw new CommandError(
    `${workers} workers take jobs from the queue "${config.QUEUE_PREFIX}" of REDIS_URL, which a restore empties: stop them, or, for a drill beside a service that goes on, give a QUEUE_PREFIX or a REDIS_URL of its own (--queue-in-use empties it all the same)`,
  );
}

/** @returns undefined where the queue lives in the database itself */
function redisQueueOf(config: Installation["config"]): QueueSettings | undefined {
  if (config.REDIS_URL === undefined) return undefined;
  // Whatever needed the connection reports the same error.
  const onError = (): void => undefined;
  const { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl, QUEUE_PREFIX: prefix } = config;
  return { redisUrl, databaseUrl, prefix, onError };
}

async function putBack({ tools, db, file, facts, installation }: Run): Promise<Restored> {
  const { DATABASE_URL } = installation.config;
  const database = decodeURIComponent(new URL(DATABASE_URL).pathname.slice(1));
  // All or nothing. Who owns what, and who else may use it, is for this database to say.
  const args = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"];
  await tools.run("pg_restore", [...args, `--dbname=${database}`, file]);
  await migrate(installation.config);
  const restored = await settleRestored(db, {
    epoch: newId(),
    takenAt: facts.takenAt,
    actor: CLI_ACTOR,
  });
  // Without statistics the first hours of a large directory would be planned blindly; and it may take its time.
  const client = await db.connect();
  await client.query("ANALYZE").finally(() => client.end());
  const queue = redisQueueOf(installation.config);
  if (queue !== undefined) await emptyQueues(queue);
  return restored;
}

function told(facts: BackupFacts, { tenants, connections, sessionsEnded }: Restored): string[] {
  return [
    `Restored as of ${facts.takenAt}: ${tenants} tenants, ${connections} connections.`,
    "The queue was emptied; requests that were under way are sent again by their clients.",
    `${sessionsEnded} console sessions were ended.`,
    "Now, since everything after that time is gone although it was acknowledged:",
    '  1. Start the service, then in Azure, for each connection, choose "Restart provisioning": only an initial cycle sends',
    "     again what Azure believes to be here.",
    "  2. Revoke again the tokens and keys that were revoked since, and erase again who was erased since.",
    "  3. Let each product read its users anew: its cursors into the event feed are refused (cursor-invalid).",
  ];
}
