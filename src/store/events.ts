/**
 * The events of a tenant: what changed, one row per change, in the order of the commits and without a gap
 * (docs/decisions/0023). A row holds no attribute's value, so that erasing a person has little to reach.
 */
import type { Database, Transaction } from "./database.ts";

/** Names are data: products hang on them. */
export const EVENT_TYPES = [
  "user.created",
  "user.adopted",
  "user.updated",
  "user.deactivated",
  "user.reactivated",
  "user.deleted",
  "group.created",
  "group.updated",
  "group.deleted",
  "group.members_changed",
  "cycle.completed",
  "guard.held",
  "reconciliation.completed",
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** What cannot be looked up later. */
export interface EventDetails {
  /** Of a resource that was deleted. */
  readonly externalId?: string;
  /** The product's own id of whom a write adopted. */
  readonly productId?: string;
  /** Ids of a group's members that came and went. */
  readonly added?: readonly string[];
  readonly removed?: readonly string[];
}

export interface NewEvent {
  readonly tenantId: string;
  readonly id: string;
  readonly type: EventType;
  readonly resourceType: "User" | "Group" | "Cycle" | "Reconciliation";
  readonly resourceId: string;
  readonly version: number | null;
  readonly changed: readonly string[];
  readonly details: EventDetails | null;
  readonly writeId: string | null;
}

export interface StoredEvent extends NewEvent {
  readonly position: number;
  readonly occurredAt: Date;
}

// The upsert takes the tenants' rows in one order, and holds them until the commit: whoever comes next gets the
// positions that follow, and commits later.
const INSERT = `
  WITH r AS MATERIALIZED (
         SELECT tenant_id, id, type, resource_type, resource_id, version, changed, details, write_id, ordinal
           FROM ROWS FROM (jsonb_to_recordset($1::jsonb)
                  AS ("tenantId" uuid, id uuid, type text, "resourceType" text, "resourceId" uuid, version bigint,
                      changed text[], details jsonb, "writeId" uuid)) WITH ORDINALITY
             AS e (tenant_id, id, type, resource_type, resource_id, version, changed, details, write_id, ordinal)
       ), heads AS (
         INSERT INTO event_heads AS h (tenant_id, head)
         SELECT tenant_id, count(*) FROM r GROUP BY tenant_id ORDER BY tenant_id
             ON CONFLICT (tenant_id) DO UPDATE SET head = h.head + excluded.head
         RETURNING tenant_id, head
       )
  INSERT INTO events (tenant_id, position, id, type, resource_type, resource_id, version, changed, details, write_id,
                      occurred_at)
  SELECT r.tenant_id,
         heads.head - count(*) OVER (PARTITION BY r.tenant_id)
           + row_number() OVER (PARTITION BY r.tenant_id ORDER BY r.ordinal),
         r.id, r.type, r.resource_type, r.resource_id, r.version, r.changed, r.details, r.write_id, now()
    FROM r
    JOIN heads ON heads.tenant_id = r.tenant_id`;

/**
 * Appends events, those of one tenant in the order given. The last statement before the commit: transactions of one
 * tenant wait here for each other, after the cycle counts and never before them, so that nobody waits in a ring.
 */
export async function insertEvents(tx: Transaction, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return;
  await tx.query({ name: "insert-events", text: INSERT }, [JSON.stringify(events)]);
}

// The heads and the events are of one snapshot: what was removed meanwhile is known to be gone.
const READ = `
  SELECT h.head::float8 AS head, h.pruned_through::float8 AS "prunedThrough",
         h.tenant_id AS "tenantId", e.position::float8 AS position, e.id, e.type, e.resource_type AS "resourceType",
         e.resource_id AS "resourceId", e.version::float8 AS version, e.changed, e.details, e.write_id AS "writeId",
         e.occurred_at AS "occurredAt"
    FROM event_heads h
    LEFT JOIN LATERAL (
           SELECT position, id, type, resource_type, resource_id, version, changed, details, write_id, occurred_at
             FROM events
            WHERE tenant_id = h.tenant_id AND position > $2 AND ($3::text[] IS NULL OR type = ANY($3))
            ORDER BY position
            LIMIT $4
         ) e ON true
   WHERE h.tenant_id = $1
   ORDER BY e.position`;

export interface EventQuery {
  readonly tenantId: string;
  /** Position of the last event the reader has; 0 for none. */
  readonly after: number;
  /** Undefined wants all. */
  readonly types?: readonly EventType[] | undefined;
  readonly limit: number;
}

export interface EventPage {
  readonly events: readonly StoredEvent[];
  readonly head: number;
  readonly prunedThrough: number;
}

type ReadRow = { readonly head: number; readonly prunedThrough: number } & (
  StoredEvent | { readonly position: null }
);

export async function readEvents(db: Database, query: EventQuery): Promise<EventPage> {
  const { tenantId, after, types, limit } = query;
  const rows = await db.query<ReadRow>({ name: "read-events", text: READ }, [
    tenantId,
    after,
    types ?? null,
    limit,
  ]);
  const [first] = rows;
  if (first === undefined) return { events: [], head: 0, prunedThrough: 0 };
  const events = rows.filter((row): row is ReadRow & StoredEvent => row.position !== null);
  return { events, head: first.head, prunedThrough: first.prunedThrough };
}

/** The newest positions, by tenant id; a tenant without events is absent. */
export async function readHeads(
  db: Database,
  tenantIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ tenantId: string; head: number }>(
    {
      name: "read-heads",
      text: `SELECT tenant_id AS "tenantId", head::float8 AS head FROM event_heads WHERE tenant_id = ANY($1::uuid[])`,
    },
    [tenantIds],
  );
  return new Map(rows.map(({ tenantId, head }) => [tenantId, head]));
}

// A tenant's events grow old from the front, so one look at the oldest tells whether there is anything to do.
const PRUNE = `
  WITH old AS (
         SELECT h.tenant_id, max(f.position) AS through
           FROM event_heads h
           CROSS JOIN LATERAL (
                  SELECT occurred_at FROM events
                   WHERE tenant_id = h.tenant_id AND position > h.pruned_through
                   ORDER BY position LIMIT 1
                ) oldest
           CROSS JOIN LATERAL (
                  SELECT position, occurred_at FROM events
                   WHERE tenant_id = h.tenant_id AND position > h.pruned_through
                   ORDER BY position LIMIT $2
                ) f
          WHERE oldest.occurred_at < now() - make_interval(secs => $1)
            AND f.occurred_at < now() - make_interval(secs => $1)
          GROUP BY h.tenant_id
       ), gone AS (
         DELETE FROM events e
          USING old
          WHERE e.tenant_id = old.tenant_id AND e.position <= old.through
         RETURNING e.tenant_id
       )
  SELECT tenant_id AS "tenantId", through::float8 AS through, (SELECT count(*) FROM gone)::float8 AS removed
    FROM old
   ORDER BY tenant_id`;

const NOTE_PRUNED = `
  UPDATE event_heads h
     SET pruned_through = greatest(h.pruned_through, p.through)
    FROM (SELECT tenant_id, through
            FROM unnest($1::uuid[], $2::bigint[]) AS p (tenant_id, through) ORDER BY tenant_id) p
   WHERE h.tenant_id = p.tenant_id`;

/**
 * Removes events older than is kept, so many of each tenant at a time, oldest first.
 * @returns how many went
 */
export async function pruneEvents(
  tx: Transaction,
  keep: { readonly seconds: number; readonly perTenantMax: number },
): Promise<number> {
  type Row = { readonly tenantId: string; readonly through: number; readonly removed: number };
  const rows = await tx.query<Row>(PRUNE, [keep.seconds, keep.perTenantMax]);
  if (rows[0] === undefined) return 0;
  // Last, because writers of these tenants wait from here until the commit.
  await tx.query(NOTE_PRUNED, [rows.map(({ tenantId }) => tenantId), rows.map(({ through }) => through)]);
  return rows[0].removed;
}

/** Takes out of a tenant's events what tells of one person or group outside Rollcall. */
export async function eraseEventDetails(
  tx: Transaction,
  tenantId: string,
  resourceId: string,
): Promise<void> {
  await tx.query(
    `UPDATE events SET details = details - 'externalId'
      WHERE tenant_id = $1 AND resource_id = $2 AND details ? 'externalId'`,
    [tenantId, resourceId],
  );
}
