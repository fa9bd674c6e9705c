/** `webhook log`, `redeliver` and `test`: what came of deliveries, and making them again. */
import { randomUUID } from "node:crypto";
import { setHeaders, withSetError } from "../platform/security-event.ts";
import { createWebhookPoster } from "../platform/webhook-post.ts";
import { webhookHeaders } from "../platform/webhook-signature.ts";
import { recordAudit } from "../store/audit.ts";
import type { Database } from "../store/database.ts";
import { issuerOf, signVerification } from "../store/security-events.ts";
import { findSigningEndpoint, type SigningEndpoint } from "../store/signing-endpoint.ts";
import { listDeliveries, type LoggedDelivery, type Redelivery, redeliver } from "../store/webhook-log.ts";
import { type Command, CommandError, readArgs, UsageError } from "./command.ts";
import { requireSecret } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR } from "./token.ts";
import { inDatabase, requireEndpoint } from "./webhook.ts";

const LOG_LIMIT = 50;
const EVENT_ID = /^evt_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

export const webhookLog: Command = {
  usage: "webhook log <slug> <endpoint> [--failed] [--json]",
  summary: `shows an endpoint's ${LOG_LIMIT} newest deliveries, how they ended and what was answered`,
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      failed: { type: "boolean", default: false },
      json: { type: "boolean" },
    });
    return inDatabase(context, async (db) => {
      const endpoint = await requireEndpoint(db, positionals);
      const options = { limit: LOG_LIMIT, failedOnly: values.failed };
      const deliveries = await listDeliveries(db, endpoint, options);
      if (values.json) context.print(JSON.stringify(deliveries, undefined, 2));
      else printTable(context, [HEADING, ...deliveries.map(rowOf)]);
    });
  },
};

export const webhookRedeliver: Command = {
  usage: "webhook redeliver <slug> <endpoint> (<event> | --since <time>)",
  summary: "sends an event again, or all since a time; receivers know them by their ids",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { since: { type: "string" } });
    const [slug = "", endpointId = "", eventId, unexpected] = positionals;
    if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
    const wanted = wantedOf(eventId, values.since);
    return inDatabase(context, async (db) => {
      const endpoint = await requireEndpoint(
        db,
        [slug, endpointId].filter((text) => text !== ""),
      );
      const { tenantId, url } = endpoint;
      const count = await db.transaction(async (tx) => {
        await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action: "webhook.redelivered", subject: url }]);
        return redeliver(tx, endpoint, wanted);
      });
      if (count === 0)
        throw new CommandError("there is no such event that was sent before and is still kept");
      context.print(`${count} will be sent again.`);
    });
  },
};

export const webhookTest: Command = {
  usage: "webhook test <slug> <endpoint>",
  summary:
    "sends a signed message of type webhook.test (a verification token) from here, and shows the answer",
  async run(args, context) {
    const { positionals } = readArgs(args, {});
    return inDatabase(context, async (db, installation) => {
      const { config } = installation;
      const secret = await requireSecret(installation, db);
      const endpoint = await findSigningEndpoint(db, await requireEndpoint(db, positionals), secret);
      if (endpoint === undefined) throw new CommandError("the endpoint was deleted meanwhile");
      if (endpoint.delivery === "poll")
        throw new CommandError("nothing is sent to it: its receiver asks for what waits");
      const id = `evt_${randomUUID()}`;
      const poster = createWebhookPoster({
        timeoutMs: config.WEBHOOK_TIMEOUT_MS,
        isHttpAllowed: config.WEBHOOK_HTTP_ALLOWED,
        isPrivateAllowed: config.WEBHOOK_PRIVATE_ALLOWED,
      });
      const { body, headers } = await trialOf(db, endpoint, {
        id,
        secret,
        issuer: issuerOf(config.PUBLIC_URL),
      });
      const result = withSetError(await poster.post(endpoint.url, body, headers));
      poster.close();
      if (result.error !== null)
        throw new CommandError(
          `${endpoint.url}: ${result.error}${result.excerpt ? `: ${result.excerpt}` : ""}`,
        );
      context.print(`${endpoint.url} answered ${result.status} in ${result.durationMs} ms.`);
    });
  },
};

/** What tells a receiver nothing but that it is reached. */
async function trialOf(
  db: Database,
  endpoint: SigningEndpoint,
  { id, secret, issuer }: { readonly id: string; readonly secret: string; readonly issuer: string },
): Promise<{ readonly body: string; readonly headers: Readonly<Record<string, string>> }> {
  const { tenantId, tenantSlug: tenant, format, audience, payloadVersion, secrets } = endpoint;
  if (format !== "json") {
    const receiver = { tenantId, issuer, format, audience: audience ?? endpoint.url };
    const body = await signVerification(db, receiver, { jti: id, secret });
    return { body, headers: setHeaders(secrets, endpoint.authorization) };
  }
  const sentAt = new Date();
  const timestamp = sentAt.toISOString();
  const body = JSON.stringify({ payloadVersion, id, timestamp, tenant, type: "webhook.test", data: {} });
  return { body, headers: webhookHeaders({ id, sentAt, body }, secrets) };
}

function wantedOf(eventId: string | undefined, since: string | undefined): Redelivery {
  if ((eventId === undefined) === (since === undefined))
    throw new UsageError("say one event, or --since and a time");
  if (eventId !== undefined) {
    const id = EVENT_ID.exec(eventId)?.[1];
    if (id === undefined) throw new CommandError(`"${eventId}" is no id of an event; they begin with evt_`);
    return { eventId: id };
  }
  const time = new Date(since ?? "");
  if (Number.isNaN(time.getTime()))
    throw new CommandError(`--since takes a time such as 2026-11-24T09:00:00Z, not "${since}"`);
  return { since: time };
}

const HEADING = ["EVENT", "TYPE", "STATE", "ATTEMPTS", "STATUS", "MS", "ERROR"];

function rowOf(delivery: LoggedDelivery): readonly string[] {
  const { eventId, type, state, attempts, status, durationMs, error } = delivery;
  const cells = [state, attempts, status ?? "-", durationMs ?? "-", error ?? ""];
  return [`evt_${eventId}`, type, ...cells.map(String)];
}
