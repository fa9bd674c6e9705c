/** What a connection's own limits say of a request that brought a right token: from where, and how often. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { type AddressRanges, addressRanges } from "../platform/address-ranges.ts";
import { clientOf } from "../platform/client-of.ts";
import { TokenBuckets } from "../platform/token-bucket.ts";
import { say, ScimError } from "../scim/index.ts";
import type { Principal } from "../store/tenants.ts";

/** The request may be sent again after that time, and not before. */
export class TooManyRequestsError extends Error {
  override readonly name = "TooManyRequestsError";
  readonly retryAfterSeconds: number;

  constructor(detail: string, retryAfterSeconds: number) {
    super(detail);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

export class ConnectionLimits {
  readonly #buckets = new TokenBuckets();
  // A principal is remembered for about a second, and its ranges with it.
  readonly #ranges = new WeakMap<Principal, AddressRanges>();
  readonly #shares: number;

  /** @param shares - RATE_LIMIT_SHARES: api processes among which a connection's rate is divided */
  constructor(shares: number) {
    this.#shares = shares;
  }

  /**
   * @throws {ScimError} 403 where the address is none that the connection allows
   * @throws {TooManyRequestsError} 429 where it has sent more than its rate
   */
  check(request: IncomingMessage, response: ServerResponse, principal: Principal): void {
    this.checkAddress(request, principal);
    if (principal.requestsPerSecond !== null)
      this.#checkRate(response, principal.connectionId, principal.requestsPerSecond);
  }

  /** @throws {ScimError} 403 where the address is none that the connection allows */
  checkAddress(request: IncomingMessage, principal: Principal): void {
    const { allowedAddresses: allowed } = principal;
    if (allowed === null) return;
    const known = this.#ranges.get(principal);
    const ranges = known ?? addressRanges(allowed);
    if (!known) this.#ranges.set(principal, ranges);
    if (ranges.has(clientOf(request).address ?? "")) return;
    throw new ScimError(
      403,
      "address-not-allowed",
      say`this connection takes requests from certain addresses only, and this one came from another; an admin of Rollcall sees which in the console, on the connection's page`,
    );
  }

  /** One second's worth at once, then as it comes. draft-ietf-httpapi-ratelimit-headers-10. */
  #checkRate(response: ServerResponse, connectionId: string, requestsPerSecond: number): void {
    const perSecond = requestsPerSecond / this.#shares;
    const capacity = Math.max(1, Math.floor(perSecond));
    const { isAllowed, remaining, retryAfterSeconds } = this.#buckets.draw(connectionId, {
      capacity,
      perSecond,
    });
    response.setHeader("RateLimit-Policy", `"connection";q=${capacity};w=1`);
    response.setHeader("RateLimit", `"connection";r=${remaining};t=${Math.max(1, retryAfterSeconds)}`);
    if (isAllowed) return;
    throw new TooManyRequestsError(
      `this connection sends more than the ${requestsPerSecond} requests a second that it is allowed; send the request again after Retry-After seconds`,
      retryAfterSeconds,
    );
  }
}
