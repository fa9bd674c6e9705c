/** Bearer token → tenant and connection. RFC 6750; RFC 7644 section 2. */
import type { NextFunction, Request, RequestHandler, Response } from "express";
import { say, ScimError } from "../scim/index.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Database } from "../store/database.ts";
import { findPrincipal } from "../store/tenants.ts";
import { contextOf } from "./context.ts";

export interface AuthenticateDeps {
  readonly db: Database;
  /** ROLLCALL_SECRET, under which tokens are hashed. */
  readonly secret: string;
  readonly metrics: Metrics;
}

const TOKEN_CHARS_MAX = 512;
const BEARER = /^bearer +([\w.~+/-]+=*) *$/i;
const CHALLENGE = 'Bearer realm="Rollcall"';

/** Lets a request pass with its principal in the context, or answers 401 with a challenge. */
export function authenticate(deps: AuthenticateDeps): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    const header = request.get("authorization");
    if (header === undefined || header === "") throw refuse(response, deps, "missing");
    const token = header.length > TOKEN_CHARS_MAX ? undefined : BEARER.exec(header)?.[1];
    if (token === undefined) throw refuse(response, deps, "malformed");
    const principal = await findPrincipal(deps.db, deps.secret, token);
    if (!principal) throw refuse(response, deps, "unknown");
    contextOf(response).principal = principal;
    next();
  };
}

const DETAILS = {
  missing: say`no Authorization header came with the request; paste the token that Rollcall's console showed into Secret Token under Admin Credentials in Azure`,
  malformed: say`the Authorization header is not of the form "Bearer <token>"; paste the token that Rollcall's console showed, alone and whole, into Secret Token under Admin Credentials in Azure`,
  unknown: say`the bearer token is wrong, expired or revoked; issue a new one in Rollcall's console and paste it into Secret Token under Admin Credentials in Azure`,
} as const;

function refuse(response: Response, { metrics }: AuthenticateDeps, reason: keyof typeof DETAILS): ScimError {
  metrics.authFailures.inc({ reason });
  response.set("WWW-Authenticate", reason === "missing" ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`);
  return new ScimError(401, "unauthenticated", DETAILS[reason]);
}
