/** `connection disconnect` and `tenant export`: ending what an identity provider may do, and taking the directory along. */
import { recordAudit } from "../store/audit.ts";
import { disconnect } from "../store/disconnect.ts";
import { EXPORT_FORMATS, exportDirectory } from "../store/export-directory.ts";
import { changeLoginGate } from "../store/login-gates.ts";
import { type Command, CommandError, onlyArgument, readArgs, UsageError } from "./command.ts";
import { onDatabase } from "./installation.ts";
import { CLI_ACTOR, requireConnection, requireTenant } from "./token.ts";

export const connectionDisconnect: Command = {
  usage: "connection disconnect <slug> --when-off <choice> [--connection <id>] [--confirm]",
  summary:
    "ends its tokens at once and keeps the data; choice: allow or refuse, what the login gate then does",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      "when-off": { type: "string" },
      connection: { type: "string" },
      confirm: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    const whenOff = values["when-off"];
    if (whenOff !== "allow" && whenOff !== "refuse")
      throw new UsageError("--when-off takes allow or refuse: what the gate answers without a connection");
    return onDatabase(context, async (db) => {
      const connection = await requireConnection(db, slug, values.connection);
      const { tenantId, name } = connection;
      if (values.confirm !== true)
        throw new CommandError(
          `Azure would be answered 401 at once, and nobody of ${slug} be deactivated by it any more; --confirm disconnects ${name}`,
        );
      await db.transaction(async (tx) => {
        if (!(await disconnect(tx, connection))) throw new CommandError(`${name} is disconnected already`);
        await changeLoginGate(tx, tenantId, { whenOff });
        await recordAudit(tx, [
          { tenantId, actor: CLI_ACTOR, action: "connection.disconnected", subject: name },
          { tenantId, actor: CLI_ACTOR, action: "login_gate.changed", subject: `when-off ${whenOff}` },
        ]);
      });
      context.print(`${name} of ${slug} is disconnected; its users and groups stay as they are.`);
      return 0;
    });
  },
};

export const tenantExport: Command = {
  usage: `tenant export <slug> [--format ${EXPORT_FORMATS.join("|")}]`,
  summary: "prints a tenant's users (csv), or users and groups (json, or as a SCIM bulk request)",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { format: { type: "string", default: "json" } });
    const slug = onlyArgument(positionals, "slug");
    const format = EXPORT_FORMATS.find((each) => each === values.format);
    if (format === undefined) throw new UsageError(`--format takes ${EXPORT_FORMATS.join(", ")}`);
    return onDatabase(context, async (db) => {
      const { id } = await requireTenant(db, slug);
      // A large directory is printed as it is read.
      for await (const text of linesOf(exportDirectory(db, id, format))) context.print(text);
      return 0;
    });
  },
};

/** Whole lines, several at a time: printing ends each with a line's end of its own. */
async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of texts) {
    rest += text;
    const end = rest.lastIndexOf("\n");
    if (end < 0) continue;
    yield rest.slice(0, end);
    rest = rest.slice(end + 1);
  }
  if (rest !== "") yield rest;
}
