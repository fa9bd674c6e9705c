/** `grant`: lets a role of Postgres run the service without being able to change a table. */
import { parseArgs } from "node:util";
import { grantAppRole } from "../store/app-role.ts";
import { type Command, CommandError, onlyArgument, reason } from "./command.ts";
import { withDatabase, withInstallation } from "./installation.ts";

export const grantCommand: Command = {
  usage: "grant <role>",
  summary: "lets a Postgres role run the service without the right to change tables; as who migrates",
  async run(args, { env, print }) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true });
    const role = onlyArgument(positionals, "role");
    return withInstallation(env, (installation) =>
      withDatabase(installation, async (db) => {
        const queueSchema = `${installation.config.QUEUE_PREFIX}_queue`;
        await grantAppRole(db, { role, queueSchema }).catch((error: unknown) => {
          throw new CommandError(reason(error), { cause: error });
        });
        print(`${role} may run the service, and change no table.`);
        return 0;
      }),
    );
  },
};
