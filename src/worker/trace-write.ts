/** A write's way through the queue and its commit, as parts of the trace that its request is. */
import type { Tracer } from "../platform/tracer.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import type { Ending, Span } from "./cycle-clock.ts";

export interface EndedWrite extends Span {
  readonly ending: Ending;
  /** Deliveries so far. */
  readonly attempt: number;
  /** Writes of the same transaction. */
  readonly batchSize: number;
}

export function traceWrite(
  tracer: Tracer,
  { traceparent, writeId, correlationId, operation, resourceType, requestedAt }: WriteCommand,
  { startedAt, endedAt, ending, attempt, batchSize }: EndedWrite,
): void {
  if (traceparent === undefined) return;
  const attributes = {
    "rollcall.write_id": writeId,
    "rollcall.correlation_id": correlationId,
    "rollcall.resource": resourceType,
    "rollcall.operation": operation,
  };
  // The api's clock and this one's may differ.
  const queuedAt = Math.min(requestedAt, startedAt);
  tracer.record({ name: "queue", startedAt: queuedAt, endedAt: startedAt, attributes }, traceparent);
  const commit = {
    ...attributes,
    "rollcall.result": ending,
    "rollcall.attempt": attempt,
    "rollcall.batch_size": batchSize,
  };
  tracer.record({ name: "commit", startedAt, endedAt, attributes: commit }, traceparent);
}
