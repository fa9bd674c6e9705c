/** Requests that came over plain HTTP from elsewhere: a token in them has been read by whoever stands in between. */
import type { IncomingMessage } from "node:http";
import { clientOf } from "../platform/client-of.ts";
import { say, ScimError } from "../scim/index.ts";
import type { Exchange } from "./context.ts";
import { begin, type EnterDeps } from "./enter.ts";
import { fail, type RefusalDeps } from "./refusals.ts";

const HEALTH = "/health/";

/** Health checks carry no secret, and orchestrators ask for them inside. */
export function isTurnedBack(request: IncomingMessage): boolean {
  return clientOf(request).isRefused && request.url?.startsWith(HEALTH) !== true;
}

export function turnBack(exchange: Exchange, deps: EnterDeps & RefusalDeps): void {
  begin(exchange, deps);
  const detail = say`this server answers over HTTPS only; use its https address as the Tenant URL, and issue a new token, since the one that came may have been read on its way. Its operator sets TLS_CERT_FILE, TRUST_PROXY where a proxy ends TLS, or HTTP_ALLOWED`;
  exchange.response.setHeader("Connection", "close");
  fail(new ScimError(403, "plain-http", detail), exchange.response, deps);
}
