/** The first account: made once, on the first start, so that there is someone who can sign in. */
import { refuseGuessable } from "../platform/guessable-password.ts";
import { createReadablePassword, hashPassword } from "../platform/passwords.ts";
import { createAccount, hasAccounts } from "../store/accounts.ts";
import { recordAudit } from "../store/audit.ts";
import type { DatabasePool } from "../store/database.ts";

export const OWNER_LOGIN = "owner";

export type OwnerAccount =
  | { readonly login: string; readonly created: true; readonly password: string }
  | { readonly login: string; readonly created: false };

/**
 * Makes the account `owner` where there is no account at all; safe when several processes start at once.
 * @param options - `password`: taken instead of a random one
 * @throws {ConfigError} where it is easily guessed
 */
export async function ensureOwner(
  database: DatabasePool,
  options: { readonly password?: string | undefined } = {},
): Promise<OwnerAccount> {
  if (await hasAccounts(database)) return { login: OWNER_LOGIN, created: false };
  if (options.password !== undefined) await refuseGuessable(options.password, OWNER_LOGIN);
  const password = options.password ?? createReadablePassword();
  const passwordHash = await hashPassword(password);
  return database.transaction(async (tx): Promise<OwnerAccount> => {
    const account = await createAccount(tx, { login: OWNER_LOGIN, role: "owner", passwordHash });
    if (account === undefined) return { login: OWNER_LOGIN, created: false };
    await recordAudit(tx, [
      { tenantId: null, actor: "start", action: "account.created", subject: OWNER_LOGIN },
    ]);
    return { login: OWNER_LOGIN, created: true, password };
  });
}
