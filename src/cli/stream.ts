/** `stream create`: security event tokens that wait until their receiver asks. Afterwards `webhook` is about it as well. */
import { issuerOf } from "../store/security-events.ts";
import { createEndpoint } from "../store/webhook-endpoints.ts";
import { type Command, onlyArgument, readArgs, UsageError } from "./command.ts";
import { requireSecret } from "./installation.ts";
import { requireTenant } from "./token.ts";
import { formatOf, inDatabase, note, typesOf } from "./webhook.ts";

export const streamCreate: Command = {
  usage: "stream create <slug> [--types <type,type>] [--format set|set-notice] [--audience <uri>] [--json]",
  summary: "keeps security event tokens for a receiver that polls, with a product key",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      types: { type: "string" },
      format: { type: "string", default: "set" },
      audience: { type: "string" },
      json: { type: "boolean" },
    });
    const slug = onlyArgument(positionals, "slug");
    const types = typesOf(values.types);
    const format = formatOf(values.format, types);
    if (format === "json")
      throw new UsageError("messages are read from GET /v1/events; a stream is of tokens");
    return inDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const { id: tenantId } = await requireTenant(db, slug);
      const { audience: wanted } = values;
      const { id, audience } = await db.transaction(async (tx) => {
        const made = await createEndpoint(tx, {
          tenantId,
          url: null,
          types,
          format,
          audience: wanted,
          secret,
        });
        await note(tx, { tenantId, action: "webhook.created", url: made.audience ?? made.id });
        return made;
      });
      const { config, apiUrl } = installation;
      const origin = apiUrl ?? `http://127.0.0.1:${config.API_PORT}`;
      const shown = {
        stream: id,
        pollUrl: `${origin}/v1/security-events/${id}`,
        issuer: issuerOf(config.PUBLIC_URL),
        audience,
        keySet: `${origin}/.well-known/jwks.json`,
      };
      if (values.json) {
        context.print(JSON.stringify(shown));
        return;
      }
      context.print(`Stream    ${shown.stream}`);
      context.print(`Poll      ${shown.pollUrl}`);
      context.print(`Issuer    ${shown.issuer}`);
      context.print(`Audience  ${shown.audience ?? ""}`);
      context.print(`Key set   ${shown.keySet}`);
      context.print(
        `The receiver polls with a product key: "bin/rollcall product-key create ${slug}" makes one.`,
      );
    });
  },
};
