/** `webhook set-version`: an endpoint goes over to another version of messages. */
import { setPayloadVersion } from "../store/webhook-endpoints.ts";
import { type Command, CommandError, readArgs, UsageError } from "./command.ts";
import { inDatabase, note, payloadVersionOf, requireEndpoint } from "./webhook.ts";

export const webhookSetVersion: Command = {
  usage: "webhook set-version <slug> <endpoint> <n>",
  summary: "tells an endpoint another version of messages from now on, what waits included",
  async run(args, context) {
    const { positionals } = readArgs(args, {});
    const version = payloadVersionOf(positionals[2]);
    if (version === undefined) throw new UsageError("<n> is missing");
    return inDatabase(context, async (db) => {
      const endpoint = await requireEndpoint(db, [...positionals.slice(0, 2), ...positionals.slice(3)]);
      if (endpoint.format !== "json") throw new CommandError("it is told tokens, which have no version");
      await db.transaction(async (tx) => {
        if (!(await setPayloadVersion(tx, endpoint, version)))
          throw new CommandError(`it is told version ${version} already`);
        await note(tx, { ...endpoint, action: "webhook.version_changed" });
      });
      context.print(`It is told version ${version} from now on.`);
    });
  },
};
