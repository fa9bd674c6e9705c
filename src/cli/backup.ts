/** `backup`: the whole database but its queue into one file, which `restore` reads, and pg_restore as well. */
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { fingerprint } from "../platform/secrets.ts";
import { checkSecret } from "../store/installation.ts";
import { readServerFacts } from "../store/server-facts.ts";
import { type BackupFacts, readBackup } from "./backup-file.ts";
import { type Command, CommandError, onlyArgument, readArgs, reason } from "./command.ts";
import { type Installation, openCommandDatabase, withInstallation } from "./installation.ts";
import { findPostgresTools } from "./postgres-tools.ts";

const PRIVATE = 0o077;

export const backupCommand: Command = {
  usage: "backup <file> [--pg-bin <folder>] [--json]",
  summary: "writes all but the queue into one file (needs pg_dump); the service may run meanwhile",
  async run(args, { env, print }) {
    const { values, positionals } = readArgs(args, {
      "pg-bin": { type: "string" },
      json: { type: "boolean" },
    });
    const file = resolve(onlyArgument(positionals, "file"));
    if (existsSync(file)) throw new CommandError(`${file} exists already; a backup does not overwrite one`);
    return withInstallation(env, async (installation) => {
      const facts = await takeBackup(installation, { file, env, folder: values["pg-bin"] });
      const { size } = statSync(file);
      const secret = facts.secretFingerprint ?? null;
      if (values.json) print(JSON.stringify({ file, bytes: size, ...facts, secretFingerprint: secret }));
      else for (const line of told(file, size, facts)) print(line);
      return 0;
    });
  },
};

interface Wanted {
  readonly file: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string | undefined;
}

async function takeBackup(installation: Installation, { file, env, folder }: Wanted): Promise<BackupFacts> {
  const { DATABASE_URL: databaseUrl, QUEUE_PREFIX: prefix } = installation.config;
  const tools = await findPostgresTools({
    ...{ env, databaseUrl, folder },
    serverMajor: await examine(installation),
  });
  // Under another name until it is whole: nobody shall take half a backup for one.
  const draft = `${file}.part`;
  const umask = process.umask(PRIVATE);
  try {
    // What is on the queue was not answered yet, or stands in a table as well; restored it would only be old.
    const args = ["--format=custom", `--exclude-schema=${prefix}_queue`, `--file=${draft}`];
    await tools.run("pg_dump", args);
    const facts = await readBackup(tools, draft);
    renameSync(draft, file);
    return facts;
  } finally {
    process.umask(umask);
    rmSync(draft, { force: true });
  }
}

/** @returns the server's major version. @throws {CommandError} when this is not the database one means */
async function examine({ config, secret }: Installation): Promise<number> {
  const db = openCommandDatabase(config);
  try {
    const { version } = await readServerFacts(db);
    // A backup beside the wrong secret opens no door; better to hear of it now.
    if (secret !== undefined) await checkSecret(db, fingerprint(secret));
    return Number.parseInt(version, 10);
  } catch (error) {
    throw new CommandError(reason(error), { cause: error });
  } finally {
    await db.close();
  }
}

function told(
  file: string,
  bytes: number,
  { takenAt, migrations, secretFingerprint }: BackupFacts,
): string[] {
  return [
    `${file}: ${bytes} bytes, as of ${takenAt}, schema ${migrations.at(-1) ?? "none"}`,
    `Not in it: ROLLCALL_SECRET (fingerprint ${secretFingerprint ?? "not noted yet"}), without which no token in it is`,
    "accepted and no webhook signed; the queue; the settings. Keep the secret elsewhere, and this file as safe as the",
    "database: it holds people's data in clear.",
  ];
}
