/**
 * Cycles: what one synchronisation run of a connection did. A request opens a cycle where none is open, quiet time
 * ends it. Writes are counted in their own transactions, reads are flushed from memory.
 */
import type { Counts } from "../platform/counts.ts";
import { newId } from "../platform/ids.ts";
import type { Database, Transaction } from "./database.ts";
import { BEATS_MIN } from "./overdue.ts";

export interface ConnectionKey {
  readonly tenantId: string;
  readonly connectionId: string;
}

/** What a write adds to its cycle. */
export interface CycleCounts {
  usersCreated: number;
  usersUpdated: number;
  usersDeactivated: number;
  usersReactivated: number;
  usersDeleted: number;
  groupsCreated: number;
  groupsUpdated: number;
  groupsDeleted: number;
  membersAdded: number;
  membersRemoved: number;
  unchanged: number;
  refused: number;
  faulted: number;
  retried: number;
}

export const NO_COUNTS: Readonly<CycleCounts> = {
  usersCreated: 0,
  usersUpdated: 0,
  usersDeactivated: 0,
  usersReactivated: 0,
  usersDeleted: 0,
  groupsCreated: 0,
  groupsUpdated: 0,
  groupsDeleted: 0,
  membersAdded: 0,
  membersRemoved: 0,
  unchanged: 0,
  refused: 0,
  faulted: 0,
  retried: 0,
};

// Two processes may open at once: the unique index on open cycles lets one win, and the other takes its cycle.
const OPEN = `
  INSERT INTO cycles (tenant_id, id, connection_id, started_at, last_request_at)
  VALUES ($1, $2, $3, now(), now())
      ON CONFLICT (tenant_id, connection_id) WHERE ended_at IS NULL
      DO UPDATE SET last_request_at = now()
  RETURNING id`;

/** @returns the id of the connection's open cycle, opened now if there was none */
export async function openCycle(db: Database, connection: ConnectionKey): Promise<string> {
  const rows = await db.query<{ id: string }>({ name: "open-cycle", text: OPEN }, [
    connection.tenantId,
    newId(),
    connection.connectionId,
  ]);
  const id = rows[0]?.id;
  if (id === undefined) throw new Error("opening a cycle returned no row");
  return id;
}

export interface CycleRequests {
  readonly tenantId: string;
  readonly cycleId: string;
  readonly requests: number;
  readonly reads: number;
  /** Refused at the door, before they became writes. */
  readonly refused: number;
  /** Requests that were answered, by resource and operation. */
  readonly kinds: Counts;
  /** Those refused, by resource, operation and result. */
  readonly writes: Counts;
}

const NOTE_REQUESTS = `
  UPDATE cycles c
     SET requests = c.requests + n.requests, reads = c.reads + n.reads, refused = c.refused + n.refused,
         request_kinds = sum_counts(c.request_kinds, n.kinds), writes = sum_counts(c.writes, n.writes),
         last_request_at = CASE WHEN n.requests > 0 THEN greatest(c.last_request_at, now()) ELSE c.last_request_at END
    FROM jsonb_to_recordset($1::jsonb)
      AS n ("tenantId" uuid, "cycleId" uuid, requests bigint, reads bigint, refused bigint, kinds jsonb, writes jsonb)
   WHERE c.tenant_id = n."tenantId" AND c.id = n."cycleId"`;

/** Adds what the api counted in memory since the last flush. */
export async function noteRequests(db: Database, counts: readonly CycleRequests[]): Promise<void> {
  if (counts.length === 0) return;
  await db.query({ name: "note-requests", text: NOTE_REQUESTS }, [JSON.stringify(counts)]);
}

// Not by sum_counts, which Postgres would call as a function, parsed and planned for each batch.
const ADD_COUNTS = `
  UPDATE cycles c
     SET users_created = c.users_created + n."usersCreated",
         users_updated = c.users_updated + n."usersUpdated",
         users_deactivated = c.users_deactivated + n."usersDeactivated",
         users_reactivated = c.users_reactivated + n."usersReactivated",
         users_deleted = c.users_deleted + n."usersDeleted",
         groups_created = c.groups_created + n."groupsCreated",
         groups_updated = c.groups_updated + n."groupsUpdated",
         groups_deleted = c.groups_deleted + n."groupsDeleted",
         members_added = c.members_added + n."membersAdded",
         members_removed = c.members_removed + n."membersRemoved",
         unchanged = c.unchanged + n.unchanged,
         refused = c.refused + n.refused,
         faulted = c.faulted + n.faulted,
         retried = c.retried + n.retried,
         writes = c.writes || (SELECT coalesce(jsonb_object_agg(w.key, coalesce((c.writes ->> w.key)::bigint, 0) + w.value::bigint), '{}')
                                 FROM jsonb_each_text(n.writes) w)
    FROM jsonb_to_recordset($1::jsonb)
      AS n ("tenantId" uuid, "cycleId" uuid, "usersCreated" bigint, "usersUpdated" bigint, "usersDeactivated" bigint,
            "usersReactivated" bigint, "usersDeleted" bigint, "groupsCreated" bigint, "groupsUpdated" bigint,
            "groupsDeleted" bigint, "membersAdded" bigint, "membersRemoved" bigint, unchanged bigint, refused bigint,
            faulted bigint, retried bigint, writes jsonb)
   WHERE c.tenant_id = n."tenantId" AND c.id = n."cycleId"`;

export interface AddedCounts extends CycleCounts {
  readonly tenantId: string;
  readonly cycleId: string;
  /** By resource, operation and result, such as `User.patch.applied`. */
  readonly writes: Counts;
}

/**
 * Counts a batch's writes, in the batch's transaction. The last statement before the commit, because workers of one
 * tenant wait here for each other.
 * @param counts - sorted by cycle id, so that two batches lock cycles in one order
 */
export async function addCycleCounts(tx: Transaction, counts: readonly AddedCounts[]): Promise<void> {
  if (counts.length === 0) return;
  await tx.query({ name: "add-cycle-counts", text: ADD_COUNTS }, [JSON.stringify(counts)]);
}

export interface CycleGauge {
  readonly tenantSlug: string;
  readonly connectionId: string;
  readonly isOpen: boolean;
  readonly lastRequestAt: Date;
  /** Up to two. */
  readonly incrementalCycles: number;
  readonly lastEndAt: Date | null;
  readonly lastDurationSeconds: number | null;
  readonly lastApplied: number | null;
  readonly lastUnchanged: number | null;
  readonly lastRefused: number | null;
  readonly lastFaulted: number | null;
}

const GAUGES = `
  SELECT t.slug AS "tenantSlug", c.id AS "connectionId", n.ended_at IS NULL AS "isOpen",
         n.last_request_at AS "lastRequestAt", e.ended_at AS "lastEndAt",
         (SELECT count(*) FROM (
            SELECT FROM cycles
             WHERE tenant_id = c.tenant_id AND connection_id = c.id AND kind = 'incremental' LIMIT ${BEATS_MIN}
          ) beats)::int AS "incrementalCycles",
         extract(epoch FROM e.ended_at - e.started_at)::float8 AS "lastDurationSeconds",
         (e.users_created + e.users_updated + e.users_deactivated + e.users_reactivated + e.users_deleted
           + e.groups_created + e.groups_updated + e.groups_deleted)::float8 AS "lastApplied",
         e.unchanged::float8 AS "lastUnchanged", e.refused::float8 AS "lastRefused", e.faulted::float8 AS "lastFaulted"
    FROM connections c
    JOIN tenants t ON t.id = c.tenant_id
    JOIN LATERAL (
           SELECT ended_at, last_request_at FROM cycles
            WHERE tenant_id = c.tenant_id AND connection_id = c.id
            ORDER BY started_at DESC, id LIMIT 1
         ) n ON true
    LEFT JOIN LATERAL (
           SELECT started_at, ended_at, users_created, users_updated, users_deactivated, users_reactivated,
                  users_deleted, groups_created, groups_updated, groups_deleted, unchanged, refused, faulted
             FROM cycles
            WHERE tenant_id = c.tenant_id AND connection_id = c.id AND ended_at IS NOT NULL AND kind <> 'test'
            ORDER BY started_at DESC, id LIMIT 1
         ) e ON true
   WHERE c.disconnected_at IS NULL
   ORDER BY n.last_request_at DESC, c.id
   LIMIT $1`;

/** The state of the most recently active connections, for metrics. */
export async function readCycleGauges(db: Database, limit: number): Promise<readonly CycleGauge[]> {
  return db.query<CycleGauge>(GAUGES, [limit]);
}
