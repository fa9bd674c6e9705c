/** What may be shown at the token endpoint for a connection, whose id is the client's: a secret, or a trusted issuer's JWT. */
import { newId } from "../platform/ids.ts";
import { hashClientSecret, hashToken } from "../platform/secrets.ts";
import type { Database, Transaction } from "./database.ts";
import type { Credential } from "./principal.ts";

/** @returns undefined where the secret is none of the client's, or has ended */
export async function findClientSecret(
  db: Database,
  secret: string,
  client: { readonly id: string; readonly secret: string },
): Promise<Credential | undefined> {
  const rows = await db.query<Credential>(
    `SELECT k.tenant_id AS "tenantId", k.id
       FROM tokens k
       JOIN connections c ON c.tenant_id = k.tenant_id AND c.id = k.connection_id
      WHERE k.token_hash = ANY ($1) AND k.connection_id = $2 AND k.kind = 'client_secret'
        AND k.revoked_at IS NULL AND k.expires_at > now() AND c.disconnected_at IS NULL`,
    // Secrets of the first version that had them are hashed as tokens are.
    [[hashClientSecret(secret, client.secret), hashToken(secret, client.secret)], client.id],
  );
  return rows[0];
}

/** Whose JWTs a connection trusts: all three are compared as they stand. */
export interface Trust {
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

export interface Federation extends Trust {
  readonly id: string;
  readonly tenantId: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
}

const FEDERATION = `
  SELECT f.id, f.tenant_id AS "tenantId", f.issuer, f.subject, f.audience, f.created_at AS "createdAt",
         f.last_used_at AS "lastUsedAt"
    FROM federations f`;

/** Of a client that is about to say who it is. @returns undefined where it trusts nobody, or is disconnected */
export async function findFederationOfClient(
  db: Database,
  clientId: string,
): Promise<Federation | undefined> {
  const rows = await db.query<Federation>(
    `${FEDERATION} JOIN connections c ON c.tenant_id = f.tenant_id AND c.id = f.connection_id
      WHERE f.connection_id = $1 AND c.disconnected_at IS NULL`,
    [clientId],
  );
  return rows[0];
}

interface Of {
  readonly tenantId: string;
  readonly connectionId: string;
}

export async function findFederation(
  db: Database,
  { tenantId, connectionId }: Of,
): Promise<Federation | undefined> {
  const rows = await db.query<Federation>(`${FEDERATION} WHERE f.tenant_id = $1 AND f.connection_id = $2`, [
    tenantId,
    connectionId,
  ]);
  return rows[0];
}

/** In place of what was trusted before, whose access tokens end. */
export async function setFederation(
  tx: Transaction,
  { tenantId, connectionId }: Of,
  { issuer, subject, audience }: Trust,
): Promise<void> {
  await tx.query(
    `INSERT INTO federations AS f (tenant_id, connection_id, id, issuer, subject, audience)
     VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, connection_id) DO UPDATE
            SET id = excluded.id, issuer = excluded.issuer, subject = excluded.subject,
                audience = excluded.audience, created_at = now(), last_used_at = NULL`,
    [tenantId, connectionId, newId(), issuer, subject, audience],
  );
}

/** @returns false where nobody was trusted */
export async function removeFederation(tx: Transaction, { tenantId, connectionId }: Of): Promise<boolean> {
  const gone = await tx.query(
    "DELETE FROM federations WHERE tenant_id = $1 AND connection_id = $2 RETURNING id",
    [tenantId, connectionId],
  );
  return gone.length > 0;
}

const TRUST_CHARS_MAX = 500;

/** As it is typed. @throws {RangeError} saying what is missing or is no address */
export function readTrust({ issuer, subject, audience }: Trust): Trust {
  const trust = { issuer: issuer.trim(), subject: subject.trim(), audience: audience.trim() };
  for (const [name, value] of Object.entries(trust))
    if (value === "" || value.length > TRUST_CHARS_MAX)
      throw new RangeError(`the ${name} is missing, or longer than ${TRUST_CHARS_MAX} characters`);
  if (!URL.canParse(trust.issuer) || !/^https?:$/.test(new URL(trust.issuer).protocol))
    throw new RangeError(
      `the issuer is an address, such as https://login.microsoftonline.com/<tenant id>/v2.0`,
    );
  return trust;
}
