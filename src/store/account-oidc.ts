/** Accounts of people whom an OpenID provider lets in: made at the first sign-in, with the role that it says. */
import { createHash } from "node:crypto";
import { newId } from "../platform/ids.ts";
import { setRole } from "./account-changes.ts";
import { type Account, LOGIN_PATTERN, type Role } from "./accounts.ts";
import { recordAudit } from "./audit.ts";
import type { Transaction } from "./database.ts";
import { endSessions } from "./sessions.ts";

export interface OidcIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  /** Undefined keeps the person out, and ends what sessions there are. */
  readonly role: Role | undefined;
}

/** Who the audit says it was. */
const ACTOR = "oidc";

/**
 * The account of a person, made or brought up to date. It belongs to the provider's subject and to nothing else: a
 * name that is taken is no way into the account that has it.
 * @returns undefined for whom no role was given, or who is disabled here
 */
export async function takeOidcAccount(tx: Transaction, person: OidcIdentity): Promise<Account | undefined> {
  const { issuer, subject, role } = person;
  // Two first sign-ins of one person at once wait for each other here.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`oidc ${issuer} ${subject}`]);
  const [known] = await tx.query<Account & { readonly isDisabled: boolean }>(
    `SELECT id, login, role, disabled_at IS NOT NULL AS "isDisabled" FROM accounts
      WHERE oidc_issuer = $1 AND oidc_subject = $2`,
    [issuer, subject],
  );
  if (known === undefined) return role === undefined ? undefined : make(tx, person, role);
  if (role === undefined) await endSessions(tx, known.id, null);
  if (role === undefined || known.isDisabled) return undefined;
  if (known.role === role || (await setRole(tx, known.id, role)) !== "changed") return known;
  await recordAudit(tx, [
    {
      ...{ tenantId: null, actor: ACTOR, action: "account.role_changed" },
      subject: `${known.login}: ${known.role} → ${role}`,
    },
  ]);
  return { ...known, role };
}

async function make(tx: Transaction, person: OidcIdentity, role: Role): Promise<Account | undefined> {
  for (const login of loginsOf(person)) {
    const [made] = await tx.query<Account>(
      `INSERT INTO accounts (id, login, role, oidc_issuer, oidc_subject)
       VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (login) DO NOTHING
       RETURNING id, login, role`,
      [newId(), login, role, person.issuer, person.subject],
    );
    if (made === undefined) continue;
    await recordAudit(tx, [
      { tenantId: null, actor: ACTOR, action: "account.created", subject: `${login}: ${role}` },
    ]);
    return made;
  }
  return undefined;
}

const LOGIN_CHARS_MAX = 80;
const MARK_LENGTH = 12;

/** The name as a login; where that is taken or can be none, one that only this person has. */
function loginsOf({ issuer, subject, name }: OidcIdentity): readonly string[] {
  const mark = createHash("sha256").update(`${issuer} ${subject}`).digest("hex").slice(0, MARK_LENGTH);
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._@+-]/g, "-")
    .slice(0, LOGIN_CHARS_MAX);
  return LOGIN_PATTERN.test(plain) ? [plain, `${plain}+${mark}`] : [`sso+${mark}`];
}
