/**
 * Security event tokens as JWTs (RFC 8417): ES256, `typ` secevent+jwt, and a `kid` that the published key set has. What a
 * token says is made elsewhere.
 */
import { calculateJwkThumbprint, exportJWK, exportPKCS8, generateKeyPair, importPKCS8, SignJWT } from "jose";
import type { JWK, JWTPayload } from "jose";
import { z } from "zod";
import type { PostResult } from "./webhook-post.ts";

export const SET_MEDIA_TYPE = "application/secevent+jwt";
export const SET_ALGORITHM = "ES256";

export type { JWK };

export interface NewSigningKey {
  /** RFC 7638. */
  readonly id: string;
  readonly publicJwk: JWK;
  /** PKCS #8 as PEM: to be sealed. */
  readonly privateKey: string;
}

export async function createSigningKey(): Promise<NewSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(SET_ALGORITHM, { extractable: true });
  const bare = await exportJWK(publicKey);
  const id = await calculateJwkThumbprint(bare);
  return {
    id,
    publicJwk: { ...bare, kid: id, use: "sig", alg: SET_ALGORITHM },
    privateKey: await exportPKCS8(privateKey),
  };
}

/** A key ready to sign with. */
export interface SigningKey {
  readonly id: string;
  /** PKCS #8 as PEM. */
  readonly privateKey: string;
}

/** @returns a function that signs; the key is read once for all of them */
export async function createSetSigner(key: SigningKey): Promise<(claims: JWTPayload) => Promise<string>> {
  const imported = await importPKCS8(key.privateKey, SET_ALGORITHM);
  return (claims) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: SET_ALGORITHM, kid: key.id, typ: "secevent+jwt" })
      .sign(imported);
}

/**
 * Of a token that is sent (RFC 8935 section 2): besides the token's signature the receiver has a word that only we know.
 * @param secrets - the newest first; the receiver may still have the other, and the newest alone can be sent
 */
export function setHeaders(
  secrets: readonly string[],
  authorization: string | undefined,
): Record<string, string> {
  const [secret] = secrets;
  const shown = authorization ?? (secret === undefined ? undefined : `Bearer ${secret}`);
  return {
    "Content-Type": SET_MEDIA_TYPE,
    Accept: "application/json",
    ...(shown !== undefined && { Authorization: shown }),
  };
}

const SetError = z.object({ err: z.string().max(100), description: z.string().optional() });
const BAD_REQUEST = 400;

/** A receiver that refuses a token says why by one of few words. RFC 8935 sections 2.3 and 2.4. */
export function withSetError(result: PostResult): PostResult {
  if (result.status !== BAD_REQUEST || result.excerpt === null) return result;
  try {
    const told = SetError.safeParse(JSON.parse(result.excerpt));
    return told.success ? { ...result, error: `answered 400 ${told.data.err}` } : result;
  } catch {
    return result;
  }
}
