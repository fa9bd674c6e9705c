/** The public keys by which a client's own JWTs are checked, and which of those JWTs have been taken. */
import { createHash, createPublicKey } from "node:crypto";
import { z } from "zod";
import { newId } from "../platform/ids.ts";
import type { Database, Transaction } from "./database.ts";

/** Asymmetric ones alone: a public key is nobody's secret, and "none" is nobody's signature. */
export const CLIENT_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA"],
];

const KEYS_MAX = 10;
const RSA_BITS_MIN = 2_048;

/** A public key as RFC 7517 has it; of a private one nothing is taken. */
const PublicKey = z
  .looseObject({ kty: z.enum(["RSA", "EC", "OKP"]), kid: z.string().max(200).optional() })
  .refine((key) => !("d" in key) && !("k" in key), "is a private key; give the public one alone");
const KeySet = z.object({ keys: z.array(PublicKey).min(1).max(KEYS_MAX) });
export type KeySet = z.infer<typeof KeySet>;

/** Which keys are a client's, and the one algorithm that it signs with. */
export type KeyTrust = { readonly algorithm: string } & (
  { readonly keys: KeySet; readonly keysUrl: null } | { readonly keys: null; readonly keysUrl: string }
);

export type ClientKeys = KeyTrust & {
  readonly id: string;
  readonly tenantId: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
};

interface Of {
  readonly tenantId: string;
  readonly connectionId: string;
}

const CLIENT_KEYS = `
  SELECT k.id, k.tenant_id AS "tenantId", k.algorithm, k.keys, k.keys_url AS "keysUrl", k.created_at AS "createdAt",
         k.last_used_at AS "lastUsedAt"
    FROM client_keys k`;

/** Of a client that is about to say who it is. @returns undefined where it has none, or is disconnected */
export async function findKeysOfClient(db: Database, clientId: string): Promise<ClientKeys | undefined> {
  const rows = await db.query<ClientKeys>(
    `${CLIENT_KEYS} JOIN connections c ON c.tenant_id = k.tenant_id AND c.id = k.connection_id
      WHERE k.connection_id = $1 AND c.disconnected_at IS NULL`,
    [clientId],
  );
  return rows[0];
}

export async function findClientKeys(
  db: Database,
  { tenantId, connectionId }: Of,
): Promise<ClientKeys | undefined> {
  const rows = await db.query<ClientKeys>(`${CLIENT_KEYS} WHERE k.tenant_id = $1 AND k.connection_id = $2`, [
    tenantId,
    connectionId,
  ]);
  return rows[0];
}

/** In place of those before, whose access tokens end. */
export async function setClientKeys(
  tx: Transaction,
  { tenantId, connectionId }: Of,
  { algorithm, keys, keysUrl }: KeyTrust,
): Promise<void> {
  await tx.query(
    `INSERT INTO client_keys AS k (tenant_id, connection_id, id, algorithm, keys, keys_url)
     VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (tenant_id, connection_id) DO UPDATE
            SET id = excluded.id, algorithm = excluded.algorithm, keys = excluded.keys,
                keys_url = excluded.keys_url, created_at = now(), last_used_at = NULL`,
    [tenantId, connectionId, newId(), algorithm, keys && JSON.stringify(keys), keysUrl],
  );
}

/** @returns false where there were none */
export async function removeClientKeys(tx: Transaction, { tenantId, connectionId }: Of): Promise<boolean> {
  const gone = await tx.query(
    "DELETE FROM client_keys WHERE tenant_id = $1 AND connection_id = $2 RETURNING id",
    [tenantId, connectionId],
  );
  return gone.length > 0;
}

/**
 * Takes an assertion, which nobody can take a second time, by whatever process.
 * @returns false where it was taken before
 */
export async function takeAssertion(
  db: Database,
  { tenantId, connectionId }: Of,
  { jti, expiresAt }: { readonly jti: string; readonly expiresAt: Date },
): Promise<boolean> {
  const taken = await db.query(
    `INSERT INTO client_assertions (tenant_id, connection_id, jti_hash, expires_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, connection_id, jti_hash) DO NOTHING
      RETURNING 1`,
    [tenantId, connectionId, createHash("sha256").update(jti).digest(), expiresAt],
  );
  return taken.length > 0;
}

/** Those that nobody could bring again. Of all tenants. */
export async function forgetAssertions(tx: Transaction): Promise<void> {
  await tx.query("DELETE FROM client_assertions WHERE expires_at < now()");
}

/**
 * As an operator gives them: a JWK, a set of them, or a public key as PEM; or the address of a set.
 * @throws {RangeError} saying what is wrong with them
 */
export function readKeyTrust(algorithm: string, source: { text: string } | { url: string }): KeyTrust {
  if (!CLIENT_ALGORITHMS.includes(algorithm))
    throw new RangeError(`the algorithm is one of ${CLIENT_ALGORITHMS.join(", ")}`);
  if ("url" in source) {
    if (!URL.canParse(source.url) || !/^https?:$/.test(new URL(source.url).protocol))
      throw new RangeError("the address of the keys is not one, such as https://idp.example.com/keys.json");
    return { algorithm, keys: null, keysUrl: source.url };
  }
  const keys = KeySet.safeParse(keySetOf(source.text));
  if (!keys.success)
    throw new RangeError(
      `the keys cannot be taken: ${keys.error.issues.map(({ message }) => message).join("; ")}`,
    );
  for (const key of keys.data.keys) assertFits(key, algorithm);
  return { algorithm, keys: keys.data, keysUrl: null };
}

function keySetOf(text: string): unknown {
  try {
    if (text.includes("PRIVATE KEY"))
      throw new RangeError("this is a private key; give the public one alone");
    if (text.includes("-----BEGIN")) return { keys: [createPublicKey(text).export({ format: "jwk" })] };
    const given = JSON.parse(text) as object;
    return "keys" in given ? given : { keys: [given] };
  } catch (error) {
    if (error instanceof RangeError) throw error;
    throw new RangeError("the keys are neither JSON (RFC 7517) nor a public key as PEM");
  }
}

/** @throws {RangeError} */
function assertFits(key: KeySet["keys"][number], algorithm: string): void {
  const kty = algorithm.startsWith("ES") ? "EC" : algorithm === "EdDSA" ? "OKP" : "RSA";
  if (key.kty !== kty)
    throw new RangeError(`${algorithm} is signed with a key of type ${kty}, not ${key.kty}`);
  const bits = createPublicKeyOf(key).asymmetricKeyDetails?.modulusLength ?? RSA_BITS_MIN;
  if (bits < RSA_BITS_MIN) throw new RangeError(`a key of RSA has ${RSA_BITS_MIN} bits at least`);
}

function createPublicKeyOf(key: KeySet["keys"][number]): ReturnType<typeof createPublicKey> {
  try {
    return createPublicKey({ key, format: "jwk" });
  } catch {
    throw new RangeError("a key of the set is not whole");
  }
}
