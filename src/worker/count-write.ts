/** Counts a write that has ended in the worker's metrics. */
import type { Metrics } from "../platform/metrics.ts";
import type { WriteCommand } from "../queue/contracts.ts";
import { isHeldOutcome } from "../queue/outcome-of-row.ts";
import type { BatchResult } from "./commit-batch.ts";

export function countWrite(metrics: Metrics, command: WriteCommand, result: BatchResult): void {
  const tenant = metrics.tenant(command.tenantSlug);
  const { resourceType: resource, operation } = command;
  metrics.writes.inc({ tenant, resource, operation, result: resultLabel(result) });
  metrics.writeDuration.observe({ operation }, Math.max(0, Date.now() - command.requestedAt) / 1000);
  const counts = result.applied?.counts;
  if (!counts) return;
  if (counts.usersDeactivated > 0) metrics.deactivations.inc({ tenant, cause: "active_false" });
  if (counts.usersDeleted > 0) metrics.deactivations.inc({ tenant, cause: "delete" });
  if (counts.usersReactivated > 0) metrics.reactivations.inc({ tenant });
}

function resultLabel({ outcome, isReplay }: BatchResult): string {
  if (isReplay) return "replayed";
  if (isHeldOutcome(outcome)) return "held";
  if (outcome.kind === "applied") return outcome.changed ? "applied" : "unchanged";
  return outcome.kind;
}
