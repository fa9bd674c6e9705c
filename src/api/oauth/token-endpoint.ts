/** POST /oauth2/token: access tokens by client credentials. RFC 6749 sections 4.4 and 5. */
import type { IncomingMessage } from "node:http";
import express, { type NextFunction, type Request, type Response, Router } from "express";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { clientOf } from "../../platform/client-of.ts";
import { ScimError } from "../../scim/index.ts";
import { transientReason } from "../../store/database.ts";
import { type Credential, findCredentialPrincipal } from "../../store/principal.ts";
import type { AuthFailures } from "../auth-failures.ts";
import type { ConnectionLimits } from "../connection-limits.ts";
import { contextOf } from "../context.ts";
import type { KnockLog, Turned } from "../knock-log.ts";
import { type AccessTokens, SCOPE } from "./access-tokens.ts";
import { authenticateClient, claimedClient, type ClientDeps, OAuthError } from "./client-authentication.ts";

export interface TokenEndpointDeps extends ClientDeps {
  readonly accessTokens: AccessTokens;
  readonly authFailures: AuthFailures;
  readonly connectionLimits: ConnectionLimits;
  readonly knockLog: KnockLog;
  readonly metrics: Metrics;
  /** Address of the SCIM endpoint as this client reaches it. */
  readonly baseUrl: (request: IncomingMessage) => string;
  readonly logger: Logger;
}

export const TOKEN_PATH = "/oauth2/token";

const FORM_LIMIT = "64kb";
const RETRY_AFTER_SECONDS = 5;
// What Entra sends for "all that the client has".
const ALL_OF_IT = /^\S+\/\.default$/;

export function tokenEndpoint(deps: TokenEndpointDeps): Router {
  const router = Router();
  // Read as text: which parameters came twice is to be seen.
  router.post("/", express.text({ type: "application/x-www-form-urlencoded", limit: FORM_LIMIT }));
  router.post("/", async (request: Request, response: Response) => {
    const form = formOf(request);
    const scope = form.get("scope");
    if (form.get("grant_type") !== "client_credentials")
      throw new OAuthError(400, "unsupported_grant_type", "grant_type must be client_credentials");
    if (
      scope !== null &&
      scope !== "" &&
      !scope.split(" ").every((each) => each === SCOPE || ALL_OF_IT.test(each))
    )
      throw new OAuthError(400, "invalid_scope", `the only scope is ${SCOPE}; it may be left out`);
    const audience = deps.baseUrl(request).replace(/\/scim\/v2$/, TOKEN_PATH);
    const credential = await authenticateClient(request.headers.authorization, { form, audience }, deps);
    await checkAddress(request, credential, deps);
    response.json({
      access_token: await deps.accessTokens.issue(credential),
      token_type: "Bearer",
      expires_in: deps.accessTokens.ttlSeconds,
      scope: SCOPE,
    });
  });
  router.all("/", (_request: Request, response: Response) => {
    response.set("Allow", "POST");
    throw new OAuthError(405, "invalid_request", "the token endpoint takes POST");
  });
  router.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else refuse(error, { request, response }, deps);
  });
  return router;
}

/** From where a connection's requests may come, its tokens may be asked for. @throws {ScimError} 403 */
async function checkAddress(
  request: Request,
  credential: Credential,
  deps: TokenEndpointDeps,
): Promise<void> {
  const principal = await findCredentialPrincipal(deps.db, credential, new Date());
  if (principal) deps.connectionLimits.checkAddress(request, principal);
}

/** @throws {OAuthError} where it is no form, or says something twice */
function formOf(request: Request): URLSearchParams {
  const body: unknown = request.body;
  if (typeof body !== "string")
    throw new OAuthError(400, "invalid_request", "send the parameters as application/x-www-form-urlencoded");
  const form = new URLSearchParams(body);
  const names = [...form.keys()];
  if (new Set(names).size < names.length)
    throw new OAuthError(400, "invalid_request", "a parameter came more than once");
  return form;
}

function refuse(
  error: unknown,
  { request, response }: { readonly request: Request; readonly response: Response },
  { metrics, authFailures, knockLog, logger }: TokenEndpointDeps,
): void {
  const { correlationId } = contextOf(response);
  const { status, code, message } = oauthErrorOf(error);
  const reason = code === "invalid_client" ? "client" : status === 403 ? "address" : undefined;
  if (reason !== undefined) knockLog.noteClient(reason, claimed(request), knockOf(request));
  if (code === "invalid_client") {
    metrics.authFailures.inc({ reason: "client" });
    const { isAllowed, retryAfterSeconds } = authFailures.note(request);
    if (!isAllowed) {
      response.set("Retry-After", String(retryAfterSeconds));
      send(response, 429, {
        code: "temporarily_unavailable",
        message: "too many refused clients from this address",
      });
      return;
    }
    if (request.headers.authorization !== undefined)
      response.set("WWW-Authenticate", 'Basic realm="Rollcall"');
  }
  if (status === 503) response.set("Retry-After", String(RETRY_AFTER_SECONDS));
  if (status >= 500) logger.error({ err: error, correlationId }, "token request failed");
  send(response, status, { code, message });
}

function claimed(request: Request): string | undefined {
  const body: unknown = request.body;
  return claimedClient(
    request.headers.authorization,
    new URLSearchParams(typeof body === "string" ? body : ""),
  );
}

function knockOf(request: Request): Turned {
  const { headers, method, originalUrl: target } = request;
  return { headers, method, target, address: clientOf(request).address };
}

function oauthErrorOf(error: unknown): OAuthError {
  if (error instanceof OAuthError) return error;
  if (error instanceof ScimError) return new OAuthError(error.status, "unauthorized_client", error.message);
  if (transientReason(error) !== undefined)
    return new OAuthError(503, "temporarily_unavailable", "Rollcall cannot reach its database; ask again");
  // What the body parser refuses carries its status.
  const status = error instanceof Error ? (error as Error & { status?: unknown }).status : undefined;
  if (typeof status === "number" && status >= 400 && status < 500)
    return new OAuthError(status, "invalid_request", "the request cannot be read");
  return new OAuthError(
    500,
    "server_error",
    "a fault of Rollcall; its log says more under the correlation id",
  );
}

/** RFC 6749 allows few characters in a description. */
function send(
  response: Response,
  status: number,
  { code, message }: { code: string; message: string },
): void {
  const { correlationId } = contextOf(response);
  const text = `${message} (correlation id ${correlationId})`.replaceAll(
    /[^\x20\x21\x23-\x5b\x5d-\x7e]/g,
    "'",
  );
  response.status(status).json({ error: code, error_description: text });
}
