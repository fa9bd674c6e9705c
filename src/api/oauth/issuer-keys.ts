/**
 * The keys of trusted issuers: found by discovery, kept, and read again when a key is asked for that is not among them,
 * since issuers rotate them at any time. Only issuers that a connection names are ever asked.
 */
import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { publicGet } from "../../platform/public-get.ts";

/** The issuer does not answer, or not as it should: no fault of the client's. */
export class IssuerUnavailableError extends Error {
  override readonly name = "IssuerUnavailableError";
}

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url() });

const CACHE_MS = 600_000;
const COOLDOWN_MS = 2_000;
const KEPT_MAX = 1_000;

export class IssuerKeys {
  readonly #isPrivateAllowed: boolean;
  readonly #cooldownMs: number;
  readonly #known = new Map<string, Promise<JWTVerifyGetKey>>();

  /** @param isPrivateAllowed - FEDERATION_PRIVATE_ALLOWED */
  constructor(isPrivateAllowed: boolean, cooldownMs = COOLDOWN_MS) {
    this.#isPrivateAllowed = isPrivateAllowed;
    this.#cooldownMs = cooldownMs;
  }

  /** @throws {IssuerUnavailableError} */
  of(issuer: string): Promise<JWTVerifyGetKey> {
    return this.#kept(`issuer ${issuer}`, () => this.#discover(issuer));
  }

  /** Keys that a client publishes by itself, without discovery. @throws {IssuerUnavailableError} */
  at(address: string): Promise<JWTVerifyGetKey> {
    return this.#kept(`keys ${address}`, () => Promise.resolve(this.#remote(address)));
  }

  /** @param name - says what it is as well: an issuer's address is no address of keys, whoever gives it as one */
  #kept(name: string, find: () => Promise<JWTVerifyGetKey>): Promise<JWTVerifyGetKey> {
    const known = this.#known.get(name);
    if (known) return known;
    if (this.#known.size >= KEPT_MAX) this.#known.clear();
    const found = find();
    this.#known.set(name, found);
    // Asked anew the next time.
    found.catch(() => this.#known.delete(name));
    return found;
  }

  #remote(address: string): JWTVerifyGetKey {
    const get: FetchImplementation = async (url) => {
      const answer = await publicGet(url, this.#isPrivateAllowed).catch((cause: unknown) => {
        throw new IssuerUnavailableError(`the keys at ${address} cannot be read`, { cause });
      });
      if (answer.status === 200) return answer;
      throw new IssuerUnavailableError(`the keys at ${address} were answered ${answer.status}`);
    };
    return createRemoteJWKSet(new URL(address), {
      cacheMaxAge: CACHE_MS,
      cooldownDuration: this.#cooldownMs,
      [customFetch]: get,
    });
  }

  async #discover(issuer: string): Promise<JWTVerifyGetKey> {
    try {
      const answer = await publicGet(
        `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
        this.#isPrivateAllowed,
      );
      if (answer.status !== 200) throw new Error(`discovery was answered ${answer.status}`);
      const document = Discovery.parse(await answer.json());
      if (document.issuer !== issuer) throw new Error(`discovery is of the issuer ${document.issuer}`);
      return this.#remote(document.jwks_uri);
    } catch (error) {
      throw new IssuerUnavailableError(
        `the keys of ${issuer} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        { cause: error },
      );
    }
  }
}
