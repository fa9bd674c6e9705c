/** `grant`: lets a role of Postgres run the service without being able to change a table. */
import { QUEUES } from "../queue/queues.ts";
import { grantAppRole } from "../store/app-role.ts";
import type { DatabasePool } from "../store/database.ts";
import { LEAKPROOF, letIndexesThrough, lowerFence, raiseFence } from "../store/row-security.ts";
import { type Command, CommandError, onlyArgument, readArgs, reason } from "./command.ts";
import { onDatabase } from "./installation.ts";

export const grantCommand: Command = {
  usage: "grant <role> [--row-level-security on|off]",
  summary: "lets a Postgres role run the service without the right to change tables; as who migrates",
  async run(args, { env, print }) {
    const { positionals, values } = readArgs(args, { "row-level-security": { type: "string" } });
    const role = onlyArgument(positionals, "role");
    const fence = values["row-level-security"];
    if (fence !== undefined && fence !== "on" && fence !== "off")
      throw new CommandError("--row-level-security is on or off");
    return onDatabase({ env }, async (db, installation) => {
      const queueSchema = `${installation.config.QUEUE_PREFIX}_queue`;
      await grantAppRole(db, { role, queueSchema, queues: Object.values(QUEUES) }).catch((error: unknown) => {
        throw new CommandError(reason(error), { cause: error });
      });
      print(`${role} may run the service, and change no table.`);
      if (fence !== undefined) for (const line of await setFence(db, fence)) print(line);
      return 0;
    });
  },
};

/** @returns what to tell whoever asked for it */
async function setFence(db: DatabasePool, fence: "on" | "off"): Promise<readonly string[]> {
  if (fence === "off") return [`Row-level security is off on ${await lowerFence(db)} tables.`];
  const isIndexed = await letIndexesThrough(db);
  const tables = await raiseFence(db);
  return [
    `Row-level security is on, on ${tables} tables: processes of that role need ROW_LEVEL_SECURITY=true.`,
    ...(isIndexed
      ? []
      : [`People are found by e-mail slowly until a superuser runs, in this database: ${LEAKPROOF}`]),
  ];
}
