/** A tenant's webhook endpoints: how each is, and making another. */
import { checkedUrl } from "../../platform/webhook-post.ts";
import { recordAudit } from "../../store/audit.ts";
import { EVENT_TYPES, type EventType } from "../../store/events.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { createEndpoint, listEndpoints, type WebhookEndpoint } from "../../store/webhook-endpoints.ts";
import { field } from "../forms.ts";
import { ago, count } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, csrfField, mayActAs, type MemberVisit, notFound, page } from "../page.ts";
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
  const url = (visit.form.get("url") ?? "").trim();
  const wrong = targetFault(url, deps);
  if (wrong !== undefined) return webhooksPage(visit, deps, wrong);
  const wanted = EVENT_TYPES.filter((type) => visit.form.get(type) === "yes");
  const types: readonly EventType[] | null = wanted.length === 0 ? null : wanted;
  const tenantId = tenant.id;
  const made = await database.transaction(async (tx) => {
    const actor = visit.session.login;
    await recordAudit(tx, [{ tenantId, actor, action: "webhook.created", subject: url }]);
    return createEndpoint(tx, { tenantId, url, types, secret });
  });
  const back = `/tenants/${tenant.slug}${WEBHOOKS_PATH}/${made.id}`;
  return secretOnce(tenant.name, { url, back }, made.webhookSecret);
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
  { url, back }: { readonly url: string; readonly back: string },
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
        <strong>The secret is shown this once.</strong> The receiver verifies by it that messages come from
        here, after <i>Standard Webhooks</i>.
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
    ...["Endpoint", "State", "Events"].map((label) => ({ label })),
    ...["Waiting", "Failed"].map((label) => ({ label, isNumber: true })),
  ];
  const rows = endpoints.map((endpoint) => [
    html`<a class="wraps" href="/tenants/${slug}${WEBHOOKS_PATH}/${endpoint.id}">${endpoint.url}</a>`,
    endpointState(endpoint, now),
    endpoint.types === null ? "All" : endpoint.types.join(", "),
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

function newForm(visit: MemberVisit, { slug }: Tenant): Html {
  return html`<form class="card stack medium" method="post" action="/tenants/${slug}${WEBHOOKS_PATH}">
    ${csrfField(visit)}
    ${field({
      ...{ name: "url", label: "Address", type: "url", charsMax: URL_CHARS_MAX, isRequired: true },
      hint: "https, and public unless this installation allows others.",
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
