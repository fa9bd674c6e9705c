/** Who asks: the tenant and connection behind a bearer token, or behind what an access token was issued for. */
import { hashToken } from "../platform/secrets.ts";
import type { Dialect } from "../scim/index.ts";
import type { Database, Transaction } from "./database.ts";

/** Who a token speaks for. */
export interface Principal {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly connectionId: string;
  /** Of the token, or of the client secret, federation or keys that an access token was issued for. */
  readonly tokenId: string;
  readonly dialect: Dialect;
  readonly expiresAt: Date;
  /** Of the tenant's own extensions; 0 where it has none. */
  readonly schemaVersion: number;
  /** Somebody whom the product knew before may still be adopted. */
  readonly hasOffers: boolean;
  /** From where it may come; null is from anywhere. */
  readonly allowedAddresses: readonly string[] | null;
  /** Null is no limit. */
  readonly requestsPerSecond: number | null;
}

/** The channel on which Postgres tells, at the commit, that a token or a connection ended or changed. */
export const ACCESS_CHANGED = "rollcall_access_changed";

const ABOUT_CONNECTION = `
         t.slug AS "tenantSlug", c.id AS "connectionId", c.dialect,
         c.allowed_addresses AS "allowedAddresses", c.requests_per_second AS "requestsPerSecond",
         coalesce((SELECT max(s.version) FROM tenant_schemas s WHERE s.tenant_id = c.tenant_id), 0) AS "schemaVersion",
         coalesce((SELECT true FROM existing_users e
                    WHERE e.tenant_id = c.tenant_id AND e.is_offered LIMIT 1), false) AS "hasOffers"`;

const FROM_TOKENS = `
    FROM tokens k
    JOIN tenants t ON t.id = k.tenant_id
    JOIN connections c ON c.tenant_id = k.tenant_id AND c.id = k.connection_id
   WHERE k.revoked_at IS NULL
     AND k.expires_at > now()
     AND c.disconnected_at IS NULL`;

const FIND_PRINCIPAL = `
  SELECT k.tenant_id AS "tenantId", k.id AS "tokenId", k.expires_at AS "expiresAt", ${ABOUT_CONNECTION}
  ${FROM_TOKENS} AND k.kind = 'bearer' AND k.token_hash = $1`;

// There is a secret of that id, a federation or a set of keys: ids are unique.
const FIND_CREDENTIAL = `
  SELECT k.tenant_id AS "tenantId", k.id AS "tokenId", k.expires_at AS "expiresAt", ${ABOUT_CONNECTION}
  ${FROM_TOKENS} AND k.kind = 'client_secret' AND k.tenant_id = $1 AND k.id = $2
  UNION ALL
  SELECT f.tenant_id AS "tenantId", f.id AS "tokenId", 'infinity'::timestamptz AS "expiresAt", ${ABOUT_CONNECTION}
    FROM federations f
    JOIN tenants t ON t.id = f.tenant_id
    JOIN connections c ON c.tenant_id = f.tenant_id AND c.id = f.connection_id
   WHERE c.disconnected_at IS NULL AND f.tenant_id = $1 AND f.id = $2
  UNION ALL
  SELECT p.tenant_id AS "tenantId", p.id AS "tokenId", 'infinity'::timestamptz AS "expiresAt", ${ABOUT_CONNECTION}
    FROM client_keys p
    JOIN tenants t ON t.id = p.tenant_id
    JOIN connections c ON c.tenant_id = p.tenant_id AND c.id = p.connection_id
   WHERE c.disconnected_at IS NULL AND p.tenant_id = $1 AND p.id = $2`;

/** @returns undefined when the token is unknown, expired, revoked, or its connection is disconnected */
export async function findPrincipal(
  db: Database,
  secret: string,
  token: string,
): Promise<Principal | undefined> {
  const rows = await db.query<Principal>({ name: "find-principal", text: FIND_PRINCIPAL }, [
    hashToken(secret, token),
  ]);
  return rows[0];
}

/** What an access token was issued for. */
export interface Credential {
  readonly tenantId: string;
  readonly id: string;
}

/**
 * @param expiresAt - when the access token ends
 * @returns undefined when the credential has ended since, or its connection is disconnected
 */
export async function findCredentialPrincipal(
  db: Database,
  { tenantId, id }: Credential,
  expiresAt: Date,
): Promise<Principal | undefined> {
  const rows = await db.query<Principal>({ name: "find-credential", text: FIND_CREDENTIAL }, [tenantId, id]);
  return rows[0] && { ...rows[0], expiresAt };
}

/** Notes when tokens were last used; called in batches, so that a request does not wait for it. */
export async function noteTokenUse(tx: Transaction, tokens: readonly Principal[]): Promise<void> {
  const ids = [tokens.map(({ tenantId }) => tenantId), tokens.map(({ tokenId }) => tokenId)];
  for (const table of ["tokens", "federations", "client_keys"])
    await tx.query(
      `UPDATE ${table} k
          SET last_used_at = now()
         FROM unnest($1::uuid[], $2::uuid[]) AS used (tenant_id, id)
        WHERE k.tenant_id = used.tenant_id AND k.id = used.id`,
      ids,
    );
}
