/** Facts that every process of an installation must agree on; so far, which secret its tokens are hashed under. */
import type { DatabasePool } from "./database.ts";

const SECRET_KEY = "secret-fingerprint";

/**
 * The first start notes the secret's fingerprint; every later one must bring the same secret, because under another
 * one each token would be unknown and Azure AD would see nothing but 401.
 * @throws {Error} when this is not the secret of the first start
 */
export async function checkSecret(database: DatabasePool, fingerprint: string): Promise<void> {
  const known = await database.transaction(async (tx) => {
    // Two processes may start at once: the first to insert decides, the other one reads what it wrote.
    await tx.query(`INSERT INTO installation (key, value) VALUES ($1, $2) ON CONFLICT (key) DO NOTHING`, [
      SECRET_KEY,
      fingerprint,
    ]);
    return tx.query<{ value: string }>(`SELECT value FROM installation WHERE key = $1`, [SECRET_KEY]);
  });
  if (known[0]?.value === fingerprint) return;
  throw new Error(
    "ROLLCALL_SECRET is not the one this database was first started with, so no token in it would be accepted. " +
      "Start with the former secret. If it is lost for good, run " +
      `DELETE FROM installation WHERE key = '${SECRET_KEY}' on the database, start again, and rotate every token`,
  );
}
