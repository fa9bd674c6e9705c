/** Product key → tenant. RFC 6750. */
import type { IncomingMessage } from "node:http";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { Metrics } from "../../platform/metrics.ts";
import { TOKEN_PREFIX } from "../../platform/secrets.ts";
import type { DatabasePool } from "../../store/database.ts";
import { findProductPrincipal, type ProductPrincipal } from "../../store/product-keys.ts";
import type { AuthFailures } from "../auth-failures.ts";
import { type AuthFailure, bearerOf, challengeFor } from "../bearer.ts";
import { contextOf } from "../context.ts";
import type { KeyUse } from "./key-use.ts";
import { ProblemError } from "./problem.ts";

export interface ProductAuthDeps {
  readonly db: DatabasePool;
  /** ROLLCALL_SECRET, under which keys are hashed. */
  readonly secret: string;
  readonly metrics: Metrics;
  readonly keyUse: KeyUse;
  readonly authFailures: AuthFailures;
}

/** Lets a request pass with the product's tenant in the context, or answers 401 with a challenge. */
export function authenticateProduct(deps: ProductAuthDeps): RequestHandler {
  return async (request: Request, response: Response, next: NextFunction) => {
    const bearer = bearerOf(request.get("authorization"));
    if ("failure" in bearer) throw unauthenticated(request, deps, bearer.failure);
    const principal = await findProductPrincipal(deps.db, deps.secret, bearer.token);
    if (!principal) throw unauthenticated(request, deps, "unknown", bearer.token);
    deps.keyUse.note(principal);
    const context = contextOf(response);
    context.product = principal;
    context.db = deps.db.of([principal.tenantId]);
    next();
  };
}

/** @throws {Error} when called before authentication, which is a bug */
export function productOf(response: Response): ProductPrincipal {
  const { product } = contextOf(response);
  if (!product) throw new Error("a route that needs a product runs before authentication");
  return product;
}

const CREATE = '"bin/rollcall product-key create <tenant>" makes one';

const DETAILS = {
  missing: `no Authorization header came with the request; send "Bearer <product key>"; ${CREATE}`,
  malformed: `the Authorization header is not of the form "Bearer <product key>"; ${CREATE}`,
  unknown: `the product key is wrong, expired or revoked; ${CREATE}`,
} as const;

/** @returns 401; 429 where too many have failed from there, for what failed alone */
export function unauthenticated(
  request: IncomingMessage,
  { metrics, authFailures }: Pick<ProductAuthDeps, "metrics" | "authFailures">,
  reason: AuthFailure,
  token = "",
): ProblemError {
  metrics.authFailures.inc({ reason });
  const { isAllowed, retryAfterSeconds } = authFailures.note(request);
  if (!isAllowed)
    return new ProblemError(
      429,
      "too-many-failures",
      "too many requests without a valid key came from this address; send others after Retry-After seconds",
      { "Retry-After": String(retryAfterSeconds) },
    );
  const detail = token.startsWith(TOKEN_PREFIX)
    ? `a provisioning token opens /scim only; /v1 needs a product key: ${CREATE}`
    : DETAILS[reason];
  return new ProblemError(401, "unauthenticated", detail, { "WWW-Authenticate": challengeFor(reason) });
}
