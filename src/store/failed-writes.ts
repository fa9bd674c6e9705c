/** Refusals and faults of the ledger, for the admins who must review them: newest first, each with its explanation. */
import { ERROR_CODES } from "../scim/index.ts";
import type { Database } from "./database.ts";

export interface FailedWrite {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly writeId: string;
  readonly connectionId: string;
  readonly cycleId: string | null;
  readonly correlationId: string;
  readonly operation: "create" | "replace" | "patch" | "delete";
  readonly resourceType: "User" | "Group";
  readonly resourceId: string | null;
  readonly result: "refused" | "fault";
  readonly status: number;
  readonly scimType: string | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly attempts: number;
  readonly endedAt: Date;
  /** What the code means and how to mend it; undefined for a code this version does not know. */
  readonly explanation: string | undefined;
}

export interface FailedWritesPage {
  readonly writes: readonly FailedWrite[];
  /** Where the next, older page begins; undefined on the last one. */
  readonly olderThan: string | undefined;
}

export interface FailedWritesQuery {
  /** All tenants where absent. */
  readonly tenantId?: string;
  readonly cycleId?: string;
  /** Only writes before this write. */
  readonly olderThan?: string;
  readonly limit: number;
}

// One index scan a tenant, each ended by its own limit: a tenant with a million failures costs no more than another.
const LIST = `
  SELECT t.id AS "tenantId", t.slug AS "tenantSlug", w.write_id AS "writeId", w.connection_id AS "connectionId",
         w.cycle_id AS "cycleId", w.correlation_id AS "correlationId", w.operation,
         w.resource_type AS "resourceType", w.resource_id AS "resourceId", w.result, w.status,
         w.scim_type AS "scimType", w.code, w.detail, w.attempts, w.ended_at AS "endedAt"
    FROM tenants t
    JOIN LATERAL (
           SELECT write_id, connection_id, cycle_id, correlation_id, operation, resource_type, resource_id, result,
                  status, scim_type, code, detail, attempts, ended_at
             FROM writes
            WHERE tenant_id = t.id
              AND result IN ('refused', 'fault')
              AND ($2::uuid IS NULL OR cycle_id = $2)
              AND write_id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            ORDER BY write_id DESC
            LIMIT $4
         ) w ON true
   WHERE $1::uuid IS NULL OR t.id = $1
   ORDER BY w.write_id DESC
   LIMIT $4`;

export async function listFailedWrites(db: Database, query: FailedWritesQuery): Promise<FailedWritesPage> {
  // One more than is shown tells whether there is an older page.
  const rows = await db.query<Omit<FailedWrite, "explanation">>(LIST, [
    query.tenantId ?? null,
    query.cycleId ?? null,
    query.olderThan ?? null,
    query.limit + 1,
  ]);
  const writes = rows.slice(0, query.limit).map((row) => ({ ...row, explanation: explain(row.code) }));
  return { writes, olderThan: rows.length > query.limit ? writes.at(-1)?.writeId : undefined };
}

function explain(code: string | null): string | undefined {
  return code !== null && Object.hasOwn(ERROR_CODES, code)
    ? ERROR_CODES[code as keyof typeof ERROR_CODES]
    : undefined;
}

/** More than this are not counted one by one. */
export const FAILED_COUNTED_MAX = 1000;

const COUNT = `
  SELECT count(*)::float8 AS count
    FROM (
           SELECT FROM tenants t
             JOIN LATERAL (
                    SELECT FROM writes
                     WHERE tenant_id = t.id AND result IN ('refused', 'fault') AND write_id >= $1
                     LIMIT $2
                  ) w ON true
            LIMIT $2
         ) failed`;

/** Refusals and faults of all tenants since then; `FAILED_COUNTED_MAX` stands for that many or more. */
export async function countFailedWrites(db: Database, since: Date): Promise<number> {
  const rows = await db.query<{ count: number }>(COUNT, [firstIdOf(since), FAILED_COUNTED_MAX]);
  return rows[0]?.count ?? 0;
}

/** The least UUIDv7 of a moment: its first 48 bits are milliseconds since the epoch. */
function firstIdOf(time: Date): string {
  const hex = time.getTime().toString(16).padStart(12, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-000000000000`;
}
