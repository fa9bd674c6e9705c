/** The last stop of a request: every error becomes a SCIM error, is counted, and, where it refused a write, recorded. */
import type { ServerResponse } from "node:http";
import { clientOf } from "../platform/client-of.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import { ScimError } from "../scim/index.ts";
import type { Activity } from "./activity.ts";
import type { RefusedOperation } from "./bulk.ts";
import { contextOf, principalOf } from "./context.ts";
import type { DoorLog } from "./door-log.ts";
import type { KnockLog } from "./knock-log.ts";
import { RefusedWrite, sendError } from "./respond.ts";
import { clientRequestIdOf, type SubmitDeps } from "./submit-write.ts";

export interface RefusalDeps {
  readonly activity: Activity;
  readonly doorLog: DoorLog;
  readonly knockLog: KnockLog;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly submit: SubmitDeps;
}

const WRITES = new Set(["create", "replace", "patch", "delete"]);

export function fail(error: unknown, response: ServerResponse, deps: RefusalDeps): void {
  if (response.headersSent) {
    // Half an answer must not pass for a whole one.
    deps.logger.error({ err: error, correlationId: contextOf(response).correlationId }, "answer cut off");
    response.destroy();
    return;
  }
  const { headers, method = "GET" } = response.req;
  const { address } = clientOf(response.req);
  deps.knockLog.note(error, { headers, method, address, target: contextOf(response).target });
  const { result } = sendError(response, error, deps.logger);
  if (result === "refused") record(error, response, deps);
}

function record(error: unknown, response: ServerResponse, deps: RefusalDeps): void {
  const { principal, operation, resource, resourceId, body } = contextOf(response);
  if (!principal || !(error instanceof ScimError || error instanceof RefusedWrite)) return;
  const { scimType, status } = error instanceof RefusedWrite ? error.outcome : error;
  deps.metrics.refusals.inc({
    tenant: deps.metrics.tenant(principal.tenantSlug),
    reason: scimType ?? String(status),
  });
  // What a worker refused it has recorded by itself.
  if (!WRITES.has(operation) || error instanceof RefusedWrite) return;
  recordRefusal(
    { error, operation, resourceType: resource, resourceId: resourceId ?? null, body },
    response,
    deps,
  );
}

type RecordedRefusal = Omit<RefusedOperation, "operation" | "resourceType"> & {
  readonly operation: string;
  readonly resourceType: string;
};

/** In the ledger, like those that a worker refuses. */
export function recordRefusal(
  refused: RecordedRefusal,
  response: ServerResponse,
  { activity, doorLog, submit }: RefusalDeps,
): void {
  const { cycleId, correlationId } = contextOf(response);
  const principal = principalOf(response);
  const { tenantId } = principal;
  const { resourceType: resource, operation } = refused;
  if (cycleId !== undefined) activity.countRefused({ tenantId, cycleId, resource, operation });
  doorLog.record({
    ...{ ...refused, principal, cycleId: cycleId ?? null, apiId: submit.apiId, correlationId },
    clientRequestId: clientRequestIdOf(response.req),
  });
}
