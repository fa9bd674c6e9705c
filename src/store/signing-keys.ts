/**
 * The keys that sign security event tokens: sealed like other secrets that must be used, published by their public half,
 * replaced with an overlap.
 */
import { createSeal, type Seal } from "../platform/seal.ts";
import { createSigningKey, type JWK, type SigningKey } from "../platform/security-event.ts";
import type { Database, Transaction } from "./database.ts";

/** A new key is published for so long before it signs: as long as receivers keep the key set, and longer. */
export const PUBLISHED_AHEAD_SECONDS = 600;
/** The old key stays published for so long after the new one began to sign: what it signed may still be on its way. */
export const OVERLAP_HOURS = 24;

const LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('rollcall signing keys', 0))";

export interface SigningKeyFacts {
  readonly id: string;
  readonly createdAt: Date;
  readonly signsFrom: Date;
  /** Null while no other key takes its place. */
  readonly publishedUntil: Date | null;
  /** It is the one that signs now. */
  readonly isSigning: boolean;
}

// Of those that are published and may sign already, the newest.
const SIGNING = `
  SELECT id FROM signing_keys
   WHERE signs_from <= now() AND (published_until IS NULL OR published_until > now())
   ORDER BY signs_from DESC, id
   LIMIT 1`;

/** All keys, ended ones included, the newest first. */
export async function listSigningKeys(db: Database): Promise<readonly SigningKeyFacts[]> {
  return db.query<SigningKeyFacts>(
    `SELECT id, created_at AS "createdAt", signs_from AS "signsFrom", published_until AS "publishedUntil",
            coalesce(id = (${SIGNING}), false) AS "isSigning"
       FROM signing_keys
      ORDER BY signs_from DESC, id
      LIMIT 100`,
  );
}

/** The public halves that receivers may verify with now. */
export async function readKeySet(db: Database): Promise<readonly JWK[]> {
  const rows = await db.query<{ publicJwk: JWK }>({
    name: "read-key-set",
    text: `SELECT public_jwk AS "publicJwk" FROM signing_keys
            WHERE published_until IS NULL OR published_until > now()
            ORDER BY signs_from DESC, id`,
  });
  return rows.map(({ publicJwk }) => publicJwk);
}

/** @returns undefined where there is none yet, or where it does not open under this ROLLCALL_SECRET */
export async function findSigningKey(db: Database, secret: string): Promise<SigningKey | undefined> {
  const [row] = await db.query<{ id: string; privateKey: Buffer }>({
    name: "find-signing-key",
    text: `SELECT id, private_key AS "privateKey" FROM signing_keys WHERE id = (${SIGNING})`,
  });
  const privateKey = row && sealOf(secret).open(row.privateKey, row.id);
  return row === undefined || privateKey === undefined ? undefined : { id: row.id, privateKey };
}

/** The first key, which signs at once; nothing where there is one. */
export async function ensureSigningKey(tx: Transaction, secret: string): Promise<void> {
  await tx.query(LOCK);
  const known = await tx.query(SIGNING);
  if (known.length === 0) await insertKey(tx, secret, 0);
}

/**
 * A new key, which signs after a while, or at once; those before it stay published for the overlap from then on.
 * @returns its id
 */
export async function rotateSigningKey(
  tx: Transaction,
  secret: string,
  { isImmediate }: { readonly isImmediate: boolean },
): Promise<string> {
  await tx.query(LOCK);
  const isFirst = (await tx.query(SIGNING)).length === 0;
  const ahead = isImmediate || isFirst ? 0 : PUBLISHED_AHEAD_SECONDS;
  await tx.query(
    `UPDATE signing_keys
        SET published_until = now() + make_interval(secs => $1, hours => $2)
      WHERE published_until IS NULL`,
    [ahead, OVERLAP_HOURS],
  );
  return insertKey(tx, secret, ahead);
}

/**
 * Takes a key out of the set at once: what it signed is no longer believed.
 * @returns what happened; the key that signs is not revoked while no other could
 */
export async function revokeSigningKey(
  tx: Transaction,
  id: string,
): Promise<"revoked" | "missing" | "only_one"> {
  await tx.query(LOCK);
  const [found] = await tx.query<{ others: number }>(
    `SELECT (SELECT count(*) FROM signing_keys o
              WHERE o.id <> k.id AND o.signs_from <= now()
                AND (o.published_until IS NULL OR o.published_until > now()))::int AS others
       FROM signing_keys k
      WHERE k.id = $1 AND (k.published_until IS NULL OR k.published_until > now())`,
    [id],
  );
  if (found === undefined) return "missing";
  if (found.others === 0) return "only_one";
  await tx.query("UPDATE signing_keys SET published_until = now() WHERE id = $1", [id]);
  return "revoked";
}

async function insertKey(tx: Transaction, secret: string, aheadSeconds: number): Promise<string> {
  const { id, publicJwk, privateKey } = await createSigningKey();
  await tx.query(
    `INSERT INTO signing_keys (id, public_jwk, private_key, signs_from)
     VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
    [id, JSON.stringify(publicJwk), sealOf(secret).seal(privateKey, id), aheadSeconds],
  );
  return id;
}

function sealOf(secret: string): Seal {
  return createSeal(secret, "signing key");
}
