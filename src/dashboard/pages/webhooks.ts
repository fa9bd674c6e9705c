/** A tenant's webhook endpoints: how each is, and making another. */
import { checkedUrl } from "../../platform/webhook-post.ts";
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import { setAuthorization } from "../../store/endpoint-authorization.ts";
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
import { texts } from "../texts/texts.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";
import { authorizationFault, authorizationField } from "./webhook-authorization.ts";

const words = texts.webhooks;

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
  const authorization = (visit.form.get("authorization") ?? "").trim() || null;
  const isSentTokens = wanted.format !== "json" && wanted.url !== null;
  const wrong = wrongWith(wanted, deps) ?? authorizationFault(authorization, isSentTokens);
  if (wrong !== undefined) return webhooksPage(visit, deps, wrong);
  const tenantId = tenant.id;
  const made = await database.transaction(async (tx) => {
    const endpoint = await createEndpoint(tx, { tenantId, ...wanted, secret });
    const actor = visit.session.login;
    const subject = wanted.url ?? endpoint.audience ?? endpoint.id;
    const actions: AuditAction[] = ["webhook.created"];
    if (authorization !== null) {
      await setAuthorization(tx, { tenantId, id: endpoint.id }, { value: authorization, secret });
      actions.push("webhook.authorization_set");
    }
    await recordAudit(
      tx,
      actions.map((action) => ({ tenantId, actor, action, subject })),
    );
    return endpoint;
  });
  const back = `/tenants/${tenant.slug}${WEBHOOKS_PATH}/${made.id}`;
  // What is asked for has no secret: its receiver shows a product key. Nor is it shown where a header stands in its place.
  if (wanted.url === null || authorization !== null) return redirect(back);
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
  if (url === null && format === "json") return words.wrong.messagesPolled;
  const untold = format === "json" ? undefined : types?.find((type) => !SET_EVENT_TYPES.includes(type));
  if (untold !== undefined) return words.wrong.untold(untold);
  if ((audience?.length ?? 0) > URL_CHARS_MAX) return words.wrong.audience(URL_CHARS_MAX);
  return url === null ? undefined : targetFault(url, deps);
}

/** @returns what is wrong with an address that is to be posted to */
export function targetFault(url: string, { webhookTargets }: Console): string | undefined {
  if (url.length > URL_CHARS_MAX) return words.wrong.address(URL_CHARS_MAX);
  try {
    checkedUrl(url, webhookTargets);
    return undefined;
  } catch (error) {
    return words.wrong.target(url, error instanceof Error ? error.message : undefined);
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
  const title = words.secretFor(name);
  const body = html`<div class="medium">
    <h1>${title}</h1>
    <section class="card stack secret">
      <h2>${words.giveNow}</h2>
      ${facts([
        [words.endpoint, html`<code>${url}</code>`],
        [words.secret, html`<code class="copy">${secret}</code>`],
      ])}
      <p class="caution">${format === "json" ? words.secretOnce : words.secretOfTokensOnce}</p>
    </section>
    <p><a class="button" href="${back}">${words.copied}</a></p>
  </div>`;
  return page(title, body, { section: "overview" });
}

async function webhooksPage(visit: MemberVisit, deps: Console, wrong?: string): Promise<Answer> {
  const { database, now } = deps;
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const endpoints = await listEndpoints(database, tenant.id);
  const body = html`${tenantHead(visit, tenant, WEBHOOKS_PATH)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)}
    ${
      endpoints.length === 0
        ? emptyState(words.noEndpoint, words.noEndpointHint)
        : endpointTable(tenant, endpoints, now())
    }
    ${mayActAs(visit.session.role, "admin") && newForm(visit, tenant)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

function endpointTable({ slug }: Tenant, endpoints: readonly WebhookEndpoint[], now: Date): Html {
  const columns = [
    ...[words.endpoint, words.state, words.sends, words.events].map((label) => ({ label })),
    ...[words.waiting, words.failed].map((label) => ({ label, isNumber: true })),
  ];
  const rows = endpoints.map((endpoint) => [
    html`<a class="wraps" href="/tenants/${slug}${WEBHOOKS_PATH}/${endpoint.id}">${endpoint.url}</a>`,
    endpointState(endpoint, now),
    formatName(endpoint),
    typesName(endpoint),
    count(endpoint.pending),
    count(endpoint.failed),
  ]);
  return table(words.endpoints, columns, rows);
}

export function endpointState({ pauseReason, failures, failingSince }: WebhookEndpoint, now: Date): Html {
  switch (pauseReason) {
    case "by_hand":
      return badge("idle", words.states.paused);
    case "failing":
      return badge("bad", words.states.pausedFailing);
    case "gone":
      return badge("bad", words.states.pausedGone);
    case null:
      if (failures === 0) return badge("good", words.states.active);
      return badge(
        "warn",
        failingSince ? words.states.failingSince(ago(failingSince, now)) : words.states.failing,
      );
  }
}

/** In a word or two. */
export function formatName({ format, delivery, payloadVersion }: WebhookEndpoint): string {
  if (format === "json") return words.formats.messages(payloadVersion);
  const what = format === "set" ? words.formats.tokens : words.formats.tokensWithoutValues;
  return delivery === "poll" ? words.formats.polled(what) : what;
}

/** Which events it is told. */
export function typesName({ types, format }: WebhookEndpoint): string {
  if (types === null) return words.allEvents;
  const isAll = format !== "json" && types.length === SET_EVENT_TYPES.length;
  return isAll ? words.allOfTokens : types.join(", ");
}

function newForm(visit: MemberVisit, { slug }: Tenant): Html {
  return html`<form class="card stack medium" method="post" action="/tenants/${slug}${WEBHOOKS_PATH}">
    ${csrfField(visit)}
    ${field({
      ...{ name: "url", label: words.address, type: "url", charsMax: URL_CHARS_MAX },
      hint: words.addressHint,
    })}
    ${choices({
      ...{ name: "format", label: words.format, hint: words.formatHint },
      ...{ chosen: "json", options: Object.entries(words.formatChoices) },
    })}
    ${choices({
      ...{ name: "delivery", label: words.delivery, chosen: "push" },
      options: Object.entries(words.deliveries),
    })}
    ${field({
      ...{ name: "audience", label: words.audience, charsMax: URL_CHARS_MAX },
      hint: words.audienceHint,
    })}
    ${authorizationField()}
    <fieldset class="columns">
      <legend>${words.chooseEvents}</legend>
      ${EVENT_TYPES.map(
        (type) =>
          html`<label class="check">
            <input type="checkbox" name="${type}" value="yes" />
            <span><code>${type}</code></span>
          </label>`,
      )}
    </fieldset>
    <div class="actions"><button type="submit">${words.add}</button></div>
  </form>`;
}
