/** One webhook endpoint: what came of its deliveries, sending again, pausing, a new secret, its end. */
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import { isPayloadVersion } from "../../store/event-messages.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import {
  deleteEndpoint,
  listEndpoints,
  pauseEndpoint,
  resumeEndpoint,
  rotateEndpointSecret,
  setPayloadVersion,
  type WebhookEndpoint,
} from "../../store/webhook-endpoints.ts";
import { listDeliveries, type LoggedDelivery, redeliver } from "../../store/webhook-log.ts";
import { field, isUnderstood, postButton, understood } from "../forms.ts";
import { count, shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  isId,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { badge, crumbs, emptyState, facts, problem, table } from "../parts.ts";
import { receiverFacts, versionForm } from "./webhook-receiver.ts";
import { endpointState, formatName, secretOnce, typesName, WEBHOOKS_PATH } from "./webhooks.ts";

const SHOWN = 50;
const OVERLAP_HOURS = 24;

interface Found {
  readonly tenant: Tenant;
  readonly endpoint: WebhookEndpoint;
  readonly path: string;
}

export async function showWebhook(visit: MemberVisit, deps: Console): Promise<Answer> {
  return onEndpoint(visit, deps, (found) => webhookPage(visit, deps, found));
}

export async function submitWebhookPause(visit: MemberVisit, deps: Console): Promise<Answer> {
  return act(visit, deps, "webhook.paused", (tx, endpoint) =>
    pauseEndpoint(tx, endpoint, { reason: "by_hand", probeAfterSeconds: null }),
  );
}

export async function submitWebhookResume(visit: MemberVisit, deps: Console): Promise<Answer> {
  return act(visit, deps, "webhook.resumed", (tx, endpoint) => resumeEndpoint(tx, endpoint));
}

/** One event again, or all since a time. */
export async function submitRedelivery(visit: MemberVisit, deps: Console): Promise<Answer> {
  const eventId = visit.form.get("event");
  const since = new Date(`${visit.form.get("since") ?? ""}Z`);
  if (eventId === null && Number.isNaN(since.getTime()))
    return onEndpoint(visit, deps, (found) =>
      webhookPage(visit, deps, found, "Give the time from which events are to be sent again."),
    );
  if (eventId !== null && !isId(eventId)) return notFound("There is no such event");
  const wanted = eventId === null ? { since } : { eventId };
  return act(visit, deps, "webhook.redelivered", async (tx, endpoint) => {
    return (await redeliver(tx, endpoint, wanted)) > 0;
  });
}

export async function submitWebhookVersion(visit: MemberVisit, deps: Console): Promise<Answer> {
  const version = Number(visit.form.get("version"));
  if (!isPayloadVersion(version)) return notFound("There is no such version");
  return act(visit, deps, "webhook.version_changed", (tx, endpoint) =>
    setPayloadVersion(tx, endpoint, version),
  );
}

export async function submitSecretRotation(visit: MemberVisit, deps: Console): Promise<Answer> {
  const { database, secret } = deps;
  return onEndpoint(visit, deps, async ({ tenant, endpoint }) => {
    const made = await database.transaction(async (tx) => {
      await note(tx, visit, { endpoint, action: "webhook.secret_rotated" });
      return rotateEndpointSecret(tx, endpoint, { secret, overlapHours: OVERLAP_HOURS });
    });
    const { slug, name } = tenant;
    const back = `/tenants/${slug}${WEBHOOKS_PATH}/${endpoint.id}`;
    const { url, format } = endpoint;
    return secretOnce(name, { url, back, format }, made);
  });
}

export async function showWebhookDelete(visit: MemberVisit, deps: Console): Promise<Answer> {
  return onEndpoint(visit, deps, (found) => deleteForm(visit, found));
}

export async function submitWebhookDelete(visit: MemberVisit, deps: Console): Promise<Answer> {
  return onEndpoint(visit, deps, async (found) => {
    if (!isUnderstood(visit))
      return deleteForm(visit, found, "Tick the box to confirm that the endpoint is to be forgotten.");
    await deps.database.transaction(async (tx) => {
      await note(tx, visit, { endpoint: found.endpoint, action: "webhook.deleted" });
      await deleteEndpoint(tx, found.endpoint);
    });
    return redirect(`/tenants/${found.tenant.slug}${WEBHOOKS_PATH}`);
  });
}

async function onEndpoint(
  { params }: MemberVisit,
  { database }: Console,
  answer: (found: Found) => Answer | Promise<Answer>,
): Promise<Answer> {
  const tenant = await findTenant(database, params["slug"] ?? "");
  const endpoints = tenant === undefined ? [] : await listEndpoints(database, tenant.id);
  const endpoint = endpoints.find(({ id }) => id === params["id"]);
  if (tenant === undefined || endpoint === undefined) return notFound("There is no such webhook endpoint");
  return answer({ tenant, endpoint, path: `/tenants/${tenant.slug}${WEBHOOKS_PATH}/${endpoint.id}` });
}

/** @param work - says whether anything was done, which is then in the audit */
async function act(
  visit: MemberVisit,
  deps: Console,
  action: AuditAction,
  work: (tx: Transaction, endpoint: WebhookEndpoint) => Promise<boolean>,
): Promise<Answer> {
  return onEndpoint(visit, deps, async ({ endpoint, path }) => {
    await deps.database.transaction(async (tx) => {
      if (await work(tx, endpoint)) await note(tx, visit, { endpoint, action });
    });
    return redirect(path);
  });
}

async function note(
  tx: Transaction,
  { session }: MemberVisit,
  { endpoint, action }: { readonly endpoint: WebhookEndpoint; readonly action: AuditAction },
): Promise<void> {
  const { tenantId, url } = endpoint;
  await recordAudit(tx, [{ tenantId, actor: session.login, action, subject: url }]);
}

async function webhookPage(
  visit: MemberVisit,
  { database, now, publicUrl, issuer }: Console,
  { tenant, endpoint, path }: Found,
  wrong?: string,
): Promise<Answer> {
  const failedOnly = visit.query.get("state") === "failed";
  const deliveries = await listDeliveries(database, endpoint, { limit: SHOWN, failedOnly });
  const mayAct = mayActAs(visit.session.role, "admin");
  const body = html`${crumbsOf(tenant)}
    <h1 class="wraps">${endpoint.url}</h1>
    ${wrong !== undefined && problem(wrong)}
    ${facts([
      ["State", endpointState(endpoint, now())],
      ["Events", typesName(endpoint)],
      ["Sends", formatName(endpoint)],
      ...receiverFacts(endpoint, { publicUrl: publicUrl(), issuer, now: now() }),
      ["Waiting", count(endpoint.pending)],
      ["Failed", count(endpoint.failed)],
    ])}
    ${mayAct && actions(visit, endpoint, path)} ${mayAct && versionForm(visit, endpoint, path)}
    ${deliverySection(visit, { deliveries, path, failedOnly, mayAct })} ${mayAct && sinceForm(visit, path)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · Webhook`, body, { status, section: "overview" });
}

function crumbsOf({ name, slug }: Tenant): Html {
  return crumbs([
    ["Overview", "/"],
    [`${name} · Webhooks`, `/tenants/${slug}${WEBHOOKS_PATH}`],
  ]);
}

function actions(visit: MemberVisit, { pausedAt, delivery }: WebhookEndpoint, path: string): Html {
  const isPolled = delivery === "poll";
  return html`<div class="actions">
      ${
        pausedAt === null
          ? postButton(visit, `${path}/pause`, "Pause", { kind: "quiet" })
          : postButton(visit, `${path}/resume`, "Resume")
      }
      ${!isPolled && postButton(visit, `${path}/secret`, "New secret", { kind: "quiet" })}
      <a class="button danger" href="${path}/delete">Delete</a>
    </div>
    <p class="hint">
      While it is paused its events wait, for as long as events are kept.
      ${
        isPolled
          ? "Its receiver asks with a product key of the tenant."
          : `After a new secret is made, the old one signs messages beside it for ${OVERLAP_HOURS} hours.`
      }
    </p>`;
}

interface Deliveries {
  readonly deliveries: readonly LoggedDelivery[];
  readonly path: string;
  readonly failedOnly: boolean;
  readonly mayAct: boolean;
}

function deliverySection(visit: MemberVisit, { deliveries, path, failedOnly, mayAct }: Deliveries): Html {
  const columns = [
    ...["Made", "Event", "State"].map((label) => ({ label })),
    { label: "Attempts", isNumber: true },
    { label: "Answer" },
    { label: "Time", isNumber: true },
    ...(mayAct ? [{ label: "Action" }] : []),
  ];
  const rows = deliveries.map((delivery) => [
    shortTime(delivery.createdAt),
    html`${delivery.type}<br /><code>evt_${delivery.eventId}</code>`,
    deliveryState(delivery),
    count(delivery.attempts),
    answerOf(delivery, mayAct),
    delivery.durationMs === null ? "" : `${count(delivery.durationMs)} ms`,
    mayAct &&
      delivery.state !== "pending" &&
      postButton(visit, `${path}/redeliver`, "Send again", {
        ...{ fields: { event: delivery.eventId }, kind: "quiet", describes: `evt_${delivery.eventId}` },
      }),
  ]);
  return html`<section>
    <h2>Deliveries</h2>
    <p>
      ${
        failedOnly
          ? html`Only those that failed. <a href="${path}">Show all</a>`
          : html`The newest ${SHOWN}. <a href="${path}?state=failed">Show those that failed</a>`
      }
    </p>
    ${
      deliveries.length === 0
        ? emptyState("None", failedOnly ? "No delivery has failed." : "No event has been sent yet.")
        : table("Deliveries", columns, rows)
    }
  </section>`;
}

function deliveryState({ state }: LoggedDelivery): Html {
  if (state === "delivered") return badge("good", "Delivered");
  return state === "failed" ? badge("bad", "Failed") : badge("warn", "Waiting");
}

/** What a receiver said may name people: it is for those who mend. */
function answerOf({ status, error, response }: LoggedDelivery, mayAct: boolean): Html {
  return html`${status ?? ""} ${error ?? ""}
  ${mayAct && response !== null && response !== "" && html`<br /><code class="wraps">${response}</code>`}`;
}

function sinceForm(visit: MemberVisit, path: string): Html {
  return html`<form class="card stack medium" method="post" action="${path}/redeliver">
    ${csrfField(visit)}
    ${field({
      ...{ name: "since", label: "Send everything again since (UTC)", type: "datetime-local" },
      ...{ isRequired: true, hint: "Receivers know repetitions by their ids." },
    })}
    <div class="actions"><button type="submit">Send again</button></div>
  </form>`;
}

function deleteForm(visit: MemberVisit, { tenant, endpoint, path }: Found, wrong?: string): Answer {
  const body = html`${crumbsOf(tenant)}
    <div class="medium">
      <h1>Delete the endpoint</h1>
      <p class="lead">
        Nothing is sent to <code class="wraps">${endpoint.url}</code> any more; its secret and its deliveries
        are forgotten.
      </p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/delete">
        ${csrfField(visit)} ${understood("I understand that the receiver hears of nothing any more")}
        <div class="actions">
          <button class="danger" type="submit">Delete</button>
          <a class="button quiet" href="${path}">Cancel</a>
        </div>
      </form>
    </div>`;
  return page("Delete a webhook endpoint", body, {
    ...{ status: wrong === undefined ? 200 : 422, section: "overview" },
  });
}
