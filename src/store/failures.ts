/**
 * What becomes of writes that failed. A failure is open until somebody retries or dismisses it, or until a later write
 * mends it, which is noticed in that write's own transaction:
 *
 *   open → retried → resolved;  open → dismissed → open;  open → resolved
 */
import type { Database, Transaction } from "./database.ts";
import { type FailureKeys, keysOfRequest } from "./failure-keys.ts";
import type { LedgerKey, NewLedgerRow } from "./ledger.ts";

export const FAILURE_STATES = ["open", "retried", "dismissed", "resolved"] as const;
export type FailureState = (typeof FAILURE_STATES)[number];

export interface NewFailure {
  readonly row: NewLedgerRow;
  /** The detail without values. */
  readonly masked: string;
  readonly isRepeatable: boolean;
  /** The request, where the ledger does not keep it whole. */
  readonly payload: unknown;
}

const INSERT = `
  INSERT INTO failures (tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result,
                        status, scim_type, code, masked, by_external, by_name, touches, is_repeatable)
  SELECT r."tenantId", r."writeId", r."connectionId", r."cycleId", r.operation, r."resourceType", r."resourceId", r.result,
         r.status, r."scimType", r.code, r.masked, r."byExternal", r."byName", r.touches, r."isRepeatable"
    FROM json_to_recordset($1::json)
      AS r ("tenantId" uuid, "writeId" uuid, "connectionId" uuid, "cycleId" uuid, operation text, "resourceType" text,
            "resourceId" uuid, result text, status smallint, "scimType" text, code text, masked text, "byExternal" uuid,
            "byName" uuid, touches text[], "isRepeatable" boolean)
      ON CONFLICT (tenant_id, write_id) DO UPDATE
     SET result = excluded.result, status = excluded.status, scim_type = excluded.scim_type, code = excluded.code,
         masked = excluded.masked
   WHERE failures.state IN ('open', 'retried')`;

/** In the transaction that records the writes. */
export async function insertFailures(tx: Transaction, failures: readonly NewFailure[]): Promise<void> {
  if (failures.length === 0) return;
  const rows = failures.map(({ row, masked, isRepeatable, payload }) => {
    const { tenantId, writeId, connectionId, cycleId, operation, resourceType, resourceId } = row;
    const { result, status, scimType } = row;
    return {
      ...{ tenantId, writeId, connectionId, cycleId, operation, resourceType, resourceId },
      ...{ result, status, scimType, masked, isRepeatable },
      ...keysOfRequest({ tenantId, operation, resourceType, payload }),
      code: row.code ?? "internal",
    };
  });
  await tx.query({ name: "insert-failures", text: INSERT }, [JSON.stringify(rows)]);
}

const LIVE_TENANTS = `
  SELECT t.id
    FROM unnest($1::uuid[]) AS t (id)
   WHERE EXISTS (SELECT FROM failures WHERE tenant_id = t.id AND state IN ('open', 'retried'))`;

/** Those of the tenants that have failures which a write may mend. */
export async function tenantsWithFailures(
  tx: Transaction,
  tenantIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>({ name: "tenants-with-failures", text: LIVE_TENANTS }, [
    tenantIds,
  ]);
  return new Set(rows.map(({ id }) => id));
}

/** A write that was applied, as far as it may mend others. */
export interface MendingWrite extends LedgerKey, FailureKeys {
  readonly cycleId: string | null;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly isCreate: boolean;
}

// Each way of being known again has an index of its own. Locked in the order of their key, so that two batches never
// wait for each other in a ring.
const MEND = `
    WITH w AS (
           SELECT "tenantId", "writeId", "cycleId", "resourceType", "resourceId", "isCreate", "byExternal", "byName", touches
             FROM json_to_recordset($1::json)
               AS r ("tenantId" uuid, "writeId" uuid, "cycleId" uuid, "resourceType" text, "resourceId" uuid,
                     "isCreate" boolean, "byExternal" uuid, "byName" uuid, touches text[])
         ),
         mended AS (
           SELECT f.tenant_id, f.write_id, w."writeId" AS by_write, w."cycleId" AS by_cycle
             FROM w JOIN failures f ON f.tenant_id = w."tenantId" AND f.resource_id = w."resourceId"
            WHERE f.state IN ('open', 'retried') AND f.write_id <= w."writeId"
              AND (f.touches <@ w.touches OR '*' = ANY (w.touches))
            UNION
           SELECT f.tenant_id, f.write_id, w."writeId", w."cycleId"
             FROM w JOIN failures f ON f.tenant_id = w."tenantId" AND f.by_external = w."byExternal"
            WHERE f.state IN ('open', 'retried') AND f.write_id <= w."writeId"
            UNION
           SELECT f.tenant_id, f.write_id, w."writeId", w."cycleId"
             FROM w JOIN failures f ON f.tenant_id = w."tenantId" AND f.by_name = w."byName"
            WHERE f.state IN ('open', 'retried') AND f.write_id <= w."writeId" AND w."isCreate"
            UNION
           SELECT f.tenant_id, f.write_id, w."writeId", w."cycleId"
             FROM w JOIN failures f ON f.tenant_id = w."tenantId" AND f.retried_as = w."writeId"
            WHERE f.state IN ('open', 'retried')
         ),
         locked AS (
           SELECT f.tenant_id, f.write_id
             FROM failures f
            WHERE (f.tenant_id, f.write_id) IN (SELECT tenant_id, write_id FROM mended)
            ORDER BY f.tenant_id, f.write_id
              FOR UPDATE
         )
  UPDATE failures f
     SET state = 'resolved', resolved_by = m.by_write, resolved_cycle = m.by_cycle, changed_at = now(), changed_by = NULL
    FROM locked l
    JOIN mended m ON m.tenant_id = l.tenant_id AND m.write_id = l.write_id
   WHERE f.tenant_id = l.tenant_id AND f.write_id = l.write_id AND f.state IN ('open', 'retried')`;

/** Resolves what these writes mended, in their own transaction. */
export async function mendFailures(tx: Transaction, writes: readonly MendingWrite[]): Promise<void> {
  if (writes.length === 0) return;
  await tx.query({ name: "mend-failures", text: MEND }, [JSON.stringify(writes)]);
}

export interface Decision {
  readonly tenantId: string;
  readonly writeIds: readonly string[];
  /** Login of the account that decided. */
  readonly actor: string;
}

/** @returns ids of those that were dismissed now */
export async function dismissFailures(
  tx: Transaction,
  { tenantId, writeIds, actor }: Decision,
  reason: string,
): Promise<readonly string[]> {
  const rows = await tx.query<{ writeId: string }>(
    `UPDATE failures
        SET state = 'dismissed', reason = $4, changed_at = now(), changed_by = $3
      WHERE tenant_id = $1 AND write_id = ANY ($2::uuid[]) AND state IN ('open', 'retried')
     RETURNING write_id AS "writeId"`,
    [tenantId, writeIds, actor, reason],
  );
  return rows.map(({ writeId }) => writeId);
}

/** Whose work a failure is. @returns the ids that have another assignee than before */
export async function assignFailure(
  tx: Transaction,
  failure: LedgerKey & { readonly assignee: string | null },
): Promise<readonly string[]> {
  const rows = await tx.query<{ id: string }>(
    `UPDATE failures SET assignee = $3
      WHERE tenant_id = $1 AND write_id = $2 AND assignee IS DISTINCT FROM $3 RETURNING write_id AS id`,
    [failure.tenantId, failure.writeId, failure.assignee],
  );
  return rows.map(({ id }) => id);
}

/** @returns ids of those that were dismissed, or retried in vain, and are open again */
export async function reopenFailures(
  tx: Transaction,
  { tenantId, writeIds, actor }: Decision,
): Promise<readonly string[]> {
  const rows = await tx.query<{ writeId: string }>(
    `UPDATE failures
        SET state = 'open', reason = NULL, changed_at = now(), changed_by = $3
      WHERE tenant_id = $1 AND write_id = ANY ($2::uuid[]) AND state IN ('dismissed', 'retried')
     RETURNING write_id AS "writeId"`,
    [tenantId, writeIds, actor],
  );
  return rows.map(({ writeId }) => writeId);
}

export async function noteFailure(
  tx: Transaction,
  failure: LedgerKey & { readonly actor: string; readonly note: string | null },
): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE failures SET note = $3, noted_by = $4 WHERE tenant_id = $1 AND write_id = $2 RETURNING write_id`,
    [failure.tenantId, failure.writeId, failure.note, failure.actor],
  );
  return rows.length > 0;
}

/** A failed write as it can be put on the queue again. */
export interface RepeatableWrite extends LedgerKey {
  readonly retriedAs: string;
  readonly tenantSlug: string;
  readonly connectionId: string;
  readonly operation: "create" | "replace" | "patch" | "delete";
  readonly resourceType: "User" | "Group";
  readonly resourceId: string;
  readonly request: unknown;
}

// Only what is open, so that of two who press the button at once one retries. Not what a later write has overtaken:
// repeating it would undo that one.
const BEGIN_RETRY = `
  UPDATE failures f
     SET state = 'retried', retried_as = wanted.retried_as, changed_at = now(), changed_by = $4
    FROM unnest($2::uuid[], $3::uuid[]) AS wanted (write_id, retried_as), writes w, tenants t
   WHERE f.tenant_id = $1 AND f.write_id = wanted.write_id AND f.state = 'open' AND f.is_repeatable
     AND w.tenant_id = f.tenant_id AND w.write_id = f.write_id AND w.resource_id IS NOT NULL
     AND t.id = f.tenant_id
     AND NOT EXISTS (
           SELECT FROM writes later
            WHERE later.tenant_id = f.tenant_id AND later.resource_id = f.resource_id
              AND later.write_id > f.write_id AND later.result = 'applied')
  RETURNING f.tenant_id AS "tenantId", f.write_id AS "writeId", f.retried_as AS "retriedAs", t.slug AS "tenantSlug",
            w.connection_id AS "connectionId", w.operation, w.resource_type AS "resourceType",
            w.resource_id AS "resourceId", w.request`;

/**
 * Marks failures as retried. @param retriedAs - the ids of the new writes, in the order of `writeIds`
 * @returns those that may be put on the queue; the others are not open, not repeatable or overtaken
 */
export async function beginRetries(
  tx: Transaction,
  { tenantId, writeIds, actor }: Decision,
  retriedAs: readonly string[],
): Promise<readonly RepeatableWrite[]> {
  return tx.query<RepeatableWrite>(BEGIN_RETRY, [tenantId, writeIds, retriedAs, actor]);
}

/** More than this are not counted one by one. */
export const FAILED_COUNTED_MAX = 1000;

const COUNT_OPEN = `
  SELECT count(*)::float8 AS count
    FROM (
           SELECT FROM tenants t
             JOIN LATERAL (
                    SELECT FROM failures WHERE tenant_id = t.id AND state = 'open' LIMIT $1
                  ) f ON true
            LIMIT $1
         ) open`;

/** Open failures of all tenants; `FAILED_COUNTED_MAX` stands for that many or more. */
export async function countOpenFailures(db: Database): Promise<number> {
  const rows = await db.query<{ count: number }>(COUNT_OPEN, [FAILED_COUNTED_MAX]);
  return rows[0]?.count ?? 0;
}
