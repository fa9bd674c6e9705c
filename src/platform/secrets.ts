/**
 * Tokens and keys, and how they are kept: 256 random bits, shown once, stored as a keyed hash. A look-up goes by the
 * hash, so its timing tells nothing about the token.
 */
import { createHmac, randomBytes } from "node:crypto";

const TOKEN_BYTES = 32;
const HINT_LENGTH = 8;

/** What a secret begins with says, to people and to scanners for leaked secrets, which door it opens. */
export const TOKEN_PREFIX = "rc_";
export const PRODUCT_KEY_PREFIX = "rk_";
export const CLIENT_SECRET_PREFIX = "rs_";

export interface NewToken {
  /** Shown once, never stored. */
  readonly token: string;
  readonly hash: Buffer;
  /** Its first characters, to tell two tokens apart in a list. */
  readonly hint: string;
}

export function createToken(
  secret: string,
  prefix: typeof TOKEN_PREFIX | typeof PRODUCT_KEY_PREFIX | typeof CLIENT_SECRET_PREFIX = TOKEN_PREFIX,
): NewToken {
  const token = prefix + randomBytes(TOKEN_BYTES).toString("base64url");
  const hash = prefix === CLIENT_SECRET_PREFIX ? hashClientSecret(secret, token) : hashToken(secret, token);
  return { token, hash, hint: tokenHint(token) };
}

/** The first characters of a token, by which a list shows it. */
export function tokenHint(token: string): string {
  return token.slice(0, HINT_LENGTH);
}

/** HMAC-SHA-256 of a token under the installation's secret. */
export function hashToken(secret: string, token: string): Buffer {
  return createHmac("sha256", secret).update(token).digest();
}

/**
 * Client secrets stand among the tokens, and are none: by a hash of their own, nobody who looks for a bearer token finds one,
 * an api process of a version that does not know them included.
 */
export function hashClientSecret(secret: string, clientSecret: string): Buffer {
  return hashToken(secret, `client secret ${clientSecret}`);
}

/** Tells two secrets apart without telling either: kept in Postgres to notice a wrong one at start. */
export function fingerprint(secret: string): string {
  return createHmac("sha256", secret).update("rollcall secret fingerprint").digest("hex").slice(0, 32);
}
