/** How much each tenant holds, and when its tokens expire: figures for metrics, read now and then. */
import type { Database } from "./database.ts";

export interface DirectorySize {
  readonly tenantSlug: string;
  readonly usersActive: number;
  readonly usersInactive: number;
  readonly groups: number;
}

const SIZES = `
  SELECT t.slug AS "tenantSlug", coalesce(d.users_active, 0)::float8 AS "usersActive",
         coalesce(d.users_inactive, 0)::float8 AS "usersInactive", coalesce(d.groups, 0)::float8 AS groups
    FROM tenants t
    LEFT JOIN directory_totals d ON d.tenant_id = t.id
   ORDER BY t.created_at, t.id
   LIMIT $1`;

export async function readDirectorySizes(db: Database, limit: number): Promise<readonly DirectorySize[]> {
  return db.query<DirectorySize>(SIZES, [limit]);
}

const EXPIRIES = `
  SELECT t.slug AS "tenantSlug", k.connection_id AS "connectionId", max(k.expires_at) AS "expiresAt"
    FROM tokens k
    JOIN tenants t ON t.id = k.tenant_id
   WHERE k.revoked_at IS NULL
   GROUP BY t.slug, k.connection_id
   ORDER BY max(k.expires_at), k.connection_id
   LIMIT $1`;

/** The newest live token of each connection, the soonest to expire first. */
export async function readTokenExpiries(
  db: Database,
  limit: number,
): Promise<readonly { tenantSlug: string; connectionId: string; expiresAt: Date }[]> {
  return db.query(EXPIRIES, [limit]);
}
