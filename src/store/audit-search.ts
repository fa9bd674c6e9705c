/** The audit as it is searched: by who, what, whose and when, newest first, a page at a time. */
import type { AuditRow } from "./audit.ts";
import type { Database } from "./database.ts";

export interface AuditSearch {
  readonly actor?: string | undefined;
  /** An action, or what actions of a kind begin with, such as `token`. */
  readonly action?: string | undefined;
  readonly tenantSlug?: string | undefined;
  readonly from?: Date | undefined;
  /** Up to this moment, which is left out. */
  readonly until?: Date | undefined;
  /** Rows older than this one. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface FoundAuditRow extends AuditRow {
  readonly id: string;
  /** Null for what belongs to the installation. */
  readonly tenantSlug: string | null;
}

const SEARCH = `
  SELECT a.id::text AS id, a.tenant_id AS "tenantId", t.slug AS "tenantSlug", a.actor, a.action, a.subject,
         a.created_at AS at
    FROM audit a
    LEFT JOIN tenants t ON t.id = a.tenant_id
   WHERE ($1::text IS NULL OR a.actor = $1)
     AND ($2::text IS NULL OR a.action = $2 OR starts_with(a.action, $2 || '.'))
     AND ($3::text IS NULL OR a.tenant_id = (SELECT id FROM tenants WHERE slug = $3))
     AND ($4::timestamptz IS NULL OR a.created_at >= $4)
     AND ($5::timestamptz IS NULL OR a.created_at < $5)
     AND ($6::bigint IS NULL OR a.id < $6)
   ORDER BY a.id DESC
   LIMIT $7`;

export async function searchAudit(db: Database, search: AuditSearch): Promise<readonly FoundAuditRow[]> {
  const { actor, action, tenantSlug, from, until, before, limit } = search;
  const values = [actor, action, tenantSlug, from, until, before].map((value) => value ?? null);
  return db.query<FoundAuditRow>(SEARCH, [...values, limit]);
}

/** Kinds of actions that there are, such as `token`. */
export async function listAuditKinds(db: Database): Promise<readonly string[]> {
  const rows = await db.query<{ kind: string }>(
    `SELECT DISTINCT split_part(action, '.', 1) AS kind FROM audit ORDER BY kind LIMIT 100`,
  );
  return rows.map(({ kind }) => kind);
}
