/** Product keys: what a product shows to ask about its tenant. Apart from tokens, by which directories are written. */
import { newId } from "../platform/ids.ts";
import { createToken, hashToken, PRODUCT_KEY_PREFIX } from "../platform/secrets.ts";
import type { Database, Transaction } from "./database.ts";

/** Which tenant's product asks, and by which key. */
export interface ProductPrincipal {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly keyId: string;
}

export interface ProductKey {
  readonly id: string;
  readonly name: string;
  readonly hint: string;
  readonly createdAt: Date;
  /** Null: it stands until it is revoked. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

export interface ProductKeyRequest {
  readonly tenantId: string;
  readonly name: string;
  readonly secret: string;
  /** Undefined: it does not expire. */
  readonly ttlDays: number | undefined;
}

export interface IssuedProductKey {
  readonly id: string;
  /** Its text, which is in this answer and nowhere else. */
  readonly key: string;
  readonly hint: string;
}

const INSERT = `
  INSERT INTO product_keys (tenant_id, id, name, key_hash, hint, expires_at)
  VALUES ($1, $2, $3, $4, $5, now() + make_interval(days => $6))`;

export async function issueProductKey(
  tx: Transaction,
  { tenantId, name, secret, ttlDays }: ProductKeyRequest,
): Promise<IssuedProductKey> {
  const { token: key, hash, hint } = createToken(secret, PRODUCT_KEY_PREFIX);
  const id = newId();
  await tx.query(INSERT, [tenantId, id, name, hash, hint, ttlDays ?? null]);
  return { id, key, hint };
}

/** The newest keys of a tenant, ended ones included, newest first. */
export async function listProductKeys(db: Database, tenantId: string): Promise<readonly ProductKey[]> {
  return db.query<ProductKey>(
    `SELECT id, name, hint, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt",
            last_used_at AS "lastUsedAt"
       FROM product_keys
      WHERE tenant_id = $1
      ORDER BY created_at DESC, id DESC
      LIMIT 100`,
    [tenantId],
  );
}

/** Ends a key after so many hours, or earlier where it would have expired before. */
export async function endProductKey(
  tx: Transaction,
  { tenantId, id }: { readonly tenantId: string; readonly id: string },
  overlapHours: number,
): Promise<void> {
  await tx.query(
    `UPDATE product_keys
        SET expires_at = least(expires_at, now() + make_interval(hours => $3))
      WHERE tenant_id = $1 AND id = $2`,
    [tenantId, id, overlapHours],
  );
}

/** @returns false when it was revoked before, or is not the tenant's */
export async function revokeProductKey(tx: Transaction, tenantId: string, id: string): Promise<boolean> {
  const revoked = await tx.query(
    `UPDATE product_keys SET revoked_at = now() WHERE tenant_id = $1 AND id = $2 AND revoked_at IS NULL
     RETURNING id`,
    [tenantId, id],
  );
  return revoked.length > 0;
}

const FIND = `
  SELECT k.tenant_id AS "tenantId", t.slug AS "tenantSlug", k.id AS "keyId"
    FROM product_keys k
    JOIN tenants t ON t.id = k.tenant_id
   WHERE k.key_hash = $1
     AND k.revoked_at IS NULL
     AND (k.expires_at IS NULL OR k.expires_at > now())`;

/** @returns undefined when the key is unknown, expired or revoked */
export async function findProductPrincipal(
  db: Database,
  secret: string,
  key: string,
): Promise<ProductPrincipal | undefined> {
  const rows = await db.query<ProductPrincipal>({ name: "find-product-principal", text: FIND }, [
    hashToken(secret, key),
  ]);
  return rows[0];
}

/** Notes when keys were last used; called in batches, so that a request does not wait for it. */
export async function noteKeyUse(
  tx: Transaction,
  keys: readonly Pick<ProductPrincipal, "tenantId" | "keyId">[],
): Promise<void> {
  await tx.query(
    `UPDATE product_keys k
        SET last_used_at = now()
       FROM unnest($1::uuid[], $2::uuid[]) AS used (tenant_id, id)
      WHERE k.tenant_id = used.tenant_id AND k.id = used.id`,
    [keys.map(({ tenantId }) => tenantId), keys.map(({ keyId }) => keyId)],
  );
}
