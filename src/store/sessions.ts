/** Sessions of the console. The browser holds the id, Postgres only its keyed hash. */
import type { Account } from "./accounts.ts";
import type { Database, Transaction } from "./database.ts";

export interface Session extends Account {
  readonly csrfToken: string;
  readonly expiresAt: Date;
}

export interface NewSession {
  readonly hash: Buffer;
  readonly accountId: string;
  readonly csrfToken: string;
  readonly ttlSeconds: number;
}

export async function createSession(tx: Transaction, session: NewSession): Promise<void> {
  await tx.query(`DELETE FROM sessions WHERE expires_at <= now()`);
  await tx.query(
    `INSERT INTO sessions (session_hash, account_id, csrf_token, expires_at)
     VALUES ($1, $2, $3, now() + make_interval(secs => $4))`,
    [session.hash, session.accountId, session.csrfToken, session.ttlSeconds],
  );
}

const FIND_SESSION = `
  SELECT a.id, a.login, a.role, s.csrf_token AS "csrfToken", s.expires_at AS "expiresAt"
    FROM sessions s
    JOIN accounts a ON a.id = s.account_id
   WHERE s.session_hash = $1
     AND s.expires_at > now()`;

/** @returns undefined when the session is unknown, ended or expired */
export async function findSession(db: Database, hash: Buffer): Promise<Session | undefined> {
  const rows = await db.query<Session>({ name: "find-session", text: FIND_SESSION }, [hash]);
  return rows[0];
}

export async function deleteSession(tx: Transaction, hash: Buffer): Promise<void> {
  await tx.query(`DELETE FROM sessions WHERE session_hash = $1`, [hash]);
}
