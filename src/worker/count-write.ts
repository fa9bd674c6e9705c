/** Counts in the worker's metrics, from 0 on: a write that has ended, and what else happens to a tenant. */
import type { Metrics } from "../platform/metrics.ts";
import { Operation, ResourceTypeName, type WriteCommand } from "../queue/contracts.ts";
import { isHeldOutcome } from "../queue/outcome-of-row.ts";
import { CYCLE_KINDS } from "../store/cycle-kind.ts";
import type { BatchResult } from "./commit-batch.ts";

const DEACTIVATION_CAUSES = ["active_false", "delete"] as const;

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

/**
 * Shows what has not happened yet as 0. Prometheus sees no increase where a series begins at 1, so the first fault, the
 * first users who lose access after a start, and a tenant's one initial cycle would be missing from alerts and dashboards.
 */
export function countFromZero(metrics: Metrics, tenantSlug: string): void {
  const tenant = metrics.tenant(tenantSlug);
  for (const kind of CYCLE_KINDS) metrics.cycles.inc({ tenant, kind }, 0);
  for (const cause of DEACTIVATION_CAUSES) metrics.deactivations.inc({ tenant, cause }, 0);
  metrics.reactivations.inc({ tenant }, 0);
  for (const resource of ResourceTypeName.options)
    for (const operation of Operation.options)
      metrics.writes.inc({ tenant, resource, operation, result: "fault" }, 0);
}

function resultLabel({ outcome, isReplay }: BatchResult): string {
  if (isReplay) return "replayed";
  if (isHeldOutcome(outcome)) return "held";
  if (outcome.kind === "applied") return outcome.changed ? "applied" : "unchanged";
  return outcome.kind;
}
