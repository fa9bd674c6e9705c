/** `erase …`: takes a person, or a whole tenant, out of everything, and says what was removed. */
import { eraseJobs, type JobsToErase } from "../queue/erase-jobs.ts";
import { createQueueBackend } from "../queue/queues.ts";
import type { DatabasePool } from "../store/database.ts";
import { type Erased, findPersonToErase, type PersonToErase } from "../store/erase-person.ts";
import { eraseOnePerson, eraseWholeTenant } from "../store/erase.ts";
import { type Command, CommandError, type Context, onlyArgument, readArgs, twoArguments } from "./command.ts";
import { type Installation, onDatabase } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

export const erasePersonCommand: Command = {
  usage: "erase person <slug> <who> [--confirm] [--json]",
  summary: "takes a person out of everything: who is an id, userName, e-mail, externalId or the product's id",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      confirm: { type: "boolean" },
      json: { type: "boolean" },
    });
    const [slug, who] = twoArguments(positionals, ["slug", "who"]);
    return inInstallation(context, async (db, installation) => {
      const { id: tenantId } = await requireTenant(db, slug);
      const [person, another] = await findPersonToErase(db, tenantId, who);
      if (person === undefined) throw new CommandError(`${slug} holds nobody who is "${who}"`);
      if (another !== undefined)
        throw new CommandError(`several people of ${slug} are "${who}"; give the id of one`);
      if (values.confirm !== true)
        throw new CommandError(`this cannot be undone; --confirm erases ${described(person)} of ${slug}`);
      const erased = await withJobs(installation, (erase) =>
        eraseOnePerson(person, { db, actor: CLI_ACTOR, eraseJobs: erase }),
      );
      printProof(context, erased, values.json);
    });
  },
};

export const eraseTenantCommand: Command = {
  usage: "erase tenant <slug> [--confirm <slug>] [--json]",
  summary: "ends a tenant's tokens and keys at once, and removes all that is held of it",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      confirm: { type: "string" },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    return inInstallation(context, async (db, installation) => {
      const tenant = await requireTenant(db, slug);
      if (values.confirm !== slug)
        throw new CommandError(`this cannot be undone; "--confirm ${slug}" erases the tenant`);
      const erased = await withJobs(installation, (erase) =>
        eraseWholeTenant(tenant, { db, actor: CLI_ACTOR, eraseJobs: erase }),
      );
      printProof(context, erased, values.json);
    });
  },
};

function inInstallation(
  { env }: Context,
  work: (db: DatabasePool, installation: Installation) => Promise<void>,
): Promise<number> {
  return onDatabase({ env }, async (db, installation) => {
    await work(db, installation);
    return 0;
  });
}

function described({ userId }: PersonToErase): string {
  return userId === undefined ? "somebody whom the product alone knew" : `the user ${userId}`;
}

async function withJobs<Result>(
  { config }: Installation,
  work: (erase: (wanted: JobsToErase) => Promise<number>) => Promise<Result>,
): Promise<Result> {
  const backend = createQueueBackend({
    redisUrl: config.REDIS_URL,
    databaseUrl: config.DATABASE_URL,
    prefix: config.QUEUE_PREFIX,
    onError: () => undefined, // The call that needs the queue reports the same error.
  });
  const queues = [backend.openQueue(), backend.openDeliveryQueue()];
  try {
    await Promise.all(queues.map((queue) => queue.waitUntilReady()));
    return await work(async (wanted) => {
      let removed = 0;
      for (const queue of queues) removed += await eraseJobs(queue, wanted);
      return removed;
    });
  } finally {
    await Promise.all(queues.map((queue) => queue.close()));
  }
}

/** What was removed or emptied, and where: numbers alone, so that the proof can be kept. */
function printProof({ print }: Context, erased: Erased, asJson = false): void {
  if (asJson) {
    print(JSON.stringify({ erased }));
    return;
  }
  const removed = Object.entries(erased).filter(([, rows]) => rows > 0);
  printTable(
    { print },
    removed.map(([table, rows]) => [table, String(rows)]),
  );
  print("Erased. Copies outside, such as backups, logs of a proxy and the product itself, are not reached.");
}
