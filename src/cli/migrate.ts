/** `migrate`: brings the schema up to date; to be run before processes of a new version start. */
import { parseArgs } from "node:util";
import type { Command } from "./command.ts";
import { migrate, withInstallation } from "./installation.ts";

export const migrateCommand: Command = {
  usage: "migrate",
  summary: "brings the database's schema up to date",
  async run(args, { env, print }) {
    parseArgs({ args: [...args] });
    const applied = await withInstallation(env, ({ config }) => migrate(config));
    for (const name of applied) print(`applied ${name}`);
    print("The schema is up to date.");
    return 0;
  },
};
