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

/** A row as it is read: Postgres notes when. */
export interface EndedRow extends LedgerRow {
  readonly endedAt: Date;
}

export const LEDGER_COLUMNS = `
         w.tenant_id AS "tenantId", w.write_id AS "writeId", w.result, w.resource_id AS "resourceId", w.status,
         w.scim_type AS "scimType", w.code, w.detail, w.version::float8 AS version, w.ended_at AS "endedAt"`;

const FIND = `
  SELECT ${LEDGER_COLUMNS}
    FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, write_id)
    JOIN writes w
      ON w.tenant_id = wanted.tenant_id AND w.write_id = wanted.write_id`;

/** Outcomes of these writes; those that have not ended are absent. */
export async function findLedgerRows(db: Database, keys: readonly LedgerKey[]): Promise<readonly EndedRow[]> {
  if (keys.length === 0) return [];
  return db.query<EndedRow>({ name: "find-writes", text: FIND }, [
    keys.map(({ tenantId }) => tenantId),
    keys.map(({ writeId }) => writeId),
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

const INSERT = `
  INSERT INTO writes (tenant_id, write_id, connection_id, cycle_id, api_id, request_key, correlation_id, operation,
                      resource_type, resource_id, result, status, scim_type, code, detail, version, changed, changes, client_request_id,
                      request, attempts, requested_at)
  SELECT r."tenantId", r."writeId", r."connectionId", r."cycleId", r."apiId", r."requestKey", r."correlationId",
         r.operation, r."resourceType", r."resourceId", r.result, r.status, r."scimType", r.code, r.detail, r.version,
         r.changed, r.changes, r."clientRequestId", r.request, r.attempts, r."requestedAt"
    FROM jsonb_to_recordset($1::jsonb)
      AS r ("tenantId" uuid, "writeId" uuid, "connectionId" uuid, "cycleId" uuid, "apiId" uuid, "requestKey" uuid,
            "correlationId" text, operation text, "resourceType" text, "resourceId" uuid, result text, status smallint,
            "scimType" text, code text, detail text, version bigint, changed text[], changes jsonb, "clientRequestId" text,
            request jsonb, attempts integer,
            "requestedAt" timestamptz)`;

// A fault is no outcome: a later delivery of the same write replaces it.
const INSERT_OR_REPLACE = `${INSERT}
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
  const written = await tx.query<{ writeId: string }>(
    { name: "insert-or-replace-writes", text: INSERT_OR_REPLACE },
    [JSON.stringify(rows)],
  );
  return new Set(written.map(({ writeId }) => writeId));
}

/**
 * For writes of which the ledger is known to have no row, not even of a fault.
 * @throws a unique violation when one was ended by somebody else meanwhile
 */
export async function insertNewLedgerRows(tx: Transaction, rows: readonly NewLedgerRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query({ name: "insert-writes", text: INSERT }, [JSON.stringify(rows)]);
}

/** What an event is told of the write that made it. */
export interface WriteFacts {
  readonly writeId: string;
  readonly operation: "create" | "replace" | "patch" | "delete";
  readonly connectionId: string;
  readonly cycleId: string | null;
  readonly correlationId: string;
  readonly clientRequestId: string | null;
  /** From → to, where something was before; null once it was erased. */
  readonly changes: AttributeChanges | null;
}

/** @returns by write id; a write that is no longer kept is absent */
export async function readWriteFacts(
  db: Database,
  tenantId: string,
  writeIds: readonly string[],
): Promise<ReadonlyMap<string, WriteFacts>> {
  if (writeIds.length === 0) return new Map();
  const rows = await db.query<WriteFacts>(
    {
      name: "read-write-facts",
      text: `
  SELECT w.write_id AS "writeId", w.operation, w.connection_id AS "connectionId", w.cycle_id AS "cycleId",
         w.correlation_id AS "correlationId", w.client_request_id AS "clientRequestId", w.changes
    FROM unnest($2::uuid[]) AS wanted (write_id)
    JOIN writes w ON w.tenant_id = $1 AND w.write_id = wanted.write_id`,
    },
    [tenantId, writeIds],
  );
  return new Map(rows.map((row) => [row.writeId, row]));
}
