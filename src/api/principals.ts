/**
 * Who a bearer token speaks for. Postgres is asked about a token once in a while, however many requests come with it,
 * and tells at its commit whatever ends or changes a token or its connection: what was remembered is then forgotten.
 * While that word cannot be heard, nothing is remembered. What Postgres knows not is asked again each time.
 */
import { hash, randomBytes } from "node:crypto";
import type { Database } from "../store/database.ts";
import type { PostgresNotifier } from "../store/notifier.ts";
import {
  ACCESS_CHANGED,
  findCredentialPrincipal,
  findPrincipal,
  type Principal,
} from "../store/principal.ts";
import { type AccessTokens, looksLikeJwt } from "./oauth/access-tokens.ts";

export type FindPrincipal = (token: string) => Promise<Principal | undefined>;

export interface PrincipalsDeps {
  readonly db: Database;
  /** ROLLCALL_SECRET, under which tokens are hashed. */
  readonly secret: string;
  readonly notifier: PostgresNotifier;
  readonly accessTokens: AccessTokens;
  readonly trustedMs?: number;
}

interface Known {
  readonly principal: Promise<Principal | undefined>;
  /** By the process's monotonic clock. */
  readonly since: number;
  /** The notifier's session in which it was asked. */
  readonly session: number | undefined;
}

// A connection may be dead before anyone notices: nothing is trusted for longer than this without being asked again.
const TRUSTED_MS = 1_000;
const KNOWN_MAX = 10_000;

export class Principals {
  readonly #deps: PrincipalsDeps;
  /** Of this process, so that what it remembers tells nothing of a token elsewhere. */
  readonly #salt = randomBytes(32).toString("base64");
  readonly #known = new Map<string, Known>();

  constructor(deps: PrincipalsDeps) {
    this.#deps = deps;
  }

  start(): Promise<void> {
    // What is being asked at this moment may have been answered from before the change: it is forgotten as well.
    return this.#deps.notifier.listen(ACCESS_CHANGED, () => this.#known.clear());
  }

  stop(): Promise<void> {
    return this.#deps.notifier.close();
  }

  readonly find: FindPrincipal = async (token) => {
    const { notifier } = this.#deps;
    // By a hash, so that no token stays in memory and the look-up's timing tells nothing of one.
    const key = hash("sha256", this.#salt + token, "base64");
    const session = notifier.session();
    const found = this.#known.get(key);
    if (found && session !== undefined && found.session === session && this.#isFresh(found)) {
      const principal = await found.principal;
      if (principal && principal.expiresAt.getTime() > Date.now()) return principal;
    }
    return this.#ask(key, { token, session });
  };

  async #ask(
    key: string,
    { token, session }: { readonly token: string; readonly session: number | undefined },
  ): Promise<Principal | undefined> {
    const asked = { principal: this.#look(token), since: performance.now(), session };
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(key, asked);
    const forget = (): void => {
      if (this.#known.get(key) === asked) this.#known.delete(key);
    };
    try {
      const principal = await asked.principal;
      if (!principal) forget();
      return principal;
    } catch (error) {
      forget();
      throw error;
    }
  }

  /** An access token is looked up by what it was issued for, so that it ends with that. */
  async #look(token: string): Promise<Principal | undefined> {
    const { db, secret, accessTokens } = this.#deps;
    if (!looksLikeJwt(token)) return findPrincipal(db, secret, token);
    const access = await accessTokens.verify(token);
    return access && findCredentialPrincipal(db, access.credential, access.expiresAt);
  }

  #isFresh({ since }: Known): boolean {
    return performance.now() - since < (this.#deps.trustedMs ?? TRUSTED_MS);
  }
}
