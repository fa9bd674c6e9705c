/** `webhook create`, `list`, `pause`, `resume`, `rotate-secret` and `delete`: where a tenant's events are sent. */
import { checkedUrl } from "../platform/webhook-post.ts";
import { type AuditAction, recordAudit } from "../store/audit.ts";
import type { Database, DatabasePool, Transaction } from "../store/database.ts";
import { PAYLOAD_VERSIONS, type PayloadVersion } from "../store/event-messages.ts";
import { EVENT_TYPES, type EventType } from "../store/events.ts";
import { SET_EVENT_TYPES } from "../store/security-events.ts";
import {
  createEndpoint,
  deleteEndpoint,
  ENDPOINT_FORMATS,
  type EndpointFormat,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  rotateEndpointSecret,
  type WebhookEndpoint,
} from "../store/webhook-endpoints.ts";
import {
  type Command,
  CommandError,
  type Context,
  onlyArgument,
  readArgs,
  reason,
  twoArguments,
  UsageError,
} from "./command.ts";
import { type Installation, onDatabase, requireSecret } from "./installation.ts";
import { printTable } from "./table.ts";
import { CLI_ACTOR, requireTenant } from "./token.ts";

const OVERLAP_HOURS = 24;

export const webhookCreate: Command = {
  usage:
    "webhook create <slug> <url> [--types <type,type>] [--payload-version <n>] [--format json|set|set-notice] [--audience <uri>] [--json]",
  summary: "sends the tenant's events to an address, signed; shows the secret, once",
  async run(args, context) {
    const { values, positionals } = readArgs(args, {
      types: { type: "string" },
      "payload-version": { type: "string" },
      format: { type: "string" },
      audience: { type: "string" },
      json: { type: "boolean" },
    });
    const [slug, url] = twoArguments(positionals, ["slug", "url"]);
    const types = typesOf(values.types);
    const payloadVersion = payloadVersionOf(values["payload-version"]);
    const { audience } = values;
    const format = formatOf(values.format, types);
    return inDatabase(context, async (db, installation) => {
      assertAllowed(url, installation);
      const secret = await requireSecret(installation, db);
      const { id: tenantId } = await requireTenant(db, slug);
      const made = await db.transaction(async (tx) => {
        await note(tx, { tenantId, action: "webhook.created", url });
        return createEndpoint(tx, { tenantId, url, types, payloadVersion, format, audience, secret });
      });
      const shown = { endpoint: made.id, secret: made.webhookSecret };
      showSecret(
        context,
        made.audience === null ? shown : { ...shown, audience: made.audience },
        values.json,
      );
    });
  },
};

export const webhookList: Command = {
  usage: "webhook list <slug> [--json]",
  summary: "shows a tenant's webhook endpoints and how they are",
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    const slug = onlyArgument(positionals, "slug");
    return inDatabase(context, async (db) => {
      const endpoints = await listEndpoints(db, (await requireTenant(db, slug)).id);
      if (values.json) context.print(JSON.stringify(endpoints, undefined, 2));
      else if (endpoints.length === 0) context.print(`${slug} has no webhook endpoint.`);
      else printTable(context, [HEADING, ...endpoints.map(rowOf)]);
    });
  },
};

export const webhookPause: Command = {
  usage: "webhook pause <slug> <endpoint>",
  summary: "sends nothing to an endpoint until it is resumed; its events wait",
  run: (args, context) =>
    onEndpoint(args, context, async (tx, endpoint) => {
      const options = { reason: "by_hand", probeAfterSeconds: null } as const;
      if (!(await pauseEndpoint(tx, endpoint, options))) throw new CommandError("it is paused already");
      await note(tx, { ...endpoint, action: "webhook.paused" });
      context.print(`Paused. Its events wait, for as long as events are kept.`);
    }),
};

export const webhookResume: Command = {
  usage: "webhook resume <slug> <endpoint>",
  summary: "sends to an endpoint again, beginning with what waited",
  run: (args, context) =>
    onEndpoint(args, context, async (tx, endpoint) => {
      if (!(await resumeEndpoint(tx, endpoint))) throw new CommandError("it is not paused");
      await note(tx, { ...endpoint, action: "webhook.resumed" });
      context.print("Resumed.");
    }),
};

export const webhookRotateSecret: Command = {
  usage: "webhook rotate-secret <slug> <endpoint> [--json]",
  summary: `makes a new secret; for ${OVERLAP_HOURS} hours both sign`,
  async run(args, context) {
    const { values, positionals } = readArgs(args, { json: { type: "boolean" } });
    return inDatabase(context, async (db, installation) => {
      const secret = await requireSecret(installation, db);
      const endpoint = await requireEndpoint(db, positionals);
      const webhookSecret = await db.transaction(async (tx) => {
        await note(tx, { ...endpoint, action: "webhook.secret_rotated" });
        return rotateEndpointSecret(tx, endpoint, { secret, overlapHours: OVERLAP_HOURS });
      });
      showSecret(context, { endpoint: endpoint.id, secret: webhookSecret }, values.json);
    });
  },
};

export const webhookDelete: Command = {
  usage: "webhook delete <slug> <endpoint>",
  summary: "forgets an endpoint, its secret and its deliveries",
  run: (args, context) =>
    onEndpoint(args, context, async (tx, endpoint) => {
      await note(tx, { ...endpoint, action: "webhook.deleted" });
      await deleteEndpoint(tx, endpoint);
      context.print("Deleted.");
    }),
};

/** Runs a command's work on the installation's database. */
export function inDatabase(
  context: Context,
  work: (db: DatabasePool, installation: Installation) => Promise<void>,
): Promise<number> {
  return onDatabase(context, async (db, installation) => {
    await work(db, installation);
    return 0;
  });
}

async function onEndpoint(
  args: readonly string[],
  context: Context,
  work: (tx: Transaction, endpoint: WebhookEndpoint) => Promise<void>,
): Promise<number> {
  const { positionals } = readArgs(args, {});
  return inDatabase(context, async (db) => {
    const endpoint = await requireEndpoint(db, positionals);
    await db.transaction((tx) => work(tx, endpoint));
  });
}

/** @throws {CommandError} unless the tenant has exactly one endpoint whose id, or whose id's end, this is */
export async function requireEndpoint(
  db: Database,
  positionals: readonly string[],
): Promise<WebhookEndpoint> {
  const [slug, wanted] = twoArguments(positionals, ["slug", "endpoint"]);
  const endpoints = await listEndpoints(db, (await requireTenant(db, slug)).id);
  const [endpoint, another] = endpoints.filter(
    ({ id }) => id === wanted || id.endsWith(wanted.toLowerCase()),
  );
  if (endpoint !== undefined && another === undefined) return endpoint;
  throw new CommandError(
    `${endpoint === undefined ? "no" : "more than one"} endpoint of "${slug}" ends in "${wanted}"; "bin/rollcall webhook list ${slug}" shows them`,
  );
}

/** @throws {CommandError} where nothing may be sent to this address */
export function assertAllowed(url: string, { config }: Installation): void {
  const isHttpAllowed = config.WEBHOOK_HTTP_ALLOWED;
  const isPrivateAllowed = config.WEBHOOK_PRIVATE_ALLOWED;
  try {
    checkedUrl(url, { isHttpAllowed, isPrivateAllowed });
  } catch (error) {
    throw new CommandError(`"${url}" cannot be sent to: ${reason(error)}`, { cause: error });
  }
}

/** @param types - that are wanted; tokens tell of users and groups alone */
export function formatOf(
  text: string | undefined,
  types: readonly EventType[] | null,
): EndpointFormat | undefined {
  const format = ENDPOINT_FORMATS.find((known) => known === text);
  if (text !== undefined && format === undefined)
    throw new UsageError(`--format takes ${ENDPOINT_FORMATS.join(", ")}, not "${text}"`);
  const untold = types?.find((type) => !SET_EVENT_TYPES.includes(type));
  if (format !== undefined && format !== "json" && untold !== undefined)
    throw new CommandError(`"${untold}" is no SCIM event; tokens tell ${SET_EVENT_TYPES.join(", ")}`);
  return format;
}

export function typesOf(text: string | undefined): readonly EventType[] | null {
  if (text === undefined) return null;
  return text.split(",").map((name) => {
    const type = EVENT_TYPES.find((known) => known === name.trim());
    if (type === undefined)
      throw new CommandError(`there is no event "${name.trim()}"; there are ${EVENT_TYPES.join(", ")}`);
    return type;
  });
}

/** @returns undefined for the newest */
export function payloadVersionOf(text: string | undefined): PayloadVersion | undefined {
  const version = PAYLOAD_VERSIONS.find((known) => String(known) === text);
  if (text !== undefined && version === undefined)
    throw new UsageError(`--payload-version takes ${PAYLOAD_VERSIONS.join(" or ")}, not "${text}"`);
  return version;
}

export async function note(
  tx: Transaction,
  {
    tenantId,
    action,
    url,
  }: { readonly tenantId: string; readonly action: AuditAction; readonly url: string },
): Promise<void> {
  await recordAudit(tx, [{ tenantId, actor: CLI_ACTOR, action, subject: url }]);
}

/** The only place where a webhook's secret is shown. */
function showSecret(
  { print }: Context,
  shown: { readonly endpoint: string; readonly secret: string; readonly audience?: string },
  asJson = false,
): void {
  if (asJson) {
    print(JSON.stringify(shown));
    return;
  }
  print(`Endpoint  ${shown.endpoint}`);
  print(`Secret    ${shown.secret}`);
  if (shown.audience !== undefined) print(`Audience  ${shown.audience}`);
  print(
    shown.audience === undefined
      ? "The secret is shown this once. Give it to the receiver, which verifies signatures with it."
      : "The secret is shown this once. It comes with each token as Authorization: Bearer; the token's signature is of the key set.",
  );
}

const HEADING = ["ENDPOINT", "URL", "TYPES", "STATE", "WAITING", "FAILED", "PAYLOAD"];

function rowOf(endpoint: WebhookEndpoint): readonly string[] {
  const { id, url, types, pending, failed, payloadVersion, format, delivery } = endpoint;
  const payload = format === "json" ? String(payloadVersion) : format;
  const where = delivery === "poll" ? `${url} (polled)` : url;
  const isAll = types === null || (format !== "json" && types.length === SET_EVENT_TYPES.length);
  const told = isAll ? "all" : types.join(",");
  return [id, where, told, stateOf(endpoint), ...[pending, failed].map(String), payload];
}

function stateOf({ pauseReason, failures, failingSince }: WebhookEndpoint): string {
  if (pauseReason !== null) return `paused (${pauseReason.replace("_", " ")})`;
  return failures === 0 ? "active" : `failing since ${failingSince?.toISOString() ?? "now"}`;
}
