/**
 * Writes that were accepted before they were applied (RFC 9967): kept here from the 202 until they have ended, in the
 * order in which they were accepted. The queue only makes them fast.
 */
import type { Database, Transaction } from "./database.ts";
import type { LedgerKey } from "./ledger.ts";

/** What is accepted; the command is the queue's own, and opaque here. */
export interface NewAcceptedWrite extends LedgerKey {
  readonly connectionId: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly command: unknown;
}

// Counting stops at the limit, so a full tenant costs no more than another.
const ACCEPT = `
  WITH accepted AS (
         INSERT INTO accepted_writes (tenant_id, write_id, resource_type, resource_id, command)
         SELECT $1::uuid, $2::uuid, $4, $5::uuid, $6::json
          WHERE (SELECT count(*)
                   FROM (SELECT FROM accepted_writes WHERE tenant_id = $1::uuid LIMIT $7::int) held) < $7::int
         RETURNING tenant_id, write_id
       )
  INSERT INTO async_requests (tenant_id, txn, connection_id)
  SELECT tenant_id, write_id, $3::uuid FROM accepted
  RETURNING txn`;

/**
 * @param pendingMax - accepted writes of a tenant that have not ended
 * @returns false when the tenant has that many
 */
export async function acceptWrite(
  tx: Transaction,
  write: NewAcceptedWrite,
  pendingMax: number,
): Promise<boolean> {
  const { tenantId, writeId, connectionId, resourceType, resourceId, command } = write;
  const values = [
    tenantId,
    writeId,
    connectionId,
    resourceType,
    resourceId,
    JSON.stringify(command),
    pendingMax,
  ];
  const rows = await tx.query({ name: "accept-write", text: ACCEPT }, values);
  return rows.length > 0;
}

const TAKE_REPEATED = `
  WITH taken AS (
         DELETE FROM unanswered_writes u
          USING async_requests r
          WHERE u.tenant_id = $1 AND u.request_key = $3 AND u.expires_at > now()
            AND r.tenant_id = u.tenant_id AND r.txn = u.write_id AND r.connection_id = $2
         RETURNING r.txn
       )
  SELECT txn FROM taken ORDER BY txn DESC LIMIT 1`;

/** The accepted write that a request repeats whose client never had its 202; it is taken by one retry. */
export async function takeRepeatedAccepted(
  tx: Transaction,
  request: { readonly tenantId: string; readonly connectionId: string; readonly requestKey: string },
): Promise<string | undefined> {
  const { tenantId, connectionId, requestKey } = request;
  const rows = await tx.query<{ txn: string }>({ name: "take-repeated-accepted", text: TAKE_REPEATED }, [
    tenantId,
    connectionId,
    requestKey,
  ]);
  return rows[0]?.txn;
}

// Of an accepted write, those accepted before it; of any other write, all: it arrived after they were accepted.
const FIND_OLDER = `
  SELECT DISTINCT ON (older.tenant_id, older.sequence) older.command
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[])
           AS wanted (tenant_id, write_id, resource_type, resource_id)
    JOIN accepted_writes older
      ON older.tenant_id = wanted.tenant_id AND older.resource_id = wanted.resource_id
     AND older.resource_type = wanted.resource_type AND older.write_id <> wanted.write_id
    LEFT JOIN accepted_writes own
      ON own.tenant_id = wanted.tenant_id AND own.write_id = wanted.write_id
   WHERE own.sequence IS NULL OR older.sequence < own.sequence
   ORDER BY older.tenant_id, older.sequence`;

export interface WriteOnResource extends LedgerKey {
  readonly resourceType: string;
  readonly resourceId: string;
}

/** Commands that were accepted before these for the same resources and have not ended, in the order of acceptance. */
export async function findOlderAccepted(
  db: Database,
  writes: readonly WriteOnResource[],
): Promise<readonly unknown[]> {
  if (writes.length === 0) return [];
  const rows = await db.query<{ command: unknown }>({ name: "find-older-accepted", text: FIND_OLDER }, [
    writes.map(({ tenantId }) => tenantId),
    writes.map(({ writeId }) => writeId),
    writes.map(({ resourceType }) => resourceType),
    writes.map(({ resourceId }) => resourceId),
  ]);
  return rows.map(({ command }) => command);
}

const FINISH = `
  DELETE FROM accepted_writes a
   USING unnest($1::uuid[], $2::uuid[]) AS ended (tenant_id, write_id)
   WHERE a.tenant_id = ended.tenant_id AND a.write_id = ended.write_id`;

/** To be called in the transaction that ends the writes. */
export async function finishAccepted(tx: Transaction, writes: readonly LedgerKey[]): Promise<void> {
  if (writes.length === 0) return;
  await tx.query({ name: "finish-accepted", text: FINISH }, [
    writes.map(({ tenantId }) => tenantId),
    writes.map(({ writeId }) => writeId),
  ]);
}

const LIST_LATE = `
  SELECT late.command, extract(epoch FROM now() - late.accepted_at)::float8 AS "ageSeconds"
    FROM (SELECT DISTINCT tenant_id FROM accepted_writes) tenant
    JOIN LATERAL (
           SELECT command, accepted_at
             FROM accepted_writes
            WHERE tenant_id = tenant.tenant_id AND accepted_at < now() - make_interval(secs => $1)
            ORDER BY sequence
            LIMIT $2
         ) late ON true`;

/** Of every tenant the oldest writes that were accepted so long ago and have not ended. */
export async function listLateAccepted(
  db: Database,
  { seconds, perTenantMax }: { readonly seconds: number; readonly perTenantMax: number },
): Promise<readonly { readonly command: unknown; readonly ageSeconds: number }[]> {
  return db.query({ name: "list-late-accepted", text: LIST_LATE }, [seconds, perTenantMax]);
}

/** How an accepted write stands. */
export interface AsyncRequest {
  readonly isPending: boolean;
  readonly operation: "create" | "replace" | "patch" | "delete" | null;
  readonly resourceType: "User" | "Group" | null;
  readonly resourceId: string | null;
  readonly status: number | null;
  readonly scimType: string | null;
  readonly detail: string | null;
  readonly version: number | null;
  readonly endedAt: Date | null;
}

/** Hours after its acceptance until which an ended write may be asked for. */
export const ASYNC_HOURS_KEPT = 24;

const FIND = `
  SELECT a.write_id IS NOT NULL AS "isPending", w.operation, w.resource_type AS "resourceType",
         w.resource_id AS "resourceId", w.status, w.scim_type AS "scimType", w.detail,
         w.version::float8 AS version, w.ended_at AS "endedAt"
    FROM async_requests r
    LEFT JOIN accepted_writes a ON a.tenant_id = r.tenant_id AND a.write_id = r.txn
    LEFT JOIN writes w ON w.tenant_id = r.tenant_id AND w.write_id = r.txn
   WHERE r.tenant_id = $1 AND r.connection_id = $2 AND r.txn = $3
     AND (a.write_id IS NOT NULL
          OR w.write_id IS NOT NULL AND r.accepted_at > now() - make_interval(hours => ${ASYNC_HOURS_KEPT}))`;

/** @returns undefined for a transaction that is unknown, another connection's, or over for too long */
export async function findAsyncRequest(
  db: Database,
  key: { readonly tenantId: string; readonly connectionId: string; readonly txn: string },
): Promise<AsyncRequest | undefined> {
  const rows = await db.query<AsyncRequest>(FIND, [key.tenantId, key.connectionId, key.txn]);
  return rows[0];
}

/** Forgets requests that are over and may not be asked for any more. */
export async function forgetAsyncRequests(tx: Transaction): Promise<void> {
  await tx.query(
    `DELETE FROM async_requests r
      WHERE r.accepted_at < now() - make_interval(hours => ${ASYNC_HOURS_KEPT})
        AND NOT EXISTS (SELECT FROM accepted_writes a WHERE a.tenant_id = r.tenant_id AND a.write_id = r.txn)`,
  );
}
