/**
 * What is known of a request while it is answered: who asks, for what, since when. It hangs on the response in Node's
 * own terms, which Express's are a part of, so that whatever is written for a context serves with Express and without.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { RequestSpan } from "../platform/tracer.ts";
import type { Reading } from "../scim/index.ts";
import type { DatabasePool } from "../store/database.ts";
import type { ProductPrincipal } from "../store/product-keys.ts";
import type { Principal } from "../store/tenants.ts";

/** A request and the answer that it is to get. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

export interface RequestContext {
  /** In every error's detail and in the X-Correlation-Id header, so that an admin and our log can meet. */
  readonly correlationId: string;
  /** Milliseconds, by the process's monotonic clock. */
  readonly startedAt: number;
  /** Path and query as they were sent; a router may shorten the request's own. */
  readonly target: string;
  /** Who the bearer token speaks for, once that is known. */
  principal?: Principal;
  /** Postgres as the tenant of whoever asks may see it, once that is known. */
  db?: DatabasePool;
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
  /** The body as it was sent, because a request that is sent again is recognised by its bytes. */
  bytes?: Buffer;
  /** It was turned away by the deactivation guard, which is no fault. */
  isHeld?: boolean;
  /** Where requests are traced. */
  span?: RequestSpan;
  /** A refusal at the door is recorded with the body that was refused. */
  body?: unknown;
}

const KEY = Symbol("context");

interface WithContext {
  [KEY]?: RequestContext;
}

export function setContext(response: ServerResponse, context: RequestContext): void {
  (response as WithContext)[KEY] = context;
}

/**
 * The context that the request began with.
 * @throws {Error} when called before that, which is a bug
 */
export function contextOf(response: ServerResponse): RequestContext {
  const context = (response as WithContext)[KEY];
  if (!context) throw new Error("a context is asked for before the request began");
  return context;
}

/** @throws {Error} when called before authentication, which is a bug */
export function principalOf(response: ServerResponse): Principal {
  const { principal } = contextOf(response);
  if (!principal) throw new Error("a route that needs a principal runs before authentication");
  return principal;
}

/**
 * Postgres for what the request asks: with row-level security it sees the rows of the request's tenant and no others.
 * @throws {Error} when called before authentication, which is a bug
 */
export function tenantDbOf(response: ServerResponse): DatabasePool {
  const { db } = contextOf(response);
  if (!db) throw new Error("a route that needs a tenant's rows runs before authentication");
  return db;
}
