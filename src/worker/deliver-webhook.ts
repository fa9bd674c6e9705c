/**
 * One attempt to deliver: take it in hand, compose the message as things stand, sign, send, and record how it went. The
 * record says when the next attempt is due; the queue is not asked to remember it.
 */
import { UnrecoverableError } from "bullmq";
import { invariant } from "../platform/invariant.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import { setHeaders, withSetError } from "../platform/security-event.ts";
import type { PostResult, WebhookPoster } from "../platform/webhook-post.ts";
import { webhookHeaders } from "../platform/webhook-signature.ts";
import { DeliveryJob } from "../queue/contracts.ts";
import type { DeliveryProcessor } from "../queue/queues.ts";
import { recordAudit } from "../store/audit.ts";
import type { DatabasePool, Transaction } from "../store/database.ts";
import { isPayloadVersion } from "../store/event-messages.ts";
import type { StoredEvent } from "../store/events.ts";
import { NoSigningKeyError, signSets } from "../store/security-events.ts";
import { findSigningEndpoint, type SigningEndpoint } from "../store/signing-endpoint.ts";
import { tellEvents } from "../store/tell-events.ts";
import { claimDelivery, FAILURES_BEFORE_HOLD, recordAttempt } from "../store/webhook-deliveries.ts";
import { noteEndpointBad, noteEndpointGood, pauseEndpoint } from "../store/webhook-endpoints.ts";
import type { WebhookRelay } from "./webhook-relay.ts";

export interface DeliveryDeps {
  readonly db: DatabasePool;
  readonly relay: WebhookRelay;
  readonly poster: WebhookPoster;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** ROLLCALL_SECRET, under which endpoints' secrets and signing keys are sealed. */
  readonly secret: string;
  /** Of security event tokens. */
  readonly issuer: string;
  readonly timeoutMs: number;
  /** Pauses between attempts; after the last one the delivery has failed. */
  readonly retrySeconds: readonly number[];
  readonly pauseAfterSeconds: number;
  readonly probeSeconds: number;
}

const ACTOR = "webhooks";
// What claiming, composing and recording may take besides the request itself.
const LEASE_SPARE_SECONDS = 15;
const JITTER = 0.1;
// An endpoint that is away is knocked at by one delivery so often at least, until it is paused: whoever was deactivated
// meanwhile is to be out soon after its return.
const HOLD_SECONDS_MAX = 60;
const GONE = 410;

export function createDeliveryProcessor(deps: DeliveryDeps): DeliveryProcessor {
  return async (job) => {
    const parsed = DeliveryJob.safeParse(job.data);
    if (!parsed.success) throw new UnrecoverableError("the job's data is not a delivery of this version");
    const delivery = parsed.data;
    const key = { tenantId: delivery.tenantId, id: delivery.endpointId };
    const endpoint = await findSigningEndpoint(deps.db, key, deps.secret);
    if (endpoint === undefined || endpoint.pauseReason === "by_hand" || endpoint.pauseReason === "gone")
      return;
    // Made by a newer process, which will find it again.
    if (endpoint.format === "json" && !isPayloadVersion(endpoint.payloadVersion)) return;
    const lease = deps.timeoutMs / 1_000 + LEASE_SPARE_SECONDS;
    const claimed = await claimDelivery(deps.db, delivery, lease);
    if (claimed === undefined) return;
    const result = claimed.event === null ? EVENT_REMOVED : await send(deps, endpoint, claimed.event);
    await record(deps, { delivery, endpoint, attempts: claimed.attempts, result });
    await deps.relay.relay(key);
  };
}

const EVENT_REMOVED: PostResult = {
  status: null,
  error: "the event was older than EVENT_RETENTION_DAYS and was removed before it could be sent",
  durationMs: 0,
  excerpt: null,
};

const NO_TOKEN: PostResult = {
  status: null,
  error: "the event is no SCIM event, and has no token",
  durationMs: 0,
  excerpt: null,
};

async function send(deps: DeliveryDeps, endpoint: SigningEndpoint, event: StoredEvent): Promise<PostResult> {
  if (endpoint.format !== "json") return sendSet(deps, endpoint, event);
  const { tenantId, tenantSlug, payloadVersion } = endpoint;
  invariant(isPayloadVersion(payloadVersion), "a version that is not known was let pass");
  const [message] = await tellEvents(deps.db, { tenantId, tenantSlug, payloadVersion }, [event]);
  invariant(message, "an event has no message");
  const body = JSON.stringify(message);
  const headers = webhookHeaders({ id: message.id, sentAt: new Date(), body }, endpoint.secrets);
  return deps.poster.post(endpoint.url, body, headers);
}

async function sendSet(
  { db, poster, secret, issuer }: DeliveryDeps,
  { tenantId, url, secrets, authorization, ...endpoint }: SigningEndpoint,
  event: StoredEvent,
): Promise<PostResult> {
  const format = endpoint.format === "set-notice" ? "set-notice" : "set";
  const receiver = { tenantId, issuer, format, audience: endpoint.audience ?? url } as const;
  try {
    const [set] = await signSets(db, receiver, { events: [event], secret });
    if (set === undefined) return NO_TOKEN;
    return withSetError(await poster.post(url, set.token, setHeaders(secrets, authorization)));
  } catch (error) {
    if (!(error instanceof NoSigningKeyError)) throw error;
    return { status: null, error: error.message, durationMs: 0, excerpt: null };
  }
}

interface Attempt {
  readonly delivery: DeliveryJob;
  readonly endpoint: SigningEndpoint;
  readonly attempts: number;
  readonly result: PostResult;
}

async function record(deps: DeliveryDeps, attempt: Attempt): Promise<void> {
  const { delivery, endpoint, attempts, result } = attempt;
  const retry = deps.retrySeconds[attempts - 1];
  const isGood = result.error === null;
  const isHopeless = isUnsent(result) || retry === undefined;
  const state = isGood ? "delivered" : isHopeless ? "failed" : "pending";
  const retryAfterSeconds = state === "pending" && retry !== undefined ? withJitter(retry) : null;
  const { status, error, durationMs, excerpt } = result;
  await deps.db.transaction(async (tx) => {
    await recordAttempt(tx, delivery, {
      state,
      retryAfterSeconds,
      status,
      error,
      durationMs,
      response: excerpt,
    });
    if (isGood) await good(deps, tx, endpoint);
    else if (!isUnsent(result)) await bad(deps, tx, { endpoint, result });
  });
  deps.metrics.webhookDeliveries.inc({ result: state === "pending" ? "retried" : state });
  deps.metrics.webhookDelivery.observe(durationMs / 1_000);
  if (state !== "failed") return;
  const { tenantId, endpointId, id } = delivery;
  deps.logger.error(
    { component: "webhooks", tenantId, endpointId, deliveryId: id, error },
    "delivery failed for good",
  );
}

/** No fault of the endpoint's. */
function isUnsent(result: PostResult): boolean {
  return result === EVENT_REMOVED || result === NO_TOKEN;
}

async function good({ logger }: DeliveryDeps, tx: Transaction, endpoint: SigningEndpoint): Promise<void> {
  if (!(await noteEndpointGood(tx, endpoint))) return;
  await audit(tx, endpoint, "webhook.resumed");
  logger.info(
    { component: "webhooks", tenantId: endpoint.tenantId, endpointId: endpoint.id },
    "endpoint is back",
  );
}

/** Counts the failure; an endpoint that fails for too long, or says that it is gone, is paused. */
async function bad(
  deps: DeliveryDeps,
  tx: Transaction,
  { endpoint, result }: Pick<Attempt, "endpoint" | "result">,
): Promise<void> {
  const [firstSeconds = 5, secondSeconds = HOLD_SECONDS_MAX] = deps.retrySeconds;
  const maxSeconds = Math.min(secondSeconds, HOLD_SECONDS_MAX);
  const backoff = { after: FAILURES_BEFORE_HOLD, firstSeconds, maxSeconds, probeSeconds: deps.probeSeconds };
  const { failingSeconds, isPaused } = await noteEndpointBad(tx, endpoint, backoff);
  const isGone = result.status === GONE;
  if (isPaused || (!isGone && failingSeconds < deps.pauseAfterSeconds)) return;
  const probeAfterSeconds = isGone ? null : deps.probeSeconds;
  const reason = isGone ? "gone" : "failing";
  if (!(await pauseEndpoint(tx, endpoint, { reason, probeAfterSeconds }))) return;
  await audit(tx, endpoint, "webhook.paused");
  deps.metrics.webhookPauses.inc({ reason });
  const { tenantId, id: endpointId } = endpoint;
  deps.logger.error({ component: "webhooks", tenantId, endpointId, reason }, "endpoint is paused");
}

async function audit(
  tx: Transaction,
  { tenantId, url }: SigningEndpoint,
  action: "webhook.paused" | "webhook.resumed",
): Promise<void> {
  await recordAudit(tx, [{ tenantId, actor: ACTOR, action, subject: url }]);
}

function withJitter(seconds: number): number {
  return seconds * (1 + JITTER * Math.random());
}
