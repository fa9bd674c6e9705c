/** Sessions of the console. The browser holds the id, Postgres only its keyed hash. */
import type { Account } from "./accounts.ts";
import type { Database, Transaction } from "./database.ts";
import type { LogPosition } from "./log-positions.ts";

export interface Session extends Account {
  /** A name of the session that opens nothing. */
  readonly sessionId: string;
  readonly csrfToken: string;
  readonly expiresAt: Date;
  /** Where the log of Postgres stood after what the session did last; null where it did nothing, or there is no replica. */
  readonly logPosition: LogPosition | null;
}

/** Where a session was begun, as far as the browser says. */
export interface Client {
  readonly address: string | null;
  readonly userAgent: string | null;
}

export interface NewSession extends Client {
  readonly hash: Buffer;
  readonly accountId: string;
  readonly csrfToken: string;
}

/** How long a session lasts: from its beginning whatever happens, and after each use. */
export interface SessionLife {
  readonly ttlSeconds: number;
  readonly idleSeconds: number;
}

export async function createSession(
  tx: Transaction,
  session: NewSession,
  { ttlSeconds, idleSeconds }: SessionLife,
): Promise<void> {
  await tx.query(`DELETE FROM sessions WHERE expires_at <= now()`);
  await tx.query(
    `INSERT INTO sessions (session_hash, account_id, csrf_token, expires_at, address, user_agent)
     VALUES ($1, $2, $3, now() + make_interval(secs => $4), $5, $6)`,
    [
      ...[session.hash, session.accountId, session.csrfToken, Math.min(ttlSeconds, idleSeconds)],
      ...[session.address, session.userAgent],
    ],
  );
}

const FIND_SESSION = `
  SELECT a.id, a.login, a.role, s.id AS "sessionId", s.csrf_token AS "csrfToken", s.expires_at AS "expiresAt",
         s.log_position::text AS "logPosition"
    FROM sessions s
    JOIN accounts a ON a.id = s.account_id
   WHERE s.session_hash = $1
     AND s.expires_at > now()
     AND a.disabled_at IS NULL`;

/** @returns undefined when the session is unknown, ended or expired, or its account disabled */
export async function findSession(db: Database, hash: Buffer): Promise<Session | undefined> {
  const rows = await db.query<Session>({ name: "find-session", text: FIND_SESSION }, [hash]);
  return rows[0];
}

const NOTED_EVERY_SECONDS = 60;

/** Notes that a session is in use, once in a while, and puts its end off as far as its life allows. */
export async function noteSessionUse(
  tx: Transaction,
  hash: Buffer,
  { ttlSeconds, idleSeconds }: SessionLife,
): Promise<void> {
  await tx.query(
    `UPDATE sessions
        SET last_seen_at = now(),
            expires_at = least(created_at + make_interval(secs => $2), now() + make_interval(secs => $3))
      WHERE session_hash = $1
        AND expires_at > now()
        AND last_seen_at < now() - make_interval(secs => ${NOTED_EVERY_SECONDS})`,
    [hash, ttlSeconds, idleSeconds],
  );
}

/** Notes that the session has changed something, which has been committed by now: a replica must know it to show it. */
export async function noteSessionWrite(
  tx: Transaction,
  { sessionId, id: accountId }: Pick<Session, "sessionId" | "id">,
): Promise<void> {
  await tx.query(
    `UPDATE sessions SET log_position = pg_current_wal_insert_lsn() WHERE account_id = $1 AND id = $2`,
    [accountId, sessionId],
  );
}

export async function deleteSession(tx: Transaction, hash: Buffer): Promise<void> {
  await tx.query(`DELETE FROM sessions WHERE session_hash = $1`, [hash]);
}

export interface OpenSession extends Client {
  readonly sessionId: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

/** The sessions of an account, the most recently used first. */
export async function listSessions(db: Database, accountId: string): Promise<readonly OpenSession[]> {
  return db.query<OpenSession>(
    `SELECT id AS "sessionId", address, user_agent AS "userAgent", created_at AS "createdAt",
            last_seen_at AS "lastSeenAt", expires_at AS "expiresAt"
       FROM sessions
      WHERE account_id = $1 AND expires_at > now()
      ORDER BY last_seen_at DESC, id LIMIT 100`,
    [accountId],
  );
}

/** @param sessionId - null ends all of the account's. @returns how many ended */
export async function endSessions(
  tx: Transaction,
  accountId: string,
  sessionId: string | null,
): Promise<number> {
  const rows = await tx.query(
    `DELETE FROM sessions WHERE account_id = $1 AND ($2::uuid IS NULL OR id = $2) RETURNING id`,
    [accountId, sessionId],
  );
  return rows.length;
}
