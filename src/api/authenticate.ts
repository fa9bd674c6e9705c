/** Bearer token → tenant and connection. RFC 6750; RFC 7644 section 2. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { say, ScimError } from "../scim/index.ts";
import type { Metrics } from "../platform/metrics.ts";
import { CLIENT_SECRET_PREFIX, PRODUCT_KEY_PREFIX } from "../platform/secrets.ts";
import type { DatabasePool } from "../store/database.ts";
import type { TenantModels } from "../store/tenant-models.ts";
import type { AuthFailures } from "./auth-failures.ts";
import { type AuthFailure, bearerOf, challengeFor } from "./bearer.ts";
import { type ConnectionLimits, TooManyRequestsError } from "./connection-limits.ts";
import { contextOf, type Exchange } from "./context.ts";
import type { FindPrincipal } from "./principals.ts";

export interface AuthenticateDeps {
  readonly db: DatabasePool;
  readonly findPrincipal: FindPrincipal;
  readonly metrics: Metrics;
  readonly authFailures: AuthFailures;
  readonly connectionLimits: ConnectionLimits;
  /** Of all tenants. */
  readonly models: TenantModels;
}

/**
 * Gives the request's context its principal, and what that decides about reading.
 * @throws {ScimError} 401 with a challenge; 403 where the connection does not allow the address
 * @throws {TooManyRequestsError} 429
 */
export async function authenticate(
  request: IncomingMessage,
  response: ServerResponse,
  deps: AuthenticateDeps,
): Promise<void> {
  const bearer = bearerOf(request.headers.authorization);
  if ("failure" in bearer) throw refuse({ request, response }, deps, bearer.failure);
  const { token } = bearer;
  const principal = await deps.findPrincipal(token);
  if (!principal) throw refuse({ request, response }, deps, "unknown", token);
  const { tenantId, schemaVersion, dialect } = principal;
  const context = contextOf(response);
  context.principal = principal;
  context.db = deps.db.of([tenantId]);
  deps.connectionLimits.check(request, response, principal);
  context.reading = { models: await deps.models.find(context.db, tenantId, schemaVersion), dialect };
}

const DETAILS = {
  missing: say`no Authorization header came with the request; paste the token that Rollcall's console showed into Secret Token under Admin Credentials in Azure`,
  malformed: say`the Authorization header is not of the form "Bearer <token>"; paste the token that Rollcall's console showed, alone and whole, into Secret Token under Admin Credentials in Azure`,
  unknown: say`the bearer token is wrong, expired or revoked; issue a new one in Rollcall's console and paste it into Secret Token under Admin Credentials in Azure`,
} as const;

const TOO_MANY =
  "too many requests without a valid token came from this address; a valid one is taken at any time, send others after Retry-After seconds";

const PRODUCT_KEY = say`a product key opens /v1 only; provisioning needs the bearer token that Rollcall's console showed for the connection`;

const CLIENT_SECRET = say`a client secret opens the token endpoint only; choose OAuth2 client credentials grant in Azure, and fill in Token Endpoint, Client Identifier and Client Secret`;

function detailOf(reason: AuthFailure, token: string): (typeof DETAILS)[AuthFailure] {
  if (token.startsWith(PRODUCT_KEY_PREFIX)) return PRODUCT_KEY;
  return token.startsWith(CLIENT_SECRET_PREFIX) ? CLIENT_SECRET : DETAILS[reason];
}

function refuse(
  { request, response }: Exchange,
  { metrics, authFailures }: AuthenticateDeps,
  reason: AuthFailure,
  token = "",
): ScimError | TooManyRequestsError {
  metrics.authFailures.inc({ reason });
  const { isAllowed, retryAfterSeconds } = authFailures.note(request);
  if (!isAllowed) return new TooManyRequestsError(TOO_MANY, retryAfterSeconds);
  response.setHeader("WWW-Authenticate", challengeFor(reason));
  return new ScimError(401, "unauthenticated", detailOf(reason, token));
}
