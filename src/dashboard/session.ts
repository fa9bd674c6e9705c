/**
 * Sign-in, sessions and form tokens. An unknown login, a wrong password and a locked account get the same answer
 * in the same time; a guess is counted before its password is checked, so guesses in parallel do not slip through.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { hashPassword, verifyPassword } from "../platform/passwords.ts";
import { hashToken } from "../platform/secrets.ts";
import { type Account, beginLoginAttempt, type LockoutPolicy, noteSignIn } from "../store/accounts.ts";
import { recordAudit } from "../store/audit.ts";
import type { Database, DatabasePool } from "../store/database.ts";
import {
  type Client,
  createSession,
  deleteSession,
  findSession,
  noteSessionUse,
  type Session,
  type SessionLife,
} from "../store/sessions.ts";

// A working day: who comes back the next morning signs in again.
const SESSION_TTL_SECONDS = 12 * 3600;
const ID_BYTES = 32;
// Slow enough for a guesser (about 100 guesses a day), short enough that an owner is not kept out for long.
const LOCKOUT: LockoutPolicy = { freeAttempts: 5, firstLockSeconds: 15, lockSecondsMax: 900 };
const LOGIN_CHARS_MAX = 200;
// A password is stretched in 32 MiB: more at once would let strangers spend our memory.
const SIGN_INS_AT_ONCE_MAX = 8;

/** @param idleMinutes - after which a session that nobody uses ends */
export function sessionLife(idleMinutes: number): SessionLife {
  return { ttlSeconds: SESSION_TTL_SECONDS, idleSeconds: idleMinutes * 60 };
}

interface SessionDeps {
  readonly database: DatabasePool;
  readonly secret: string;
  readonly sessionIdleMinutes: number;
}

export type SignIn =
  | { readonly kind: "signed-in"; readonly sessionId: string }
  | { readonly kind: "refused" }
  | { readonly kind: "busy" };

/** @returns a function that checks a login and its password and begins a session */
export function createSignIn(deps: SessionDeps) {
  // Checked in place of an account that is not there, so that both take as long.
  const decoy = hashPassword(randomBytes(ID_BYTES).toString("base64url"));
  let inHand = 0;

  async function check(login: string, password: string, client: Client): Promise<SignIn> {
    const attempt = await deps.database.transaction(async (tx) => {
      const begun = await beginLoginAttempt(tx, login, LOCKOUT);
      if (begun?.failedLogins === LOCKOUT.freeAttempts)
        await recordAudit(tx, [{ tenantId: null, actor: login, action: "account.locked", subject: login }]);
      return begun;
    });
    const isRight = await verifyPassword(password, attempt?.passwordHash ?? (await decoy));
    if (attempt === undefined || !isRight) return { kind: "refused" };
    return { kind: "signed-in", sessionId: await beginSession(deps, attempt, client) };
  }

  return async function signIn(login: string, password: string, client: Client): Promise<SignIn> {
    if (inHand >= SIGN_INS_AT_ONCE_MAX) return { kind: "busy" };
    inHand += 1;
    try {
      return await check(login.trim().toLowerCase().slice(0, LOGIN_CHARS_MAX), password, client);
    } finally {
      inHand -= 1;
    }
  };
}

/** Begins a session of somebody who has shown who it is. @returns the id that the browser gets */
export async function beginSession(deps: SessionDeps, account: Account, client: Client): Promise<string> {
  const sessionId = randomBytes(ID_BYTES).toString("base64url");
  await deps.database.transaction(async (tx) => {
    await noteSignIn(tx, account.id);
    const session = {
      ...client,
      hash: hashSessionId(deps.secret, sessionId),
      accountId: account.id,
      csrfToken: randomBytes(ID_BYTES).toString("base64url"),
    };
    await createSession(tx, session, sessionLife(deps.sessionIdleMinutes));
    const { login } = account;
    await recordAudit(tx, [{ tenantId: null, actor: login, action: "session.created", subject: login }]);
  });
  return sessionId;
}

/** @returns undefined where the browser has no session, or one that ended or expired */
export async function readSession(
  db: Database,
  secret: string,
  sessionId: string | undefined,
): Promise<Session | undefined> {
  return sessionId === undefined ? undefined : findSession(db, hashSessionId(secret, sessionId));
}

/** Notes that somebody uses a session: it goes on, and its owner can tell which is which. */
export async function noteUse(deps: SessionDeps, sessionId: string): Promise<void> {
  const life = sessionLife(deps.sessionIdleMinutes);
  await deps.database.transaction((tx) => noteSessionUse(tx, hashSessionId(deps.secret, sessionId), life));
}

export async function signOut(
  database: DatabasePool,
  secret: string,
  visitor: { readonly sessionId: string; readonly session: Session },
): Promise<void> {
  const { login } = visitor.session;
  await database.transaction(async (tx) => {
    await deleteSession(tx, hashSessionId(secret, visitor.sessionId));
    await recordAudit(tx, [{ tenantId: null, actor: login, action: "session.ended", subject: login }]);
  });
}

// Bearer tokens are hashed under the same secret: the prefix keeps the two apart.
function hashSessionId(secret: string, sessionId: string): Buffer {
  return hashToken(secret, `console session ${sessionId}`);
}

/** A value for the cookie that stands in for a session until someone has signed in. */
export function createFormId(): string {
  return randomBytes(ID_BYTES).toString("base64url");
}

/** The token of forms sent before sign-in: only who holds the cookie and got the form from us knows it. */
export function formTokenOf(secret: string, formId: string): string {
  return createHmac("sha256", secret).update(`console form ${formId}`).digest("base64url");
}

export function isSameToken(given: string | null, wanted: string): boolean {
  const [a, b] = [Buffer.from(given ?? ""), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
