/** One webhook endpoint: what came of its deliveries, sending again, pausing, a new secret, its end. */
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import { setAuthorization, wrongAuthorization } from "../../store/endpoint-authorization.ts";
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
import { texts } from "../texts/texts.ts";
import { authorizationFacts, authorizationForm } from "./webhook-authorization.ts";
import { receiverFacts, versionForm } from "./webhook-receiver.ts";
import { endpointState, formatName, secretOnce, typesName, WEBHOOKS_PATH } from "./webhooks.ts";

const { common, webhook: words, webhooks: listWords } = texts;

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
    return onEndpoint(visit, deps, (found) => webhookPage(visit, deps, found, words.noTime));
  if (eventId !== null && !isId(eventId)) return notFound(words.noSuchEvent);
  const wanted = eventId === null ? { since } : { eventId };
  return act(visit, deps, "webhook.redelivered", async (tx, endpoint) => {
    return (await redeliver(tx, endpoint, wanted)) > 0;
  });
}

export async function submitWebhookVersion(visit: MemberVisit, deps: Console): Promise<Answer> {
  const version = Number(visit.form.get("version"));
  if (!isPayloadVersion(version)) return notFound(words.noSuchVersion);
  return act(visit, deps, "webhook.version_changed", (tx, endpoint) =>
    setPayloadVersion(tx, endpoint, version),
  );
}

export async function submitWebhookAuthorization(visit: MemberVisit, deps: Console): Promise<Answer> {
  const value = (visit.form.get("authorization") ?? "").trim() || null;
  const wrong = value === null ? undefined : wrongAuthorization(value);
  if (wrong !== undefined)
    return onEndpoint(visit, deps, (found) =>
      webhookPage(visit, deps, found, texts.webhookAuthorization.wrong(wrong)),
    );
  const action = value === null ? "webhook.authorization_removed" : "webhook.authorization_set";
  return act(visit, deps, action, (tx, endpoint) =>
    setAuthorization(tx, endpoint, { value, secret: deps.secret }),
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
    if (!isUnderstood(visit)) return deleteForm(visit, found, words.deleteUnconfirmed);
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
  if (tenant === undefined || endpoint === undefined) return notFound(words.noSuchEndpoint);
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
      [listWords.state, endpointState(endpoint, now())],
      [listWords.events, typesName(endpoint)],
      [listWords.sends, formatName(endpoint)],
      ...receiverFacts(endpoint, { publicUrl: publicUrl(), issuer, now: now() }),
      ...authorizationFacts(endpoint),
      [listWords.waiting, count(endpoint.pending)],
      [listWords.failed, count(endpoint.failed)],
    ])}
    ${mayAct && actions(visit, endpoint, path)} ${mayAct && versionForm(visit, endpoint, path)}
    ${mayAct && authorizationForm(visit, endpoint, path)}
    ${deliverySection(visit, { deliveries, path, failedOnly, mayAct })} ${mayAct && sinceForm(visit, path)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

function crumbsOf({ name, slug }: Tenant): Html {
  return crumbs([
    [common.overview, "/"],
    [`${name} · ${listWords.title}`, `/tenants/${slug}${WEBHOOKS_PATH}`],
  ]);
}

function actions(visit: MemberVisit, { pausedAt, delivery }: WebhookEndpoint, path: string): Html {
  const isPolled = delivery === "poll";
  return html`<div class="actions">
      ${
        pausedAt === null
          ? postButton(visit, `${path}/pause`, words.pause, { kind: "quiet" })
          : postButton(visit, `${path}/resume`, words.resume)
      }
      ${!isPolled && postButton(visit, `${path}/secret`, words.newSecret, { kind: "quiet" })}
      <a class="button danger" href="${path}/delete">${words.delete}</a>
    </div>
    <p class="hint">
      ${words.pausedMeans} ${isPolled ? words.polledMeans : words.newSecretMeans(OVERLAP_HOURS)}
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
    ...[words.made, words.event, words.state].map((label) => ({ label })),
    { label: words.attempts, isNumber: true },
    { label: words.answer },
    { label: words.time, isNumber: true },
    ...(mayAct ? [{ label: common.action }] : []),
  ];
  const rows = deliveries.map((delivery) => [
    shortTime(delivery.createdAt),
    html`${delivery.type}<br /><code>evt_${delivery.eventId}</code>`,
    deliveryState(delivery),
    count(delivery.attempts),
    answerOf(delivery, mayAct),
    delivery.durationMs === null ? "" : words.milliseconds(delivery.durationMs),
    mayAct &&
      delivery.state !== "pending" &&
      postButton(visit, `${path}/redeliver`, words.sendAgain, {
        ...{ fields: { event: delivery.eventId }, kind: "quiet", describes: `evt_${delivery.eventId}` },
      }),
  ]);
  return html`<section>
    <h2>${words.deliveries}</h2>
    <p>${failedOnly ? words.onlyFailed(path) : words.newest(SHOWN, `${path}?state=failed`)}</p>
    ${
      deliveries.length === 0
        ? emptyState(words.noDelivery, failedOnly ? words.noFailed : words.noneSent)
        : table(words.deliveries, columns, rows)
    }
  </section>`;
}

function deliveryState({ state }: LoggedDelivery): Html {
  const tones = { delivered: "good", failed: "bad", pending: "warn" } as const;
  return badge(tones[state], words.states[state]);
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
      ...{ name: "since", label: words.sendAllSince, type: "datetime-local" },
      ...{ isRequired: true, hint: words.sendAllSinceHint },
    })}
    <div class="actions"><button type="submit">${words.sendAgain}</button></div>
  </form>`;
}

function deleteForm(visit: MemberVisit, { tenant, endpoint, path }: Found, wrong?: string): Answer {
  const body = html`${crumbsOf(tenant)}
    <div class="medium">
      <h1>${words.deleteHeading}</h1>
      <p class="lead">${words.deleteLead(endpoint.url)}</p>
      ${wrong !== undefined && problem(wrong)}
      <form class="card stack" method="post" action="${path}/delete">
        ${csrfField(visit)} ${understood(words.deleteUnderstood)}
        <div class="actions">
          <button class="danger" type="submit">${words.delete}</button>
          <a class="button quiet" href="${path}">${common.cancel}</a>
        </div>
      </form>
    </div>`;
  return page(words.deleteTitle, body, {
    ...{ status: wrong === undefined ? 200 : 422, section: "overview" },
  });
}
