/**
 * The ledger: one row per write, inserted in the transaction that applies it. A redelivered job finds its row and
 * returns what it says; a request whose reply was lost finds its true answer here; admins read it as the log.
 */
import type { Database, Transaction } from "./database.ts";
import type { AttributeChanges } from "./history.ts";

export interface LedgerKey {
  readonly tenantId: string;
  readonly writeId: string;
}

/** How a write ended, as stored. */
export interface LedgerRow extends LedgerKey {
  readonly result: "applied" | "unchanged" | "refused" | "fault";
  readonly resourceId: string | null;
  readonly status: number;
  readonly scimType: string | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly version: number | null;
}

const LEDGER_COLUMNS = `
         w.tenant_id AS "tenantId", w.write_id AS "writeId", w.result, w.resource_id AS "resourceId", w.status,
         w.scim_type AS "scimType", w.code, w.detail, w.version::float8 AS version`;

const FIND = `
  SELECT ${LEDGER_COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, write_id)
    JOIN writes w
      ON w.tenant_id = wanted.tenant_id AND w.write_id = wanted.write_id`;

/** Outcomes of these writes; those that have not ended are absent. */
export async function findLedgerRows(
  db: Database,
  keys: readonly LedgerKey[],
): Promise<readonly LedgerRow[]> {
  if (keys.length === 0) return [];
  return db.query<LedgerRow>({ name: "find-writes", text: FIND }, [
    keys.map(({ tenantId }) => tenantId),
    keys.map(({ writeId }) => writeId),
  ]);
}

export interface RequestKey {
  readonly tenantId: string;
  readonly requestKey: string;
}

// A client that comes back after this time is not retrying, it is asking anew.
const UNANSWERED_MINUTES = 15;

/** Notes that a request ended without its outcome, so that the same request later takes up this write. */
export async function recordUnanswered(db: Database, write: LedgerKey & RequestKey): Promise<void> {
  await db.query(
    `INSERT INTO unanswered_writes (tenant_id, request_key, write_id)
     VALUES ($1, $2, $3)
         ON CONFLICT (tenant_id, request_key) DO NOTHING`,
    [write.tenantId, write.requestKey, write.writeId],
  );
}

// Taken, not read: a write is taken up by one retry. The row lock lets only one of two retries have it.
const TAKE_UNANSWERED = `
  DELETE FROM unanswered_writes u
   USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS wanted (tenant_id, request_key, write_id)
   WHERE u.tenant_id = wanted.tenant_id AND u.request_key = wanted.request_key
     AND u.write_id <> wanted.write_id
     AND u.created_at > now() - make_interval(mins => ${UNANSWERED_MINUTES})
  RETURNING u.tenant_id AS "tenantId", u.request_key AS "requestKey", u.write_id AS "writeId"`;

/** The unanswered writes that these repeat. A write never takes itself up: its note waits for the client's retry. */
export async function takeUnanswered(
  tx: Transaction,
  keys: readonly (LedgerKey & RequestKey)[],
): Promise<readonly (LedgerKey & RequestKey)[]> {
  if (keys.length === 0) return [];
  return tx.query<LedgerKey & RequestKey>({ name: "take-unanswered", text: TAKE_UNANSWERED }, [
    keys.map(({ tenantId }) => tenantId),
    keys.map(({ requestKey }) => requestKey),
    keys.map(({ writeId }) => writeId),
  ]);
}

// A write of another process, not covered by that process's last word, on a resource that is still as the write
// left it: its client may never have had the answer, and giving it again is right in any case.
const FIND_IN_DOUBT = `
  SELECT wanted.request_key AS "requestKey", ${LEDGER_COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS wanted (tenant_id, request_key, api_id)
    JOIN writes w
      ON w.tenant_id = wanted.tenant_id AND w.request_key = wanted.request_key
    LEFT JOIN api_processes a ON a.id = w.api_id
    LEFT JOIN users u
      ON w.resource_type = 'User' AND u.tenant_id = w.tenant_id AND u.id = w.resource_id
    LEFT JOIN groups g
      ON w.resource_type = 'Group' AND g.tenant_id = w.tenant_id AND g.id = w.resource_id
   WHERE w.api_id <> wanted.api_id
     AND w.result IN ('applied', 'unchanged')
     AND w.ended_at > now() - make_interval(mins => ${UNANSWERED_MINUTES})
     AND (a.id IS NULL OR w.write_id > a.answered_through)
     AND coalesce(u.version, g.version) IS NOT DISTINCT FROM w.version
   ORDER BY w.write_id`;

/**
 * Successful writes with the same request, whose client may not have had the answer because the api process died.
 * Asked where the request would be refused, or would make a second group.
 */
export async function findInDoubt(
  tx: Transaction,
  requests: readonly (RequestKey & { readonly apiId: string })[],
): Promise<readonly (LedgerRow & RequestKey)[]> {
  if (requests.length === 0) return [];
  return tx.query<LedgerRow & RequestKey>({ name: "find-in-doubt", text: FIND_IN_DOUBT }, [
    requests.map(({ tenantId }) => tenantId),
    requests.map(({ requestKey }) => requestKey),
    requests.map(({ apiId }) => apiId),
  ]);
}

export interface NewLedgerRow extends LedgerRow {
  readonly connectionId: string;
  readonly cycleId: string | null;
  readonly apiId: string;
  /** Null for a request refused at the door: nothing was begun that a retry could take up. */
  readonly requestKey: string | null;
  readonly correlationId: string;
  readonly operation: string;
  readonly resourceType: string;
  readonly changed: readonly string[];
  readonly changes: AttributeChanges | null;
  /** What the client calls its request, where it says so. */
  readonly clientRequestId: string | null;
  /** Only of a write that was refused or failed: what an admin needs to understand it. */
  readonly request: unknown;
  readonly attempts: number;
  /** ISO time. */
  readonly requestedAt: string;
}

// A fault is no outcome: a later delivery of the same write replaces it.
const INSERT = `
  INSERT INTO writes (tenant_id, write_id, connection_id, cycle_id, api_id, request_key, correlation_id, operation,
                      resource_type, resource_id, result, status, scim_type, code, detail, version, changed, changes, client_request_id,
                      request, attempts, requested_at)
  SELECT r."tenantId", r."writeId", r."connectionId", r."cycleId", r."apiId", r."requestKey", r."correlationId",
         r.operation, r."resourceType", r."resourceId", r.result, r.status, r."scimType", r.code, r.detail, r.version,
         r.changed, r.changes, r."clientRequestId", r.request, r.attempts, r."requestedAt"
    FROM json_to_recordset($1::json)
      AS r ("tenantId" uuid, "writeId" uuid, "connectionId" uuid, "cycleId" uuid, "apiId" uuid, "requestKey" uuid,
            "correlationId" text, operation text, "resourceType" text, "resourceId" uuid, result text, status smallint,
            "scimType" text, code text, detail text, version bigint, changed text[], changes jsonb, "clientRequestId" text,
            request jsonb, attempts integer,
            "requestedAt" timestamptz)
      ON CONFLICT (tenant_id, write_id) DO UPDATE
     SET result = excluded.result, status = excluded.status, scim_type = excluded.scim_type, code = excluded.code,
         detail = excluded.detail, version = excluded.version, changed = excluded.changed, changes = excluded.changes, request = excluded.request,
         attempts = excluded.attempts, ended_at = now()
   WHERE writes.result = 'fault'
  RETURNING write_id AS "writeId"`;

/** @returns ids of the rows that were written; one that is missing was ended by somebody else meanwhile */
export async function insertLedgerRows(
  tx: Transaction,
  rows: readonly NewLedgerRow[],
): Promise<ReadonlySet<string>> {
  if (rows.length === 0) return new Set();
  const written = await tx.query<{ writeId: string }>({ name: "insert-writes", text: INSERT }, [
    JSON.stringify(rows),
  ]);
  return new Set(written.map(({ writeId }) => writeId));
}

/**
 * An api process's word that every write it took up to this id was answered or noted as unanswered.
 * @param answeredThrough - the largest such write id
 */
export async function noteApiProcess(db: Database, apiId: string, answeredThrough: string): Promise<void> {
  await db.query(
    {
      name: "note-api-process",
      text: `INSERT INTO api_processes (id, answered_through)
             VALUES ($1, $2)
                 ON CONFLICT (id) DO UPDATE
                SET answered_through = excluded.answered_through, seen_at = now()`,
    },
    [apiId, answeredThrough],
  );
}

/** Forgets what no retry can refer to any more. */
export async function forgetOldRequests(tx: Transaction): Promise<void> {
  const minutes = [UNANSWERED_MINUTES];
  await tx.query(
    `DELETE FROM unanswered_writes WHERE created_at < now() - make_interval(mins => $1)`,
    minutes,
  );
  await tx.query(`DELETE FROM api_processes WHERE seen_at < now() - make_interval(mins => 2 * $1)`, minutes);
}
