/**
 * The short-lived access tokens of the token endpoint. Who issues them is who takes them, so they are signed with a key
 * that all api processes derive from ROLLCALL_SECRET. They say what they were issued for, which is looked up: when the
 * credential ends, they do.
 */
import { hkdfSync } from "node:crypto";
import { errors, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { newId } from "../../platform/ids.ts";
import type { Credential } from "../../store/principal.ts";

/** What an access token allows: all that a connection may. */
export const SCOPE = "scim";

const ALGORITHM = "HS256";
const TYPE = "at+jwt";
const KEY_BYTES = 32;

export interface AccessTokenSettings {
  readonly secret: string;
  /** The SCIM endpoint, as it is known outside: issuer and audience are one. */
  readonly audience: string;
  /** OAUTH_TOKEN_SECONDS. */
  readonly ttlSeconds: number;
}

export interface VerifiedAccess {
  readonly credential: Credential;
  readonly expiresAt: Date;
}

const Claims = z.object({
  tid: z.uuid(),
  sub: z.uuid(),
  exp: z.number(),
  scope: z.string().refine((scope) => scope.split(" ").includes(SCOPE)),
});

export class AccessTokens {
  readonly #key: Uint8Array;
  readonly #settings: AccessTokenSettings;

  constructor(settings: AccessTokenSettings) {
    this.#settings = settings;
    this.#key = new Uint8Array(
      hkdfSync("sha256", settings.secret, "", "rollcall oauth access token", KEY_BYTES),
    );
  }

  get ttlSeconds(): number {
    return this.#settings.ttlSeconds;
  }

  issue({ tenantId, id }: Credential): Promise<string> {
    const { audience, ttlSeconds } = this.#settings;
    return new SignJWT({ tid: tenantId, scope: SCOPE })
      .setProtectedHeader({ alg: ALGORITHM, typ: TYPE })
      .setSubject(id)
      .setIssuer(audience)
      .setAudience(audience)
      .setIssuedAt()
      .setJti(newId())
      .setExpirationTime(`${ttlSeconds}s`)
      .sign(this.#key);
  }

  /** @returns undefined for what is not ours, not for us, or over */
  async verify(token: string): Promise<VerifiedAccess | undefined> {
    const { audience } = this.#settings;
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: [ALGORITHM],
        typ: TYPE,
        issuer: audience,
        audience,
        requiredClaims: ["exp", "sub"],
      });
      const claims = Claims.safeParse(payload);
      if (!claims.success) return undefined;
      const { tid: tenantId, sub: id, exp } = claims.data;
      return { credential: { tenantId, id }, expiresAt: new Date(exp * 1_000) };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}

/** Bearer tokens of ours begin otherwise, and have no dots. */
export function looksLikeJwt(token: string): boolean {
  return token.startsWith("ey") && token.includes(".");
}
