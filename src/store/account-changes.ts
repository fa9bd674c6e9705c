/**
 * Accounts as their owners manage them. There is always an owner who can sign in: whatever would take away the last one
 * is not done. Whoever is disabled, or gets another password, is signed out at once.
 */
import type { Account, Role } from "./accounts.ts";
import type { Database, Transaction } from "./database.ts";

export interface AccountDetails extends Account {
  readonly createdAt: Date;
  readonly disabledAt: Date | null;
  readonly lastSignInAt: Date | null;
  readonly lockedUntil: Date | null;
  readonly hasPassword: boolean;
  /** Whoever signs in through an identity provider of the operator's. */
  readonly oidcIssuer: string | null;
  readonly sessions: number;
  /** Until when a link waits that sets a password. */
  readonly linkExpiresAt: Date | null;
}

const DETAILS = `
  SELECT a.id, a.login, a.role, a.created_at AS "createdAt", a.disabled_at AS "disabledAt",
         a.last_sign_in_at AS "lastSignInAt",
         CASE WHEN a.locked_until > now() THEN a.locked_until END AS "lockedUntil",
         a.password_hash IS NOT NULL AS "hasPassword", a.oidc_issuer AS "oidcIssuer",
         (SELECT count(*)::int FROM sessions s WHERE s.account_id = a.id AND s.expires_at > now()) AS sessions,
         (SELECT max(l.expires_at) FROM account_links l
           WHERE l.account_id = a.id AND l.expires_at > now()) AS "linkExpiresAt"
    FROM accounts a`;

/** By login; at most 1000. */
export async function listAccounts(db: Database): Promise<readonly AccountDetails[]> {
  return db.query<AccountDetails>(`${DETAILS} ORDER BY a.login LIMIT 1000`);
}

export async function findAccount(db: Database, id: string): Promise<AccountDetails | undefined> {
  const rows = await db.query<AccountDetails>(`${DETAILS} WHERE a.id = $1`, [id]);
  return rows[0];
}

export async function findAccountByLogin(db: Database, login: string): Promise<AccountDetails | undefined> {
  const rows = await db.query<AccountDetails>(`${DETAILS} WHERE a.login = $1`, [login]);
  return rows[0];
}

/** Logins of those who may mend what failed. */
export async function listMenders(db: Database): Promise<readonly string[]> {
  const rows = await db.query<{ login: string }>(
    `SELECT login FROM accounts WHERE role IN ('admin', 'owner') AND disabled_at IS NULL ORDER BY login LIMIT 1000`,
  );
  return rows.map(({ login }) => login);
}

export type AccountChange = "changed" | "unchanged" | "last_owner";

export async function setRole(tx: Transaction, id: string, role: Role): Promise<AccountChange> {
  if (role !== "owner" && (await isLastOwner(tx, id))) return "last_owner";
  const rows = await tx.query(`UPDATE accounts SET role = $2 WHERE id = $1 AND role <> $2 RETURNING id`, [
    id,
    role,
  ]);
  return rows.length > 0 ? "changed" : "unchanged";
}

export async function disableAccount(tx: Transaction, id: string): Promise<AccountChange> {
  if (await isLastOwner(tx, id)) return "last_owner";
  const rows = await tx.query(
    `UPDATE accounts SET disabled_at = now() WHERE id = $1 AND disabled_at IS NULL RETURNING id`,
    [id],
  );
  await tx.query(`DELETE FROM sessions WHERE account_id = $1`, [id]);
  await tx.query(`DELETE FROM account_links WHERE account_id = $1`, [id]);
  return rows.length > 0 ? "changed" : "unchanged";
}

export async function enableAccount(tx: Transaction, id: string): Promise<AccountChange> {
  const rows = await tx.query(
    `UPDATE accounts SET disabled_at = NULL, failed_logins = 0, locked_until = NULL
      WHERE id = $1 AND disabled_at IS NOT NULL RETURNING id`,
    [id],
  );
  return rows.length > 0 ? "changed" : "unchanged";
}

/** Two owners who take each other away at the same time wait for each other here, and one of them stays. */
async function isLastOwner(tx: Transaction, id: string): Promise<boolean> {
  const owners = await tx.query<{ id: string }>(
    `SELECT id FROM accounts WHERE role = 'owner' AND disabled_at IS NULL ORDER BY id FOR UPDATE`,
  );
  return owners.length === 1 && owners[0]?.id === id;
}

/** A new password: a lock is lifted, links end, and so do all sessions but the one that is kept. */
export async function setPassword(
  tx: Transaction,
  { id, passwordHash }: { readonly id: string; readonly passwordHash: string },
  keptSessionId: string | null = null,
): Promise<void> {
  await tx.query(
    `UPDATE accounts SET password_hash = $2, failed_logins = 0, locked_until = NULL WHERE id = $1`,
    [id, passwordHash],
  );
  await tx.query(`DELETE FROM account_links WHERE account_id = $1`, [id]);
  await tx.query(`DELETE FROM sessions WHERE account_id = $1 AND id IS DISTINCT FROM $2`, [
    id,
    keptSessionId,
  ]);
}

export async function findPasswordHash(db: Database, id: string): Promise<string | undefined> {
  const rows = await db.query<{ hash: string | null }>(
    `SELECT password_hash AS hash FROM accounts WHERE id = $1 AND disabled_at IS NULL`,
    [id],
  );
  return rows[0]?.hash ?? undefined;
}

/** Makes a link the only one of the account, and lifts a lock. */
export async function createLink(
  tx: Transaction,
  link: { readonly accountId: string; readonly hash: Buffer; readonly ttlSeconds: number },
): Promise<void> {
  await tx.query(`DELETE FROM account_links WHERE account_id = $1 OR expires_at <= now()`, [link.accountId]);
  await tx.query(
    `INSERT INTO account_links (link_hash, account_id, expires_at)
     VALUES ($1, $2, now() + make_interval(secs => $3))`,
    [link.hash, link.accountId, link.ttlSeconds],
  );
}

/** Whose link it is, if it is still good. */
export async function findLink(db: Database, hash: Buffer): Promise<Account | undefined> {
  const rows = await db.query<Account>(
    `SELECT a.id, a.login, a.role
       FROM account_links l
       JOIN accounts a ON a.id = l.account_id
      WHERE l.link_hash = $1 AND l.expires_at > now() AND a.disabled_at IS NULL`,
    [hash],
  );
  return rows[0];
}

/** Uses a link up. @returns false when it is not good any more */
export async function takeLink(tx: Transaction, hash: Buffer): Promise<boolean> {
  const rows = await tx.query(
    `DELETE FROM account_links WHERE link_hash = $1 AND expires_at > now() RETURNING account_id`,
    [hash],
  );
  return rows.length > 0;
}
