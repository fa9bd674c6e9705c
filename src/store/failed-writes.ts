/** Failures as admins review them: by their cause, newest first within one, and one with all that is known of it. */
import { type Explanation, explanationOf } from "../scim/index.ts";
import type { Database } from "./database.ts";
import type { FailureState } from "./failures.ts";

export interface FailedWrite {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly writeId: string;
  readonly connectionId: string;
  readonly cycleId: string | null;
  readonly correlationId: string;
  /** As the identity provider names the request. */
  readonly clientRequestId: string | null;
  readonly operation: "create" | "replace" | "patch" | "delete";
  readonly resourceType: "User" | "Group";
  readonly resourceId: string | null;
  readonly result: "refused" | "fault";
  readonly status: number;
  readonly scimType: string | null;
  readonly code: string;
  readonly detail: string | null;
  /** The detail without values. */
  readonly masked: string | null;
  readonly attempts: number;
  readonly endedAt: Date;
  readonly state: FailureState;
  readonly reason: string | null;
  readonly note: string | null;
  readonly notedBy: string | null;
  /** Whose work it is. */
  readonly assignee: string | null;
  readonly retriedAs: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedCycle: string | null;
  readonly resolvedCycleStartedAt: Date | null;
  readonly changedAt: Date | null;
  readonly changedBy: string | null;
  readonly isRepeatable: boolean;
  /** What the code means and what to do; undefined for a code that this version does not know. */
  readonly explanation: Explanation | undefined;
}

type Row<Whole> = Omit<Whole, "explanation">;

function explained<Whole extends { readonly code: string }>(row: Whole) {
  return { ...row, explanation: explanationOf(row.code) };
}

export interface FailedWritesPage {
  readonly writes: readonly FailedWrite[];
  /** Where the next, older page begins; undefined on the last one. */
  readonly olderThan: string | undefined;
}

/** What failures have in common that one remedy mends. */
export interface Cause {
  readonly code: string;
  readonly resourceType: string;
  readonly operation: string;
}

export interface FailedWritesQuery {
  /** All tenants where absent. */
  readonly tenantId?: string;
  readonly cycleId?: string;
  readonly state?: FailureState;
  readonly cause?: Cause;
  /** Only writes before this write. */
  readonly olderThan?: string;
  readonly limit: number;
}

const COLUMNS = `
         t.id AS "tenantId", t.slug AS "tenantSlug", f.write_id AS "writeId", f.connection_id AS "connectionId",
         f.cycle_id AS "cycleId", w.correlation_id AS "correlationId",
         w.client_request_id AS "clientRequestId", f.operation,
         f.resource_type AS "resourceType", f.resource_id AS "resourceId", f.result, f.status, f.scim_type AS "scimType",
         f.code, w.detail, f.masked, coalesce(w.attempts, 1) AS attempts, f.failed_at AS "endedAt", f.state, f.reason,
         f.note, f.noted_by AS "notedBy", f.assignee, f.retried_as AS "retriedAs", f.resolved_by AS "resolvedBy",
         f.resolved_cycle AS "resolvedCycle", c.started_at AS "resolvedCycleStartedAt", f.changed_at AS "changedAt",
         f.changed_by AS "changedBy", f.is_repeatable AS "isRepeatable"`;
// The ledger is pruned earlier than anybody forgets a failure that is open.
const JOINS = `
    LEFT JOIN writes w ON w.tenant_id = f.tenant_id AND w.write_id = f.write_id
    LEFT JOIN cycles c ON c.tenant_id = f.tenant_id AND c.id = f.resolved_cycle`;

// One index scan a tenant, each ended by its own limit: a tenant with a million failures costs no more than another.
const LIST = `
  SELECT ${COLUMNS}
    FROM tenants t
    JOIN LATERAL (
           SELECT tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result, status,
                  scim_type, code, masked, state, reason, note, noted_by, assignee, retried_as, resolved_by, resolved_cycle,
                  changed_at, changed_by, is_repeatable, failed_at
             FROM failures
            WHERE tenant_id = t.id
              AND ($2::uuid IS NULL OR cycle_id = $2)
              AND ($3::text IS NULL OR state = $3)
              AND ($4::text IS NULL OR (code = $4 AND resource_type = $5 AND operation = $6))
              AND write_id < coalesce($7::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            ORDER BY write_id DESC
            LIMIT $8
         ) f ON true ${JOINS}
   WHERE $1::uuid IS NULL OR t.id = $1
   ORDER BY f.write_id DESC
   LIMIT $8`;

export async function listFailedWrites(db: Database, query: FailedWritesQuery): Promise<FailedWritesPage> {
  const { cause, tenantId = null, cycleId = null, state = null, olderThan = null } = query;
  const { code = null, resourceType = null, operation = null } = cause ?? {};
  // One more than is shown tells whether there is an older page.
  const rows = await db.query<Row<FailedWrite>>(LIST, [
    ...[tenantId, cycleId, state, code, resourceType, operation, olderThan],
    query.limit + 1,
  ]);
  const writes = rows.slice(0, query.limit).map(explained);
  return { writes, olderThan: rows.length > query.limit ? writes.at(-1)?.writeId : undefined };
}

export interface FailedWriteWhole extends FailedWrite {
  /** Canonical, or as it came; null where it was too large to keep, or is pruned. */
  readonly request: unknown;
  /** The failure of which this write was the retry. */
  readonly retryOf: string | null;
  /** How the retry ended; null while it has not. */
  readonly retryResult: "applied" | "unchanged" | "refused" | "fault" | null;
  /** True where a later write changed the resource, so that a repetition would undo that. */
  readonly isOvertaken: boolean;
}

const FIND = `
  SELECT ${COLUMNS}, w.request, r.result AS "retryResult",
         (SELECT first.write_id FROM failures first
           WHERE first.tenant_id = f.tenant_id AND first.retried_as = f.write_id LIMIT 1) AS "retryOf",
         EXISTS (SELECT FROM writes later
                  WHERE later.tenant_id = f.tenant_id AND later.resource_id = f.resource_id
                    AND later.write_id > f.write_id AND later.result = 'applied') AS "isOvertaken"
    FROM failures f
    JOIN tenants t ON t.id = f.tenant_id ${JOINS}
    LEFT JOIN writes r ON r.tenant_id = f.tenant_id AND r.write_id = f.retried_as
   WHERE f.tenant_id = $1 AND f.write_id = $2`;

export async function findFailedWrite(
  db: Database,
  tenantId: string,
  writeId: string,
): Promise<FailedWriteWhole | undefined> {
  const [row] = await db.query<Row<FailedWriteWhole>>(FIND, [tenantId, writeId]);
  return row && explained(row);
}

/** Failures of one cause in one tenant. */
export interface FailureGroup extends Cause {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly tenantName: string;
  readonly result: "refused" | "fault";
  readonly count: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
  readonly repeatable: number;
  /** The newest one, without values, as an example. */
  readonly masked: string | null;
  readonly lastWriteId: string;
  readonly explanation: Explanation | undefined;
}

const GROUPS_MAX = 200;

const GROUPS = `
  SELECT t.id AS "tenantId", t.slug AS "tenantSlug", t.name AS "tenantName", g.code, g.resource_type AS "resourceType",
         g.operation, newest.result, g.count::float8 AS count, g.repeatable::float8 AS repeatable,
         g.first_at AS "firstAt", newest.failed_at AS "lastAt", newest.masked, newest.write_id AS "lastWriteId"
    FROM (
           SELECT tenant_id, code, resource_type, operation, count(*) AS count, min(failed_at) AS first_at,
                  count(*) FILTER (WHERE is_repeatable) AS repeatable, max(failed_at) AS last_at
             FROM failures
            WHERE state = 'open' AND ($1::uuid IS NULL OR tenant_id = $1) AND ($2::uuid IS NULL OR cycle_id = $2)
            GROUP BY tenant_id, code, resource_type, operation
            ORDER BY last_at DESC
            LIMIT ${GROUPS_MAX}
         ) g
    JOIN tenants t ON t.id = g.tenant_id
    JOIN LATERAL (
           SELECT write_id, failed_at, masked, result
             FROM failures
            WHERE tenant_id = g.tenant_id AND state = 'open' AND code = g.code
              AND ($2::uuid IS NULL OR cycle_id = $2) AND resource_type = g.resource_type AND operation = g.operation
            ORDER BY write_id DESC
            LIMIT 1
         ) newest ON true
   ORDER BY g.last_at DESC, t.slug, g.code, g.resource_type, g.operation`;

/** Open failures by their cause, the latest first. */
export async function groupFailures(
  db: Database,
  of: { readonly tenantId?: string; readonly cycleId?: string } = {},
): Promise<readonly FailureGroup[]> {
  const rows = await db.query<Row<FailureGroup>>(GROUPS, [of.tenantId ?? null, of.cycleId ?? null]);
  return rows.map(explained);
}
