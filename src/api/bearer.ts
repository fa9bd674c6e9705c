/** The bearer token of a request. RFC 6750 section 2.1. */

// An access token is a JWT, with two addresses in it.
const HEADER_CHARS_MAX = 2_048;
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;

const CHALLENGE = 'Bearer realm="Rollcall"';

/** Why a request has no valid token: a label of metrics. */
export type AuthFailure = "missing" | "malformed" | "unknown";

/** @returns the token's text, or what is wrong with the header */
export function bearerOf(
  header: string | undefined,
): { readonly token: string } | { readonly failure: AuthFailure } {
  if (header === undefined || header === "") return { failure: "missing" };
  const token = header.length > HEADER_CHARS_MAX ? undefined : BEARER.exec(header)?.[1];
  return token === undefined ? { failure: "malformed" } : { token };
}

/** The WWW-Authenticate header; RFC 6750 section 3.1 wants no error where no token came. */
export function challengeFor(failure: AuthFailure): string {
  return failure === "missing" ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`;
}
