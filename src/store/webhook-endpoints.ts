/** Webhook endpoints: where a tenant's events are sent, by which secret, and how that goes. */
import { v7 as uuidv7 } from "uuid";
import { createSeal, type Seal } from "../platform/seal.ts";
import { createWebhookSecret } from "../platform/webhook-signature.ts";
import type { Database, Transaction } from "./database.ts";
import type { EventType } from "./events.ts";
import { NEWEST_PAYLOAD_VERSION, type PayloadVersion } from "./event-messages.ts";
import { SET_EVENT_TYPES } from "./security-events.ts";
import { ensureSigningKey } from "./signing-keys.ts";

export type PauseReason = "by_hand" | "failing" | "gone";

export interface EndpointKey {
  readonly tenantId: string;
  readonly id: string;
}

/** Messages of ours; security event tokens (RFC 9967) with values; or those with the names of attributes alone. */
export const ENDPOINT_FORMATS = ["json", "set", "set-notice"] as const;
export type EndpointFormat = (typeof ENDPOINT_FORMATS)[number];
export type SetFormat = Exclude<EndpointFormat, "json">;

/** What is sent where, and in which form. */
export interface Delivering {
  readonly format: EndpointFormat;
  /** Tokens may be sent, or wait until their receiver asks. */
  readonly delivery: "push" | "poll";
  /** Whom tokens name as their receiver; null of messages. */
  readonly audience: string | null;
}

export interface WebhookEndpoint extends EndpointKey, Delivering {
  readonly tenantSlug: string;
  /** The audience where tokens are asked for. */
  readonly url: string;
  /** Null sends all. */
  readonly types: readonly EventType[] | null;
  /** Of its messages, until it goes over to another. */
  readonly payloadVersion: number;
  /** Whether its receiver is shown an Authorization header of its own. */
  readonly hasAuthorization: boolean;
  readonly createdAt: Date;
  /** When its receiver last asked. */
  readonly polledAt: Date | null;
  readonly pausedAt: Date | null;
  readonly pauseReason: PauseReason | null;
  readonly failures: number;
  readonly failingSince: Date | null;
  /** What waits: deliveries, and events that have none yet, as while it is paused or very many wait. */
  readonly pending: number;
  readonly failed: number;
}

const COLUMNS = `
         e.tenant_id AS "tenantId", t.slug AS "tenantSlug", e.id, e.url, e.types,
         e.payload_version AS "payloadVersion", e.format, e.delivery, e.audience, e.created_at AS "createdAt",
         e.polled_at AS "polledAt", e.receiver_auth IS NOT NULL AS "hasAuthorization",
         e.paused_at AS "pausedAt", e.pause_reason AS "pauseReason", e.failures, e.failing_since AS "failingSince"`;

// Of an endpoint that wants some types only, so many of the events that have no delivery yet are looked through.
const COUNTED_MAX = 100_000;

const LIST = `
  SELECT ${COLUMNS},
         ((SELECT count(*) FROM webhook_deliveries d
            WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'pending')
          + CASE WHEN e.types IS NULL
                 THEN coalesce((SELECT h.head - greatest(h.pruned_through, e.relayed_through)
                                  FROM event_heads h WHERE h.tenant_id = e.tenant_id), 0)
                 ELSE (SELECT count(*) FILTER (WHERE n.type = ANY(e.types))
                         FROM (SELECT type FROM events v
                                WHERE v.tenant_id = e.tenant_id AND v.position > e.relayed_through
                                ORDER BY v.position LIMIT ${COUNTED_MAX}) n) END)::float8 AS pending,
         (SELECT count(*) FROM webhook_deliveries d
           WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'failed')::float8 AS failed
    FROM webhook_endpoints e
    JOIN tenants t ON t.id = e.tenant_id
   WHERE e.tenant_id = $1
   ORDER BY e.created_at, e.id
   LIMIT 100`;

export async function listEndpoints(db: Database, tenantId: string): Promise<readonly WebhookEndpoint[]> {
  return db.query<WebhookEndpoint>(LIST, [tenantId]);
}

export interface NewEndpoint {
  readonly tenantId: string;
  /** Null where tokens are asked for. */
  readonly url: string | null;
  readonly types: readonly EventType[] | null;
  /** Of messages: one of PAYLOAD_VERSIONS; the newest where there is none. */
  readonly payloadVersion?: number | undefined;
  readonly format?: EndpointFormat | undefined;
  /** Of tokens; a URN of the endpoint's own where there is none. */
  readonly audience?: string | undefined;
  /** ROLLCALL_SECRET. */
  readonly secret: string;
}

// Processes that know no tokens know no version but the first, and leave these alone.
const SET_VERSION = 2;

const INSERT = `
  INSERT INTO webhook_endpoints (tenant_id, id, url, types, payload_version, secret, format, delivery, audience,
                                 relayed_through)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce((SELECT head FROM event_heads WHERE tenant_id = $1), 0))`;

/** Makes an endpoint that gets the events from now on. @returns its secret, which is in this answer and nowhere else */
export async function createEndpoint(
  tx: Transaction,
  { tenantId, url, types, secret, ...wanted }: NewEndpoint,
): Promise<{ readonly id: string; readonly webhookSecret: string; readonly audience: string | null }> {
  const id = uuidv7();
  const webhookSecret = createWebhookSecret();
  const format = wanted.format ?? (url === null ? "set" : "json");
  const isSet = format !== "json";
  const audience = isSet ? (wanted.audience ?? `urn:rollcall:stream:${id}`) : null;
  if (isSet) await ensureSigningKey(tx, secret);
  await tx.query(INSERT, [
    tenantId,
    id,
    url ?? audience,
    isSet ? (types ?? SET_EVENT_TYPES).filter((type) => SET_EVENT_TYPES.includes(type)) : types,
    isSet ? SET_VERSION : (wanted.payloadVersion ?? NEWEST_PAYLOAD_VERSION),
    sealOf(secret).seal(webhookSecret, id),
    format,
    url === null ? "poll" : "push",
    audience,
  ]);
  return { id, webhookSecret, audience };
}

/** A new secret; the old one signs beside it for so many hours. */
export async function rotateEndpointSecret(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  { secret, overlapHours }: { readonly secret: string; readonly overlapHours: number },
): Promise<string> {
  const webhookSecret = createWebhookSecret();
  await tx.query(
    `UPDATE webhook_endpoints
        SET old_secret = secret, old_secret_until = now() + make_interval(hours => $4), secret = $3
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, sealOf(secret).seal(webhookSecret, id), overlapHours],
  );
  return webhookSecret;
}

/** What waits is told in the new version as well. @returns false when there is nothing to change */
export async function setPayloadVersion(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  version: PayloadVersion,
): Promise<boolean> {
  const changed = await tx.query(
    `UPDATE webhook_endpoints SET payload_version = $3
      WHERE tenant_id = $1 AND id = $2 AND format = 'json' AND payload_version <> $3
      RETURNING id`,
    [tenantId, id, version],
  );
  return changed.length > 0;
}

export async function deleteEndpoint(tx: Transaction, { tenantId, id }: EndpointKey): Promise<void> {
  await tx.query(`DELETE FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2`, [tenantId, id]);
}

/** @returns false when it was paused already */
export async function pauseEndpoint(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  { reason, probeAfterSeconds }: { readonly reason: PauseReason; readonly probeAfterSeconds: number | null },
): Promise<boolean> {
  const paused = await tx.query(
    `UPDATE webhook_endpoints
        SET paused_at = now(), pause_reason = $3, retry_at = now() + make_interval(secs => $4)
      WHERE tenant_id = $1 AND id = $2 AND paused_at IS NULL
      RETURNING id`,
    [tenantId, id, reason, probeAfterSeconds],
  );
  return paused.length > 0;
}

/** What waits is due at once. @returns false when it was not paused */
export async function resumeEndpoint(tx: Transaction, { tenantId, id }: EndpointKey): Promise<boolean> {
  const resumed = await tx.query(
    `UPDATE webhook_endpoints
        SET paused_at = NULL, pause_reason = NULL, failures = 0, failing_since = NULL, retry_at = NULL
      WHERE tenant_id = $1 AND id = $2 AND paused_at IS NOT NULL
      RETURNING id`,
    [tenantId, id],
  );
  if (resumed.length > 0) await hurry(tx, { tenantId, id });
  return resumed.length > 0;
}

/** After an outage nobody waits for the end of a backoff that was made for it. */
export async function hurry(tx: Transaction, { tenantId, id }: EndpointKey): Promise<void> {
  await tx.query(
    `UPDATE webhook_deliveries SET next_attempt_at = now()
      WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending' AND next_attempt_at > now()`,
    [tenantId, id],
  );
}

/** Notes that the endpoint took a delivery. @returns true when that ended an automatic pause */
export async function noteEndpointGood(tx: Transaction, { tenantId, id }: EndpointKey): Promise<boolean> {
  // Nearly always there is nothing to change: many deliveries would wait for each other here.
  const [failing] = await tx.query<{ wasPaused: boolean }>(
    `UPDATE webhook_endpoints e
        SET failures = 0, failing_since = NULL, retry_at = NULL,
            paused_at = CASE WHEN e.pause_reason = 'failing' THEN NULL ELSE e.paused_at END,
            pause_reason = CASE WHEN e.pause_reason = 'failing' THEN NULL ELSE e.pause_reason END
       FROM (SELECT pause_reason FROM webhook_endpoints WHERE tenant_id = $1 AND id = $2 FOR UPDATE) before
      WHERE e.tenant_id = $1 AND e.id = $2 AND e.failures > 0
      RETURNING coalesce(before.pause_reason = 'failing', false) AS "wasPaused"`,
    [tenantId, id],
  );
  if (failing === undefined) return false;
  await hurry(tx, { tenantId, id });
  return failing.wasPaused;
}

export interface EndpointBackoff {
  /** Failures in a row before the endpoint as a whole is left alone. */
  readonly after: number;
  readonly firstSeconds: number;
  readonly maxSeconds: number;
  /** While it is paused. */
  readonly probeSeconds: number;
}

/**
 * Notes a failed attempt. After a few in a row the endpoint as a whole is left alone for a while, which doubles.
 * @returns for how many seconds it has failed, and whether it is paused
 */
export async function noteEndpointBad(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  backoff: EndpointBackoff,
): Promise<{ readonly failingSeconds: number; readonly isPaused: boolean }> {
  const rows = await tx.query<{ failingSeconds: number; isPaused: boolean }>(
    `UPDATE webhook_endpoints
        SET failures = failures + 1, failing_since = coalesce(failing_since, now()),
            retry_at = CASE
              WHEN paused_at IS NOT NULL THEN now() + make_interval(secs => $6)
              WHEN failures + 1 >= $3
              THEN greatest(retry_at,
                     now() + make_interval(secs => least($5::float8, $4 * 2 ^ least(failures + 1 - $3, 30))))
              ELSE retry_at
            END
      WHERE tenant_id = $1 AND id = $2
      RETURNING extract(epoch FROM now() - failing_since)::float8 AS "failingSeconds",
                paused_at IS NOT NULL AS "isPaused"`,
    [tenantId, id, backoff.after, backoff.firstSeconds, backoff.maxSeconds, backoff.probeSeconds],
  );
  return rows[0] ?? { failingSeconds: 0, isPaused: false };
}

/** What secrets are sealed under; the context is the endpoint's id. */
export function sealOf(secret: string): Seal {
  return createSeal(secret, "webhook secret");
}
