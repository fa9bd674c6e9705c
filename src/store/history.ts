/** One person's or one group's history: every write that touched it, and for a person the groups that it came into and left. */
import type { Database, Transaction } from "./database.ts";
import type { ResourceKey } from "./directory-writes.ts";

/** By attribute; one without `from` and `to` was too large to keep. */
export type AttributeChanges = Readonly<Record<string, { readonly from?: unknown; readonly to?: unknown }>>;

export interface HistoryEntry {
  readonly writeId: string;
  readonly endedAt: Date;
  readonly operation: "create" | "replace" | "patch" | "delete";
  readonly resourceType: "User" | "Group";
  readonly result: "applied" | "unchanged" | "refused" | "fault";
  readonly code: string | null;
  readonly changed: readonly string[];
  readonly changes: AttributeChanges | null;
  readonly correlationId: string;
  readonly clientRequestId: string | null;
  readonly connectionId: string;
  readonly connectionName: string | null;
  readonly cycleId: string | null;
  readonly cycleStartedAt: Date | null;
  /** Of a membership: into the group, or out of it; null for a write of the resource itself. */
  readonly isAdded: boolean | null;
  readonly groupId: string | null;
  readonly groupName: string | null;
}

// Each of the two is a range of an index, so a page costs the same wherever it begins.
const HISTORY = `
  SELECT w.write_id AS "writeId", w.ended_at AS "endedAt", w.operation, w.resource_type AS "resourceType", w.result,
         w.code, w.changed, w.changes, w.correlation_id AS "correlationId", w.client_request_id AS "clientRequestId",
         w.connection_id AS "connectionId", n.name AS "connectionName", w.cycle_id AS "cycleId",
         c.started_at AS "cycleStartedAt", h.is_added AS "isAdded",
         CASE WHEN h.is_added IS NOT NULL THEN w.resource_id END AS "groupId",
         CASE WHEN h.is_added IS NOT NULL THEN g.resource ->> 'displayName' END AS "groupName"
    FROM (
           (SELECT write_id, NULL::boolean AS is_added
              FROM writes
             WHERE tenant_id = $1 AND resource_id = $2
               AND write_id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
             ORDER BY write_id DESC LIMIT $4)
           UNION ALL
           (SELECT write_id, is_added
              FROM member_changes
             WHERE tenant_id = $1 AND member_id = $2
               AND write_id < coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
             ORDER BY write_id DESC LIMIT $4)
         ) h
    JOIN writes w ON w.tenant_id = $1 AND w.write_id = h.write_id
    LEFT JOIN connections n ON n.tenant_id = $1 AND n.id = w.connection_id
    LEFT JOIN cycles c ON c.tenant_id = $1 AND c.id = w.cycle_id
    LEFT JOIN groups g ON h.is_added IS NOT NULL AND g.tenant_id = $1 AND g.id = w.resource_id
   ORDER BY w.write_id DESC
   LIMIT $4`;

export interface HistoryPage {
  readonly entries: readonly HistoryEntry[];
  readonly olderThan: string | undefined;
}

export async function readHistory(
  db: Database,
  { tenantId, id }: ResourceKey,
  { olderThan, limit }: { readonly olderThan?: string | undefined; readonly limit: number },
): Promise<HistoryPage> {
  const rows = await db.query<HistoryEntry>(HISTORY, [tenantId, id, olderThan ?? null, limit + 1]);
  const entries = rows.slice(0, limit);
  return { entries, olderThan: rows.length > limit ? entries.at(-1)?.writeId : undefined };
}

export interface MemberChange extends ResourceKey {
  readonly writeId: string;
  readonly isAdded: boolean;
}

/** In the transaction of the writes. @param changes - `id` is the member's */
export async function insertMemberChanges(tx: Transaction, changes: readonly MemberChange[]): Promise<void> {
  if (changes.length === 0) return;
  await tx.query(
    {
      name: "insert-member-changes",
      text: `INSERT INTO member_changes (tenant_id, member_id, write_id, is_added)
             SELECT tenant_id, member_id, write_id, is_added
               FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[])
                 AS r (tenant_id, member_id, write_id, is_added)
              ORDER BY tenant_id, member_id, write_id`,
    },
    [
      changes.map(({ tenantId }) => tenantId),
      changes.map(({ id }) => id),
      changes.map(({ writeId }) => writeId),
      changes.map(({ isAdded }) => isAdded),
    ],
  );
}

/** Takes a person's values out of the ledger and out of what failed; that something happened stays. */
export async function eraseHistory(tx: Transaction, { tenantId, id }: ResourceKey): Promise<void> {
  await tx.query(
    `UPDATE writes
        SET changes = NULL, request = NULL, detail = NULL, client_request_id = NULL
      WHERE tenant_id = $1 AND resource_id = $2`,
    [tenantId, id],
  );
  await tx.query(
    `UPDATE failures
        SET by_external = NULL, by_name = NULL, note = NULL, reason = NULL, is_repeatable = false
      WHERE tenant_id = $1 AND resource_id = $2`,
    [tenantId, id],
  );
}
