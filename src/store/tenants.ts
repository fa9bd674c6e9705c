/** Tenants, their connections to identity providers, and the bearer tokens of those. */
import { DIALECT_NAMES, DIALECTS, type Dialect } from "../scim/index.ts";
import { newId } from "../platform/ids.ts";
import { CLIENT_SECRET_PREFIX, createToken, TOKEN_PREFIX } from "../platform/secrets.ts";
import type { Database, Transaction } from "./database.ts";

export { DIALECT_NAMES, DIALECTS, type Dialect };
export { ACCESS_CHANGED, findPrincipal, noteTokenUse, type Principal } from "./principal.ts";

export interface Tenant {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly createdAt: Date;
}

/** A tenant's integration with one identity provider, and the state of its newest live token. */
export interface Connection {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly tenantName: string;
  readonly id: string;
  readonly name: string;
  readonly dialect: Dialect;
  readonly createdAt: Date;
  readonly disconnectedAt: Date | null;
  readonly tokenHint: string | null;
  readonly tokenExpiresAt: Date | null;
  /** Of any that is not revoked: a new one may wait beside one that is in use. */
  readonly tokenLastUsedAt: Date | null;
  /** Of the newest bearer token that is not revoked, which is what a rotation replaces. */
  readonly bearerHint: string | null;
}

export interface IssuedToken {
  readonly token: string;
  readonly hint: string;
  readonly expiresAt: Date;
}

/** Lower-case letters, digits and inner hyphens: it stands in addresses and in metrics. */
export const SLUG_PATTERN = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

const INSERT_TENANT = `
  INSERT INTO tenants (id, slug, name)
  VALUES ($1, $2, $3)
      ON CONFLICT (slug) DO NOTHING
  RETURNING id, slug, name, created_at AS "createdAt"`;

/** @returns undefined when the slug is taken */
export async function createTenant(
  tx: Transaction,
  tenant: { readonly slug: string; readonly name: string },
): Promise<Tenant | undefined> {
  const rows = await tx.query<Tenant>(INSERT_TENANT, [newId(), tenant.slug, tenant.name]);
  return rows[0];
}

export async function findTenant(db: Database, slug: string): Promise<Tenant | undefined> {
  const rows = await db.query<Tenant>(
    `SELECT id, slug, name, created_at AS "createdAt" FROM tenants WHERE slug = $1`,
    [slug],
  );
  return rows[0];
}

export async function createConnection(
  tx: Transaction,
  tenantId: string,
  name: string,
  dialect: Dialect = "entra",
): Promise<string> {
  const id = newId();
  await tx.query(`INSERT INTO connections (tenant_id, id, name, dialect) VALUES ($1, $2, $3, $4)`, [
    tenantId,
    id,
    name,
    dialect,
  ]);
  return id;
}

/** Holds for the next request. @returns false when the connection has that dialect already, or is not there */
export async function setDialect(
  tx: Transaction,
  { tenantId, id }: Pick<Connection, "tenantId" | "id">,
  dialect: Dialect,
): Promise<boolean> {
  const rows = await tx.query(
    `UPDATE connections SET dialect = $3
      WHERE tenant_id = $1 AND id = $2 AND dialect <> $3
  RETURNING id`,
    [tenantId, id, dialect],
  );
  return rows.length > 0;
}

const CONNECTIONS = `
  SELECT c.tenant_id AS "tenantId", t.slug AS "tenantSlug", t.name AS "tenantName",
         c.id, c.name, c.dialect, c.created_at AS "createdAt", c.disconnected_at AS "disconnectedAt",
         k.hint AS "tokenHint", k.expires_at AS "tokenExpiresAt", u.last_used_at AS "tokenLastUsedAt",
         u.bearer_hint AS "bearerHint"
    FROM connections c
    JOIN tenants t ON t.id = c.tenant_id
    LEFT JOIN LATERAL (
           SELECT hint, expires_at
             FROM tokens
            WHERE tenant_id = c.tenant_id
              AND connection_id = c.id
              AND revoked_at IS NULL
            ORDER BY created_at DESC, id DESC
            LIMIT 1
         ) k ON true
    LEFT JOIN LATERAL (
           SELECT max(last_used_at) AS last_used_at,
                  (array_agg(hint ORDER BY created_at DESC, id DESC) FILTER (WHERE kind = 'bearer'))[1] AS bearer_hint
             FROM tokens
            WHERE tenant_id = c.tenant_id
              AND connection_id = c.id
              AND revoked_at IS NULL
         ) u ON true`;

/** Connections of all tenants, by tenant name; at most 1000. */
export async function listConnections(db: Database): Promise<readonly Connection[]> {
  return db.query<Connection>(`${CONNECTIONS} ORDER BY t.name, c.created_at, c.id LIMIT 1000`);
}

export async function findConnection(
  db: Database,
  tenantId: string,
  connectionId: string,
): Promise<Connection | undefined> {
  const rows = await db.query<Connection>(`${CONNECTIONS} WHERE c.tenant_id = $1 AND c.id = $2`, [
    tenantId,
    connectionId,
  ]);
  return rows[0];
}

/** The connections of one tenant, oldest first. */
export async function listTenantConnections(db: Database, tenantId: string): Promise<readonly Connection[]> {
  return db.query<Connection>(`${CONNECTIONS} WHERE c.tenant_id = $1 ORDER BY c.created_at, c.id LIMIT 100`, [
    tenantId,
  ]);
}

/** `client_secret` opens nothing but the token endpoint. */
export type TokenKind = "bearer" | "client_secret";

export interface Token {
  readonly id: string;
  readonly kind: TokenKind;
  readonly hint: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
  /** Since when it only goes on until it expires, beside the one that replaced it. */
  readonly replacedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

// As many as a person looks through.
const NEWEST_TOKENS = 20;

/** The tokens of a connection that live, however many others came after them, and the newest of those that ended; newest first. */
export async function listTokens(
  db: Database,
  tenantId: string,
  connectionId: string,
): Promise<readonly Token[]> {
  return db.query<Token>(
    `SELECT id, kind, hint, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt",
            replaced_at AS "replacedAt", last_used_at AS "lastUsedAt"
       FROM tokens
      WHERE tenant_id = $1 AND connection_id = $2
        AND (revoked_at IS NULL AND expires_at > now()
             OR id IN (SELECT id FROM tokens
                        WHERE tenant_id = $1 AND connection_id = $2
                        ORDER BY created_at DESC, id DESC
                        LIMIT $3))
      ORDER BY created_at DESC, id DESC`,
    [tenantId, connectionId, NEWEST_TOKENS],
  );
}

export interface TokenRequest {
  readonly tenantId: string;
  readonly connectionId: string;
  readonly secret: string;
  readonly ttlDays: number;
  /** A bearer token where nothing is said. */
  readonly kind?: TokenKind;
}

/** Makes a token for a connection; its text is in the answer and nowhere else. */
export async function issueToken(tx: Transaction, request: TokenRequest): Promise<IssuedToken> {
  const { kind = "bearer" } = request;
  const prefix = kind === "bearer" ? TOKEN_PREFIX : CLIENT_SECRET_PREFIX;
  const { token, hash, hint } = createToken(request.secret, prefix);
  const rows = await tx.query<{ expiresAt: Date }>(
    `INSERT INTO tokens (tenant_id, id, connection_id, token_hash, hint, expires_at, kind)
     VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6), $7)
     RETURNING expires_at AS "expiresAt"`,
    [request.tenantId, newId(), request.connectionId, hash, hint, request.ttlDays, kind],
  );
  return { token, hint, expiresAt: rows[0]?.expiresAt ?? new Date() };
}

/** The longest for which a replaced token may go on: long enough for a change window, short enough to be remembered. */
export const OVERLAP_HOURS_MAX = 720;

/**
 * Issues a new token. The others of the connection and of its kind end at once, or after so many hours if they do not end before; of
 * several rotations at the same time the last stays.
 */
export async function rotateToken(
  tx: Transaction,
  request: TokenRequest,
  { overlapHours = 0 }: { readonly overlapHours?: number } = {},
): Promise<IssuedToken> {
  const { tenantId, connectionId, kind = "bearer" } = request;
  // Without the lock, two rotations would each end the old token and neither the other's new one.
  await tx.query("SELECT id FROM connections WHERE tenant_id = $1 AND id = $2 FOR NO KEY UPDATE", [
    tenantId,
    connectionId,
  ]);
  await replaceTokens(tx, { tenantId, connectionId, kind, overlapHours });
  return issueToken(tx, request);
}

async function replaceTokens(
  tx: Transaction,
  of: {
    readonly tenantId: string;
    readonly connectionId: string;
    readonly kind: TokenKind;
    readonly overlapHours: number;
  },
): Promise<void> {
  const { tenantId, connectionId, kind, overlapHours } = of;
  if (overlapHours === 0)
    await tx.query(
      `UPDATE tokens
          SET revoked_at = now()
        WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND revoked_at IS NULL`,
      [tenantId, connectionId, kind],
    );
  else
    await tx.query(
      `UPDATE tokens
          SET replaced_at = now(), expires_at = least(expires_at, now() + make_interval(hours => $4))
        WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND revoked_at IS NULL AND expires_at > now()`,
      [tenantId, connectionId, kind, overlapHours],
    );
}

/** Ends one token at once. @returns undefined when it is not there, or had ended */
export async function revokeToken(
  tx: Transaction,
  token: { readonly tenantId: string; readonly connectionId: string; readonly id: string },
): Promise<{ readonly hint: string } | undefined> {
  const rows = await tx.query<{ hint: string }>(
    `UPDATE tokens
        SET revoked_at = now()
      WHERE tenant_id = $1 AND connection_id = $2 AND id = $3 AND revoked_at IS NULL AND expires_at > now()
      RETURNING hint`,
    [token.tenantId, token.connectionId, token.id],
  );
  return rows[0];
}

/** All that opens the connection: tokens, client secrets, the trust in an issuer and the client's own keys. */
export async function revokeTokens(tx: Transaction, tenantId: string, connectionId: string): Promise<void> {
  await tx.query(
    `UPDATE tokens
        SET revoked_at = now()
      WHERE tenant_id = $1 AND connection_id = $2 AND revoked_at IS NULL`,
    [tenantId, connectionId],
  );
  for (const table of ["federations", "client_keys"])
    await tx.query(`DELETE FROM ${table} WHERE tenant_id = $1 AND connection_id = $2`, [
      tenantId,
      connectionId,
    ]);
}
