/**
 * private_key_jwt: a client shows who it is by a JWT that it signed with a key of its own, for this one request.
 * RFC 7523 section 3; OpenID Connect Core section 9.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, type JWTVerifyGetKey } from "jose";
import { z } from "zod";
import { type ClientKeys, takeAssertion } from "../../store/client-keys.ts";
import type { Database } from "../../store/database.ts";
import type { Credential } from "../../store/principal.ts";
import type { IssuerKeys } from "./issuer-keys.ts";

export interface AssertionDeps {
  readonly db: Database;
  readonly issuerKeys: IssuerKeys;
}

export interface Assertion {
  readonly clientId: string;
  readonly jwt: string;
  /** The token endpoint's address, as the client reaches it. */
  readonly audience: string;
}

/** Whoever finds one in a log has little time, and none at all where it was taken. */
const LIFE_SECONDS_MAX = 600;
export const CLOCK_TOLERANCE_SECONDS = 60;
const JTI_CHARS_MAX = 500;

const Claims = z.object({
  exp: z.number(),
  iat: z.number(),
  jti: z.string().min(1).max(JTI_CHARS_MAX),
  // Of several audiences another could bring it here as the client.
  aud: z.union([z.string(), z.array(z.string()).length(1)]),
});

/** @throws {errors.JOSEError} saying which claim or key is not right */
export async function credentialOfAssertion(
  { clientId, jwt, audience }: Assertion,
  keys: ClientKeys,
  { db, issuerKeys }: AssertionDeps,
): Promise<Credential> {
  const { payload } = await jwtVerify(jwt, await keysOf(keys, issuerKeys), {
    issuer: clientId,
    subject: clientId,
    audience,
    algorithms: [keys.algorithm],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    maxTokenAge: LIFE_SECONDS_MAX,
    requiredClaims: ["exp", "iat", "iss", "sub", "aud", "jti"],
  });
  const claims = Claims.safeParse(payload);
  if (!claims.success) throw new errors.JWTInvalid("a claim has not the form that it should have");
  const { exp, iat, jti } = claims.data;
  if (exp - iat > LIFE_SECONDS_MAX)
    throw new errors.JWTInvalid(`it is valid for longer than ${LIFE_SECONDS_MAX} seconds`);
  const expiresAt = new Date((exp + CLOCK_TOLERANCE_SECONDS) * 1_000);
  const { tenantId, id } = keys;
  // Last of all: what anybody could send, and nobody signed, is remembered by nobody.
  if (!(await takeAssertion(db, { tenantId, connectionId: clientId }, { jti, expiresAt })))
    throw new errors.JWTInvalid(
      "it was taken before; sign a new one, with a jti of its own, for each request",
    );
  return { tenantId, id };
}

function keysOf({ keys, keysUrl }: ClientKeys, issuerKeys: IssuerKeys): Promise<JWTVerifyGetKey> {
  return keys === null ? issuerKeys.at(keysUrl) : Promise.resolve(createLocalJWKSet(keys as JSONWebKeySet));
}
