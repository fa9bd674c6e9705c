/** Console accounts. A guess is counted before its password is checked, so that guesses in parallel count too. */
import { newId } from "../platform/ids.ts";
import type { Database, Transaction } from "./database.ts";

export const ROLES = ["viewer", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

export interface Account {
  readonly id: string;
  readonly login: string;
  readonly role: Role;
}

/** Lower case, as it stands in the audit. */
export const LOGIN_PATTERN = /^[a-z0-9][a-z0-9._@+-]{0,99}$/;

export async function hasAccounts(db: Database): Promise<boolean> {
  const rows = await db.query<{ has: boolean }>(`SELECT EXISTS (SELECT FROM accounts) AS has`);
  return rows[0]?.has === true;
}

/**
 * @param account - `login` in lower case; without a password nobody signs in until a link has set one
 * @returns undefined when the login is taken
 */
export async function createAccount(
  tx: Transaction,
  account: { readonly login: string; readonly role: Role; readonly passwordHash: string | null },
): Promise<Account | undefined> {
  const rows = await tx.query<Account>(
    `INSERT INTO accounts (id, login, role, password_hash)
     VALUES ($1, $2, $3, $4)
         ON CONFLICT (login) DO NOTHING
     RETURNING id, login, role`,
    [newId(), account.login, account.role, account.passwordHash],
  );
  return rows[0];
}

export interface LoginAttempt extends Account {
  readonly passwordHash: string;
  /** Attempts since the last success, this one included. */
  readonly failedLogins: number;
}

export interface LockoutPolicy {
  /** Attempts without a success until the account is locked for the first time. */
  readonly freeAttempts: number;
  readonly firstLockSeconds: number;
  readonly lockSecondsMax: number;
}

// Each attempt beyond the free ones doubles the lock; 2^20 keeps the power from overflowing an interval.
const BEGIN_ATTEMPT = `
  UPDATE accounts
     SET failed_logins = failed_logins + 1,
         locked_until = CASE
                          WHEN failed_logins + 1 >= $2
                          THEN now() + make_interval(secs => least($4, $3 * power(2, least(failed_logins + 1 - $2, 20))))
                        END
   WHERE login = $1
     AND (locked_until IS NULL OR locked_until <= now())
     AND disabled_at IS NULL
     AND password_hash IS NOT NULL
  RETURNING id, login, role, password_hash AS "passwordHash", failed_logins AS "failedLogins"`;

/** @returns undefined when there is no such login, or it is locked or disabled; the caller must not tell these apart */
export async function beginLoginAttempt(
  tx: Transaction,
  login: string,
  policy: LockoutPolicy,
): Promise<LoginAttempt | undefined> {
  const rows = await tx.query<LoginAttempt>(BEGIN_ATTEMPT, [
    login,
    policy.freeAttempts,
    policy.firstLockSeconds,
    policy.lockSecondsMax,
  ]);
  return rows[0];
}

/** The right password was given: all attempts are forgiven. */
export async function noteSignIn(tx: Transaction, accountId: string): Promise<void> {
  await tx.query(
    `UPDATE accounts SET failed_logins = 0, locked_until = NULL, last_sign_in_at = now() WHERE id = $1`,
    [accountId],
  );
}
