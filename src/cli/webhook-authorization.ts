/** `webhook set-authorization`: what a receiver of tokens is shown in the place of the endpoint's secret. */
import { setAuthorization, wrongAuthorization } from "../store/endpoint-authorization.ts";
import { type Command, CommandError, readArgs, UsageError } from "./command.ts";
import { requireSecret } from "./installation.ts";
import { readText } from "./people-file.ts";
import { inDatabase, note, requireEndpoint } from "./webhook.ts";

const STDIN = 0;

export const webhookSetAuthorization: Command = {
  usage: "webhook set-authorization <slug> <endpoint> --from <file> | --none",
  summary:
    'the Authorization header that a receiver of tokens wants, such as "Bearer …"; "-" reads it from stdin, since a command line is seen by others',
  async run(args, context) {
    const { values, positionals } = readArgs(args, { from: { type: "string" }, none: { type: "boolean" } });
    const { from } = values;
    if ((from === undefined) === (values.none !== true)) throw new UsageError("say --from or --none");
    const value = from === undefined ? null : readText(from === "-" ? STDIN : from).trim();
    const wrong = value === null ? undefined : wrongAuthorization(value);
    if (wrong !== undefined) throw new CommandError(`that is no value of the header: ${wrong}`);
    return inDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const endpoint = await requireEndpoint(db, positionals);
      if (endpoint.format === "json" || endpoint.delivery === "poll")
        throw new CommandError("only receivers that are sent tokens are shown one");
      await db.transaction(async (tx) => {
        if (!(await setAuthorization(tx, endpoint, { value, secret })))
          throw new CommandError("it has none of its own");
        const action = value === null ? "webhook.authorization_removed" : "webhook.authorization_set";
        await note(tx, { ...endpoint, action });
      });
      context.print(
        value === null
          ? "The endpoint's secret comes with each token again."
          : "It comes with each token from now on, what waits included.",
      );
    });
  },
};
