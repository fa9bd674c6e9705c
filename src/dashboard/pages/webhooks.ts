/** A tenant's webhook endpoints: how each is, and making another. */
import { checkedUrl } from "../../platform/webhook-post.ts";
import { recordAudit } from "../../store/audit.ts";
import { NEWEST_PAYLOAD_VERSION } from "../../store/event-messages.ts";
import { EVENT_TYPES } from "../../store/events.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { SET_EVENT_TYPES } from "../../store/security-events.ts";
import {
  createEndpoint,
  ENDPOINT_FORMATS,
  type EndpointFormat,
  listEndpoints,
  type NewEndpoint,
  type WebhookEndpoint,
} from "../../store/webhook-endpoints.ts";
import { choices, field } from "../forms.ts";
import { ago, count } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { badge, emptyState, facts, problem, table } from "../parts.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

export const WEBHOOKS_PATH = "/webhooks";
export const URL_CHARS_MAX = 2_000;

export async function showWebhooks(visit: MemberVisit, deps: Console): Promise<Answer> {
  return webhooksPage(visit, deps);
}

export async function submitWebhook(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database, secret } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const wanted = wantedOf(visit.form);
  const wrong = wrongWith(wanted, deps);
  if (wrong !== undefined) return webhooksPage(visit, deps, wrong);
  const tenantId = tenant.id;
  const made = await database.transaction(async (tx) => {
    const endpoint = await createEndpoint(tx, { tenantId, ...wanted, secret });
    const actor = visit.session.login;
    const subject = wanted.url ?? endpoint.audience ?? endpoint.id;
    await recordAudit(tx, [{ tenantId, actor, action: "webhook.created", subject }]);
    return endpoint;
  });
  const back = `/tenants/${tenant.slug}${WEBHOOKS_PATH}/${made.id}`;
  // What is asked for has no secret: its receiver shows a product key.
  if (wanted.url === null) return redirect(back);
  return secretOnce(tenant.name, { url: wanted.url, back, format: wanted.format }, made.webhookSecret);
}

type Wanted = Pick<NewEndpoint, "url" | "types" | "format" | "audience" | "payloadVersion">;

function wantedOf(form: URLSearchParams): Wanted {
  const text = (name: string): string => (form.get(name) ?? "").trim();
  const types = EVENT_TYPES.filter((type) => form.get(type) === "yes");
  const sends = form.get("format") ?? "";
  return {
    url: form.get("delivery") === "poll" ? null : text("url"),
    types: types.length === 0 ? null : types,
    format: ENDPOINT_FORMATS.find((format) => format === sends) ?? "json",
    payloadVersion: sends === "json-1" ? 1 : NEWEST_PAYLOAD_VERSION,
    audience: text("audience") || undefined,
  };
}

function wrongWith({ url, types, format, audience }: Wanted, deps: Console): string | undefined {
  if (url === null && format === "json")
    return "Messages do not wait to be asked for: the product reads them from the event feed. Choose tokens, or an address.";
  const untold = format === "json" ? undefined : types?.find((type) => !SET_EVENT_TYPES.includes(type));
  if (untold !== undefined) return `Tokens tell of users and groups; ${untold} is none of theirs.`;
  if ((audience?.length ?? 0) > URL_CHARS_MAX)
    return `The audience may have ${String(URL_CHARS_MAX)} characters at most.`;
  return url === null ? undefined : targetFault(url, deps);
}

/** @returns what is wrong with an address that is to be posted to */
export function targetFault(url: string, { webhookTargets }: Console): string | undefined {
  if (url.length > URL_CHARS_MAX) return `The address may have ${String(URL_CHARS_MAX)} characters at most.`;
  try {
    checkedUrl(url, webhookTargets);
    return undefined;
  } catch (error) {
    return `Nothing can be sent to “${url}”: ${error instanceof Error ? error.message : "it is no address"}.`;
  }
}

/** The only page that shows a secret. */
export function secretOnce(
  name: string,
  {
    url,
    back,
    format = "json",
  }: { readonly url: string; readonly back: string; readonly format?: EndpointFormat | undefined },
  secret: string,
): Answer {
  const title = `Webhook secret for ${name}`;
  const body = html`<div class="medium">
    <h1>${title}</h1>
    <section class="card stack secret">
      <h2>Give it to the receiver now</h2>
      ${facts([
        ["Endpoint", html`<code>${url}</code>`],
        ["Secret", html`<code class="copy">${secret}</code>`],
      ])}
      <p class="caution">
        <strong>The secret is shown this once.</strong>
        ${
          format === "json"
            ? html`The receiver verifies by it that messages come from here, after <i>Standard Webhooks</i>.`
            : html`It comes with each token, as <code>Authorization: Bearer</code>; the token itself is
                verified by the key set.`
        }
      </p>
    </section>
    <p><a class="button" href="${back}">I have copied it</a></p>
  </div>`;
  return page(title, body, { section: "overview" });
}

async function webhooksPage(visit: MemberVisit, deps: Console, wrong?: string): Promise<Answer> {
  const { database, now } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const endpoints = await listEndpoints(database, tenant.id);
  const body = html`${tenantHead(visit, tenant, WEBHOOKS_PATH)}
    <h2>Webhooks</h2>
    <p class="lead">Where the tenant's events are sent, signed and in order for each user and group.</p>
    ${wrong !== undefined && problem(wrong)}
    ${
      endpoints.length === 0
        ? emptyState("No endpoint yet", "The product can also read the event feed by itself.")
        : endpointTable(tenant, endpoints, now())
    }
    ${mayActAs(visit.session.role, "admin") && newForm(visit, tenant)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · Webhooks`, body, { status, section: "overview" });
}

function endpointTable({ slug }: Tenant, endpoints: readonly WebhookEndpoint[], now: Date): Html {
  const columns = [
    ...["Endpoint", "State", "Sends", "Events"].map((label) => ({ label })),
    ...["Waiting", "Failed"].map((label) => ({ label, isNumber: true })),
  ];
  const rows = endpoints.map((endpoint) => [
    html`<a class="wraps" href="/tenants/${slug}${WEBHOOKS_PATH}/${endpoint.id}">${endpoint.url}</a>`,
    endpointState(endpoint, now),
    formatName(endpoint),
    typesName(endpoint),
    count(endpoint.pending),
    count(endpoint.failed),
  ]);
  return table("Webhook endpoints", columns, rows);
}

export function endpointState({ pauseReason, failures, failingSince }: WebhookEndpoint, now: Date): Html {
  switch (pauseReason) {
    case "by_hand":
      return badge("idle", "Paused");
    case "failing":
      return badge("bad", "Paused: failing");
    case "gone":
      return badge("bad", "Paused: answered 410");
    case null:
      if (failures === 0) return badge("good", "Active");
      return badge("warn", html`Failing${failingSince && html` since ${ago(failingSince, now)}`}`);
  }
}

const SENDS: readonly (readonly [string, string])[] = [
  ["json", "Messages of version 2, signed after Standard Webhooks"],
  ["json-1", "Messages of version 1, likewise"],
  ["set", "Security event tokens, with values"],
  ["set-notice", "Security event tokens, names of attributes alone"],
];

/** In a word or two. */
export function formatName({ format, delivery, payloadVersion }: WebhookEndpoint): string {
  if (format === "json") return `Messages, version ${String(payloadVersion)}`;
  const what = format === "set" ? "Tokens" : "Tokens without values";
  return delivery === "poll" ? `${what}, polled` : what;
}

/** Which events it is told. */
export function typesName({ types, format }: WebhookEndpoint): string {
  if (types === null) return "All";
  const isAll = format !== "json" && types.length === SET_EVENT_TYPES.length;
  return isAll ? "All of users and groups" : types.join(", ");
}

function newForm(visit: MemberVisit, { slug }: Tenant): Html {
  return html`<form class="card stack medium" method="post" action="/tenants/${slug}${WEBHOOKS_PATH}">
    ${csrfField(visit)}
    ${field({
      ...{ name: "url", label: "Address", type: "url", charsMax: URL_CHARS_MAX },
      hint: "https, and public unless this installation allows others.",
    })}
    ${choices({
      ...{ name: "format", label: "What is sent", chosen: "json" },
      options: SENDS,
      hint: "Tokens are after RFC 8417 and RFC 9967, for receivers that know the standard.",
    })}
    ${choices({
      ...{ name: "delivery", label: "How it gets there", chosen: "push" },
      options: [
        ["push", "It is sent to the address"],
        ["poll", "The receiver asks for it: tokens alone, without an address"],
      ],
    })}
    ${field({
      ...{ name: "audience", label: "Audience of tokens", charsMax: URL_CHARS_MAX },
      hint: "What the receiver knows itself by; without it the endpoint gets a name of its own.",
    })}
    <fieldset class="columns">
      <legend>Events; none ticked sends all</legend>
      ${EVENT_TYPES.map(
        (type) =>
          html`<label class="check">
            <input type="checkbox" name="${type}" value="yes" />
            <span><code>${type}</code></span>
          </label>`,
      )}
    </fieldset>
    <div class="actions"><button type="submit">Add the endpoint</button></div>
  </form>`;
}
