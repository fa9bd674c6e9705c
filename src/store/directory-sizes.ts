/** How much each tenant holds, and when its tokens expire: figures for metrics, read now and then. */
import type { Database } from "./database.ts";
import type { TokenKind } from "./tenants.ts";

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

// What a connection has given up does not alarm: an old token that nobody uses, beside another way in.
const EXPIRIES = `
  SELECT t.slug AS "tenantSlug", k.connection_id AS "connectionId", k.kind, max(k.expires_at) AS "expiresAt"
    FROM tokens k
    JOIN tenants t ON t.id = k.tenant_id
   WHERE k.revoked_at IS NULL
     AND (k.last_used_at > now() - interval '7 days'
          OR NOT EXISTS (SELECT FROM tokens o
                          WHERE o.tenant_id = k.tenant_id AND o.connection_id = k.connection_id AND o.kind <> k.kind
                            AND o.revoked_at IS NULL AND o.expires_at > now())
         AND NOT EXISTS (SELECT FROM federations o
                          WHERE o.tenant_id = k.tenant_id AND o.connection_id = k.connection_id)
         AND NOT EXISTS (SELECT FROM client_keys o
                          WHERE o.tenant_id = k.tenant_id AND o.connection_id = k.connection_id))
   GROUP BY t.slug, k.connection_id, k.kind
   ORDER BY max(k.expires_at), k.connection_id, k.kind
   LIMIT $1`;

export interface Expiry {
  readonly tenantSlug: string;
  readonly connectionId: string;
  readonly kind: TokenKind;
  readonly expiresAt: Date;
}

/** The newest live token and client secret of each connection, the soonest to expire first. */
export async function readTokenExpiries(db: Database, limit: number): Promise<readonly Expiry[]> {
  return db.query<Expiry>(EXPIRIES, [limit]);
}
