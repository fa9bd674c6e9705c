/**
 * Tokens that wait until their receiver asks (RFC 8936): deliveries like those that are sent, but handed out by a poll,
 * again and again until they are acknowledged or refused.
 */
import type { Transaction } from "./database.ts";
import type { StoredEvent } from "./events.ts";
import { insertDeliveries } from "./webhook-deliveries.ts";
import type { EndpointKey, SetFormat } from "./webhook-endpoints.ts";

export interface PolledStream extends EndpointKey {
  readonly audience: string;
  readonly format: SetFormat;
  readonly isPaused: boolean;
}

interface LockedStream extends PolledStream {
  readonly relayedThrough: number;
  readonly types: readonly StoredEvent["type"][] | null;
}

/** What a receiver says of tokens that it got before, by the ids of their events. */
export interface Settled {
  readonly acknowledged: readonly string[];
  readonly refused: readonly { readonly eventId: string; readonly error: string }[];
}

export interface PolledPage {
  readonly stream: PolledStream;
  readonly events: readonly StoredEvent[];
  readonly hasMore: boolean;
  /** Position up to which the tenant's events were looked through. */
  readonly through: number;
}

// Of events that the receiver did not want, so many thousands are passed over in one poll.
const ROUNDS_MAX = 10;

const LOCK = `
  UPDATE webhook_endpoints
     SET polled_at = now()
   WHERE tenant_id = $1 AND id = $2 AND delivery = 'poll'
  RETURNING tenant_id AS "tenantId", id, audience, format, paused_at IS NOT NULL AS "isPaused",
            relayed_through::float8 AS "relayedThrough", types`;

/**
 * Notes what was acknowledged and hands out what waits, the oldest first. The stream's row is held until the commit, so
 * polls of one stream follow each other.
 * @returns undefined where there is no such stream
 */
export async function pollStream(
  tx: Transaction,
  key: EndpointKey,
  { settled, max }: { readonly settled: Settled; readonly max: number },
): Promise<PolledPage | undefined> {
  const [locked] = await tx.query<LockedStream>({ name: "lock-stream", text: LOCK }, [key.tenantId, key.id]);
  if (locked === undefined) return undefined;
  const { relayedThrough, types, ...stream } = locked;
  await settle(tx, key, settled);
  const nothing = { stream, events: [], hasMore: false, through: relayedThrough };
  if (stream.isPaused || max === 0) return nothing;
  await giveUpPruned(tx, key);
  const place = await fill(tx, key, { relayedThrough, types, max });
  const events = await handOut(tx, key, max);
  const hasMore = place.pending > events.length || place.relayedThrough < place.head;
  return { stream, events, hasMore, through: place.relayedThrough };
}

const ACKNOWLEDGE = `
  UPDATE webhook_deliveries
     SET state = 'delivered', ended_at = now(), error = NULL
   WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending' AND event_id = ANY($3::uuid[])`;

const REFUSE = `
  UPDATE webhook_deliveries d
     SET state = 'failed', ended_at = now(), error = r.error
    FROM unnest($3::uuid[], $4::text[]) AS r (event_id, error)
   WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.state = 'pending' AND d.event_id = r.event_id`;

async function settle(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  { acknowledged, refused }: Settled,
): Promise<void> {
  if (acknowledged.length > 0) await tx.query(ACKNOWLEDGE, [tenantId, id, acknowledged]);
  if (refused.length === 0) return;
  const ids = refused.map(({ eventId }) => eventId);
  await tx.query(REFUSE, [tenantId, id, ids, refused.map(({ error }) => error)]);
}

/** Of events that are no longer kept nothing can be told. */
async function giveUpPruned(tx: Transaction, { tenantId, id }: EndpointKey): Promise<void> {
  await tx.query(
    `UPDATE webhook_deliveries
        SET state = 'failed', ended_at = now(),
            error = 'the event was older than EVENT_RETENTION_DAYS and was removed before it was acknowledged'
      WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending'
        AND position <= (SELECT pruned_through FROM event_heads WHERE tenant_id = $1)`,
    [tenantId, id],
  );
}

interface Filled {
  readonly pending: number;
  readonly head: number;
  readonly relayedThrough: number;
}

const PLACE = `
  SELECT e.relayed_through::float8 AS "relayedThrough",
         coalesce((SELECT head FROM event_heads WHERE tenant_id = $1), 0)::float8 AS head,
         (SELECT count(*) FROM webhook_deliveries
           WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending')::float8 AS pending
    FROM webhook_endpoints e
   WHERE e.tenant_id = $1 AND e.id = $2`;

/** Makes deliveries of new events until there are enough. */
async function fill(
  tx: Transaction,
  key: EndpointKey,
  { max, types, ...start }: { readonly max: number } & Pick<LockedStream, "relayedThrough" | "types">,
): Promise<Filled> {
  let { relayedThrough } = start;
  for (let round = 0; ; round += 1) {
    const [place] = await tx.query<Filled>(PLACE, [key.tenantId, key.id]);
    const filled = place ?? { pending: 0, head: 0, relayedThrough };
    const isEnough = filled.pending > max || filled.relayedThrough >= filled.head;
    if (isEnough || round === ROUNDS_MAX) return filled;
    ({ relayedThrough } = filled);
    await insertDeliveries(tx, key, { relayedThrough, types });
  }
}

// An event that is sent again may wait twice: it is handed out once.
const HAND_OUT = `
  WITH due AS (
         SELECT DISTINCT position
           FROM webhook_deliveries
          WHERE tenant_id = $1 AND endpoint_id = $2 AND state = 'pending'
          ORDER BY position
          LIMIT $3
       ), counted AS (
         UPDATE webhook_deliveries d
            SET attempts = d.attempts + 1
           FROM due
          WHERE d.tenant_id = $1 AND d.endpoint_id = $2 AND d.position = due.position AND d.state = 'pending'
       )
  SELECT e.tenant_id AS "tenantId", e.position::float8 AS position, e.id, e.type, e.resource_type AS "resourceType",
         e.resource_id AS "resourceId", e.version::float8 AS version, e.changed, e.details, e.write_id AS "writeId",
         e.occurred_at AS "occurredAt"
    FROM due
    JOIN events e ON e.tenant_id = $1 AND e.position = due.position
   ORDER BY e.position`;

async function handOut(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  max: number,
): Promise<readonly StoredEvent[]> {
  return tx.query<StoredEvent>({ name: "hand-out-sets", text: HAND_OUT }, [tenantId, id, max]);
}
