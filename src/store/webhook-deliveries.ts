/**
 * Webhook deliveries: one row for each event and endpoint. The deliveries of one resource are made one after the other,
 * in the order of its events; those of different resources side by side.
 */
import type { Database, DatabasePool, Transaction } from "./database.ts";
import { PAYLOAD_VERSIONS } from "./event-messages.ts";
import type { EventType, StoredEvent } from "./events.ts";
import type { EndpointKey } from "./webhook-endpoints.ts";

// What waits beyond this stays in the events, which hold it anyway.
const PENDING_MAX = 2_000;
// Events looked through at once, wanted or not.
const RELAY_MAX = 1_000;
/** Failed attempts in a row after which an endpoint is tried by one delivery at a time. */
export const FAILURES_BEFORE_HOLD = 3;

/**
 * Endpoints for which there may be something to do: events to relay, or deliveries that are due. One whose messages are of
 * a version that this process does not know is left to those that do; so is one whose receiver asks by itself.
 */
export async function findBusyEndpoints(db: Database): Promise<readonly EndpointKey[]> {
  const statement = {
    name: "find-busy-endpoints",
    text: `
  SELECT e.tenant_id AS "tenantId", e.id
    FROM webhook_endpoints e
    JOIN event_heads h ON h.tenant_id = e.tenant_id
   WHERE (e.payload_version = ANY($1::smallint[]) OR e.format <> 'json')
     AND e.delivery = 'push'
     AND (e.retry_at IS NULL OR e.retry_at <= now())
     AND (e.paused_at IS NULL OR e.pause_reason = 'failing')
     AND ((h.head > e.relayed_through AND e.paused_at IS NULL)
          OR EXISTS (SELECT FROM webhook_deliveries d
                      WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'pending'))
   ORDER BY e.tenant_id, e.id`,
  };
  return db.query<EndpointKey>(statement, [PAYLOAD_VERSIONS]);
}

interface Locked {
  readonly relayedThrough: number;
  readonly types: readonly EventType[] | null;
  readonly failures: number;
  readonly isPaused: boolean;
}

/** A delivery that some worker is to make now. */
export interface DueDelivery {
  readonly tenantId: string;
  readonly endpointId: string;
  readonly id: string;
  readonly position: number;
  /** From 1. */
  readonly attempt: number;
}

export interface RelayOptions {
  /** Deliveries of one endpoint under way at once. */
  readonly parallel: number;
  /** After so many seconds a job that did not begin is taken for lost. */
  readonly leaseSeconds: number;
}

/**
 * Makes deliveries of an endpoint's new events and takes those that are due; one process at a time per endpoint.
 * @returns what the queue is to be given, and how many events were removed before they could be relayed
 */
export async function relayEndpoint(
  db: DatabasePool,
  endpoint: EndpointKey,
  options: RelayOptions,
): Promise<{ readonly due: readonly DueDelivery[]; readonly missed: number }> {
  return db.transaction(async (tx) => {
    const [locked] = await tx.query<Locked>(
      {
        name: "lock-endpoint",
        text: `
  SELECT relayed_through::float8 AS "relayedThrough", types, failures, paused_at IS NOT NULL AS "isPaused"
    FROM webhook_endpoints
   WHERE tenant_id = $1 AND id = $2 AND (retry_at IS NULL OR retry_at <= now())
     AND (paused_at IS NULL OR pause_reason = 'failing')
     FOR UPDATE SKIP LOCKED`,
      },
      [endpoint.tenantId, endpoint.id],
    );
    if (locked === undefined) return { due: [], missed: 0 };
    const missed = locked.isPaused ? 0 : await insertDeliveries(tx, endpoint, locked);
    const isHeld = locked.isPaused || locked.failures >= FAILURES_BEFORE_HOLD;
    return { due: await takeDue(tx, endpoint, { ...options, ...(isHeld && { parallel: 1 }) }), missed };
  });
}

// A statement of its own, after the lock: its snapshot sees all that came before.
const INSERT = `
  WITH place AS (
         SELECT head, greatest(pruned_through, $3::bigint) AS start, greatest(pruned_through - $3, 0) AS missed
           FROM event_heads WHERE tenant_id = $1
       ), room AS (
         SELECT least($5::bigint, greatest(0, $6 - count(*))) AS size
           FROM webhook_deliveries WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending'
       ), found AS MATERIALIZED (
         SELECT e.position, e.id, e.type, e.resource_id
           FROM place, events e
          WHERE e.tenant_id = $1 AND e.position > place.start
          ORDER BY e.position
          LIMIT (SELECT size FROM room)
       ), inserted AS (
         INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, id, event_id, type, resource_id)
         SELECT $1, $2, position, gen_random_uuid(), id, type, resource_id
           FROM found
          WHERE $4::text[] IS NULL OR type = ANY($4)
       )
  UPDATE webhook_endpoints
     SET relayed_through = coalesce((SELECT max(position) FROM found), (SELECT start FROM place), relayed_through)
   WHERE tenant_id = $1 AND id = $2
  RETURNING (SELECT missed FROM place)::float8 AS missed`;

/** @returns how many events were removed before they could be relayed */
export async function insertDeliveries(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  { relayedThrough, types }: Pick<Locked, "relayedThrough" | "types">,
): Promise<number> {
  const [row] = await tx.query<{ missed: number }>({ name: "relay-events", text: INSERT }, [
    tenantId,
    id,
    relayedThrough,
    types,
    RELAY_MAX,
    PENDING_MAX,
  ]);
  return row?.missed ?? 0;
}

// Of each resource only the first that waits: what follows it must not overtake. The heads are read along the index, once:
// compared with each other instead, thousands that pile up while a receiver is away took seconds to look through, until the
// statistics had caught up with them.
const TAKE = `
  WITH room AS (
         SELECT greatest(0, $3::int - count(*)) AS size
           FROM webhook_deliveries
          WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending' AND queued_until > now()
       ), heads AS MATERIALIZED (
         SELECT DISTINCT ON (resource_id) position, id, next_attempt_at, queued_until
           FROM webhook_deliveries
          WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending'
          ORDER BY resource_id, position, id
       ), due AS (
         SELECT position, id
           FROM heads
          WHERE next_attempt_at <= now() AND (queued_until IS NULL OR queued_until <= now())
          ORDER BY position, id
          LIMIT (SELECT size FROM room)
       )
  UPDATE webhook_deliveries d
     SET queued_until = now() + make_interval(secs => $4)
    FROM due
   WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.position = due.position AND d.id = due.id
  RETURNING d.tenant_id AS "tenantId", d.endpoint_id AS "endpointId", d.id, d.position::float8 AS position,
            d.attempts + 1 AS attempt`;

/** Takes what is due of an endpoint that the transaction has locked. */
export async function takeDue(
  tx: Database,
  { tenantId, id }: EndpointKey,
  { parallel, leaseSeconds }: RelayOptions,
): Promise<readonly DueDelivery[]> {
  const due = await tx.query<DueDelivery>({ name: "take-due-deliveries", text: TAKE }, [
    tenantId,
    id,
    parallel,
    leaseSeconds,
  ]);
  return [...due].sort((a, b) => a.position - b.position);
}

/** A delivery in hand, with its event; the event is null once it was removed for its age. */
export interface ClaimedDelivery {
  readonly attempts: number;
  readonly event: StoredEvent | null;
}

const CLAIM = `
  UPDATE webhook_deliveries
     SET attempts = attempts + 1, queued_until = now() + make_interval(secs => $6)
   WHERE tenant_id = $1 AND endpoint_id = $2 AND position = $3 AND id = $4
     AND state = 'pending' AND attempts = $5 - 1
  RETURNING attempts`;

const EVENT = `
  SELECT tenant_id AS "tenantId", position::float8 AS position, id, type, resource_type AS "resourceType",
         resource_id AS "resourceId", version::float8 AS version, changed, details, write_id AS "writeId",
         occurred_at AS "occurredAt"
    FROM events
   WHERE tenant_id = $1 AND position = $2`;

/**
 * Takes a delivery in hand, once per attempt: a job that is delivered twice finds nothing to take.
 * @returns undefined when there is nothing to do
 */
export async function claimDelivery(
  db: Database,
  { tenantId, endpointId, position, id, attempt }: DueDelivery,
  leaseSeconds: number,
): Promise<ClaimedDelivery | undefined> {
  const [claimed] = await db.query<{ attempts: number }>({ name: "claim-delivery", text: CLAIM }, [
    tenantId,
    endpointId,
    position,
    id,
    attempt,
    leaseSeconds,
  ]);
  if (claimed === undefined) return undefined;
  const [event] = await db.query<StoredEvent>({ name: "find-event", text: EVENT }, [tenantId, position]);
  return { attempts: claimed.attempts, event: event ?? null };
}

export interface AttemptResult {
  readonly state: "pending" | "delivered" | "failed";
  /** While it is pending. */
  readonly retryAfterSeconds: number | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly durationMs: number;
  readonly response: string | null;
}

export async function recordAttempt(
  tx: Transaction,
  { tenantId, endpointId, position, id }: DueDelivery,
  result: AttemptResult,
): Promise<void> {
  await tx.query(
    {
      name: "record-attempt",
      text: `
  UPDATE webhook_deliveries
     SET state = $5, status = $6, error = $7, duration_ms = $8, response = $9, queued_until = NULL,
         next_attempt_at = coalesce(now() + make_interval(secs => $10), next_attempt_at),
         ended_at = CASE WHEN $5 <> 'pending' THEN now() END
   WHERE tenant_id = $1 AND endpoint_id = $2 AND position = $3 AND id = $4`,
    },
    [
      tenantId,
      endpointId,
      position,
      id,
      result.state,
      result.status,
      result.error,
      result.durationMs,
      result.response,
      result.retryAfterSeconds,
    ],
  );
}
