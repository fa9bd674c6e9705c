/** What came of deliveries, and sending events again. */
import type { Database, Transaction } from "./database.ts";
import type { EventType } from "./events.ts";
import type { AttemptResult } from "./webhook-deliveries.ts";
import type { EndpointKey } from "./webhook-endpoints.ts";

export interface LoggedDelivery {
  readonly id: string;
  readonly eventId: string;
  readonly type: EventType;
  readonly resourceId: string;
  readonly state: AttemptResult["state"];
  readonly attempts: number;
  readonly createdAt: Date;
  readonly endedAt: Date | null;
  readonly nextAttemptAt: Date;
  readonly status: number | null;
  readonly error: string | null;
  readonly durationMs: number | null;
  readonly response: string | null;
}

/** The newest deliveries of an endpoint, by their events, newest first. */
export async function listDeliveries(
  db: Database,
  { tenantId, id }: EndpointKey,
  { limit, failedOnly }: { readonly limit: number; readonly failedOnly: boolean },
): Promise<readonly LoggedDelivery[]> {
  return db.query<LoggedDelivery>(
    `SELECT id, event_id AS "eventId", type, resource_id AS "resourceId", state, attempts,
            created_at AS "createdAt", ended_at AS "endedAt", next_attempt_at AS "nextAttemptAt", status, error,
            duration_ms AS "durationMs", response
       FROM webhook_deliveries
      WHERE tenant_id = $1 AND endpoint_id = $2 AND (NOT $4 OR state = 'failed')
      ORDER BY position DESC, id
      LIMIT $3`,
    [tenantId, id, limit, failedOnly],
  );
}

/** Which events are sent again: one, or all of the endpoint's types since a time. */
export type Redelivery = { readonly eventId: string } | { readonly since: Date };

/** @returns how many will be sent; events that still wait to be sent are left alone */
export async function redeliver(
  tx: Transaction,
  { tenantId, id }: EndpointKey,
  wanted: Redelivery,
): Promise<number> {
  const inserted = await tx.query(
    `INSERT INTO webhook_deliveries (tenant_id, endpoint_id, position, id, event_id, type, resource_id)
     SELECT e.tenant_id, w.id, e.position, gen_random_uuid(), e.id, e.type, e.resource_id
       FROM webhook_endpoints w
       JOIN events e ON e.tenant_id = w.tenant_id
      WHERE w.tenant_id = $1 AND w.id = $2 AND e.position <= w.relayed_through
        AND (e.id = $3 OR (e.occurred_at >= $4 AND (w.types IS NULL OR e.type = ANY(w.types))))
        AND NOT EXISTS (SELECT FROM webhook_deliveries d
                         WHERE d.tenant_id = w.tenant_id AND d.endpoint_id = w.id AND d.position = e.position
                           AND d.state = 'pending')
      ORDER BY e.position
     RETURNING id`,
    [tenantId, id, "eventId" in wanted ? wanted.eventId : null, "since" in wanted ? wanted.since : null],
  );
  return inserted.length;
}

/** Forgets deliveries that ended so long ago, so many at a time. */
export async function pruneDeliveries(
  tx: Transaction,
  { seconds, max }: { readonly seconds: number; readonly max: number },
): Promise<void> {
  await tx.query(
    `DELETE FROM webhook_deliveries d
      USING (SELECT tenant_id, endpoint_id, position, id FROM webhook_deliveries
              WHERE state <> 'pending' AND ended_at < now() - make_interval(secs => $1)
              LIMIT $2) old
      WHERE d.tenant_id = old.tenant_id AND d.endpoint_id = old.endpoint_id AND d.position = old.position
        AND d.id = old.id`,
    [seconds, max],
  );
}

/** For metrics: endpoints by state, and the age of the oldest event that an endpoint still waits for. */
export async function readWebhookState(db: Database): Promise<{
  readonly active: number;
  readonly failing: number;
  readonly paused: number;
  readonly lagSeconds: number;
}> {
  const [row] = await db.query<{ active: number; failing: number; paused: number; lagSeconds: number }>({
    name: "read-webhook-state",
    text: `
  SELECT (count(*) FILTER (WHERE e.paused_at IS NULL AND e.failures = 0))::float8 AS active,
         (count(*) FILTER (WHERE e.paused_at IS NULL AND e.failures > 0))::float8 AS failing,
         (count(*) FILTER (WHERE e.paused_at IS NOT NULL))::float8 AS paused,
         coalesce(max(extract(epoch FROM now() - oldest.at))
                    FILTER (WHERE e.paused_at IS NULL AND e.delivery = 'push'), 0)::float8
           AS "lagSeconds"
    FROM webhook_endpoints e
    LEFT JOIN LATERAL (
           SELECT least(
             (SELECT min(created_at) FROM webhook_deliveries d
               WHERE d.tenant_id = e.tenant_id AND d.endpoint_id = e.id AND d.state = 'pending'),
             (SELECT occurred_at FROM events v
               WHERE v.tenant_id = e.tenant_id AND v.position > e.relayed_through ORDER BY position LIMIT 1)) AS at
         ) oldest ON true`,
  });
  return row ?? { active: 0, failing: 0, paused: 0, lagSeconds: 0 };
}
