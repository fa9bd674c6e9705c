/**
 * Who a bearer token speaks for. Postgres is asked about a token at most once a second, however many requests come
 * with it: an ended token is refused within that second. What it knows not is asked again each time.
 */
import { hashToken } from "../platform/secrets.ts";
import type { Database } from "../store/database.ts";
import { findPrincipal, type Principal } from "../store/tenants.ts";

export type FindPrincipal = (token: string) => Promise<Principal | undefined>;

interface Known {
  readonly principal: Promise<Principal | undefined>;
  /** By the process's monotonic clock. */
  readonly since: number;
}

// How long a token that was revoked may still be accepted.
const TRUSTED_MS = 1_000;
const KNOWN_MAX = 10_000;

/** @param secret - ROLLCALL_SECRET, under which tokens are hashed */
export function createPrincipals(db: Database, secret: string): FindPrincipal {
  const known = new Map<string, Known>();

  return async (token) => {
    // By the hash, so that no token stays in memory and the look-up's timing tells nothing of one.
    const key = hashToken(secret, token).toString("base64");
    const now = performance.now();
    const found = known.get(key);
    if (found && now - found.since < TRUSTED_MS) {
      const principal = await found.principal;
      if (principal && principal.expiresAt.getTime() > Date.now()) return principal;
    }
    const asked = { principal: findPrincipal(db, secret, token), since: now };
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(key, asked);
    const forget = (): void => {
      if (known.get(key) === asked) known.delete(key);
    };
    try {
      const principal = await asked.principal;
      if (!principal) forget();
      return principal;
    } catch (error) {
      forget();
      throw error;
    }
  };
}
