/** What is known of a request while it is answered: who asks, for what, since when. */
import type { Response } from "express";
import type { Reading } from "../scim/index.ts";
import type { ProductPrincipal } from "../store/product-keys.ts";
import type { Principal } from "../store/tenants.ts";

export interface RequestContext {
  /** In every error's detail and in the X-Correlation-Id header, so that an admin and our log can meet. */
  readonly correlationId: string;
  /** Milliseconds, by the process's monotonic clock. */
  readonly startedAt: number;
  /** Who the bearer token speaks for, once that is known. */
  principal?: Principal;
  /** What the request is read by, and answered: what its principal decides, once that is known. */
  reading: Reading;
  /** Whose product asks, where a product key came instead. */
  product?: ProductPrincipal;
  cycleId?: string;
  /** The labels of the request in metrics. */
  resource: "User" | "Group" | "discovery" | "product" | "none";
  operation: string;
  /** It looks for a random name, which nobody has: how Azure tests that it is connected. */
  isProbe?: boolean;
  /** Of the path, where it can be one. */
  resourceId?: string;
  /** A refusal at the door is recorded with the body that was refused. */
  body?: unknown;
}

const KEY = "rollcall";

export function setContext(response: Response, context: RequestContext): void {
  response.locals[KEY] = context;
}

/** The context that the first middleware made. */
export function contextOf(response: Response): RequestContext {
  return response.locals[KEY] as RequestContext;
}

/** @throws {Error} when called before authentication, which is a bug */
export function principalOf(response: Response): Principal {
  const { principal } = contextOf(response);
  if (!principal) throw new Error("a route that needs a principal runs before authentication");
  return principal;
}
