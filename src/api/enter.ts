/** What every request begins with: its context, its headers, its place in the counts; below /scim/v2 also who asks. */
import { newId } from "../platform/ids.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Tracer } from "../platform/tracer.ts";
import { CORE_READING } from "../scim/index.ts";
import type { Activity } from "./activity.ts";
import { authenticate, type AuthenticateDeps } from "./authenticate.ts";
import { contextOf, type Exchange, principalOf, setContext } from "./context.ts";
import { resultOf } from "./respond.ts";
import type { SubmitDeps } from "./submit-write.ts";

export interface EnterDeps extends AuthenticateDeps {
  readonly activity: Activity;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly submit: SubmitDeps;
}

export function begin(exchange: Exchange, deps: EnterDeps): void {
  const { request, response } = exchange;
  const correlationId = newId();
  const { traceparent } = request.headers;
  const span = deps.tracer.begin(typeof traceparent === "string" ? traceparent : undefined);
  setContext(response, {
    ...(span && { span }),
    correlationId,
    startedAt: performance.now(),
    target: request.url ?? "/",
    reading: CORE_READING,
    resource: "none",
    operation: "none",
  });
  response.setHeader("X-Correlation-Id", correlationId);
  response.setHeader("X-Content-Type-Options", "nosniff");
  response.setHeader("Cache-Control", "no-store");
  deps.submit.receipts.requested(request.socket);
  response.once("close", () => observe(exchange, deps));
}

/** @throws {ScimError} 401 when the request brings no token that opens anything */
export async function enter({ request, response }: Exchange, deps: EnterDeps): Promise<void> {
  await authenticate(request, response, deps);
  contextOf(response).cycleId = await deps.activity.begin(principalOf(response));
}

/** Counts and times a request once its response has left, in the metrics and in its cycle. */
function observe({ request, response }: Exchange, { metrics, activity }: EnterDeps): void {
  const { startedAt, resource, operation, principal, cycleId, isProbe, isHeld } = contextOf(response);
  // A client that hung up had no answer, whatever we would have said.
  const status = response.writableFinished ? response.statusCode : 499;
  // Held by the deactivation guard: no fault of anybody's, and none of the error budget's.
  const held = isHeld === true && status === 503 ? "held" : undefined;
  metrics.http.observe(
    {
      route: `${resource}.${operation}`,
      method: request.method ?? "none",
      status: held ?? `${Math.floor(status / 100)}xx`,
    },
    (performance.now() - startedAt) / 1000,
  );
  endSpan({ request, response }, status);
  if (!principal) return;
  const { tenantId } = principal;
  if (cycleId !== undefined)
    activity.end({ tenantId, cycleId, resource, operation: isProbe === true ? "probe" : operation });
  metrics.scimRequests.inc({
    tenant: metrics.tenant(principal.tenantSlug),
    resource,
    operation,
    result: held ?? resultOf(status),
  });
}

function endSpan({ request: { method = "none" }, response }: Exchange, status: number): void {
  const { span, resource, operation, correlationId, principal } = contextOf(response);
  span?.end(
    `${method} ${resource}.${operation}`,
    {
      "http.request.method": method,
      "http.response.status_code": status,
      "rollcall.correlation_id": correlationId,
      ...(principal && { "rollcall.tenant": principal.tenantSlug }),
    },
    status >= 500,
  );
}
