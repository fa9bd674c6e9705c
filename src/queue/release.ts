/** Writes that apply what the deactivation guard held, once an admin has released it. */
import { randomUUID } from "node:crypto";
import { newId } from "../platform/ids.ts";
import type { WriteCommand } from "./contracts.ts";

/** A deactivation or deletion that was held. */
export interface Releasable {
  readonly tenantId: string;
  readonly connectionId: string;
  /** In which it was held, and in which it counts. */
  readonly cycleId: string;
  readonly userId: string;
  readonly kind: "deactivate" | "delete";
}

/** Canonical, as a PATCH of `active` is read. */
const DEACTIVATION = { operations: [{ kind: "replace", attribute: "active", value: false }] };

/** @returns what makes the writes of one tenant */
export function releaseCommands(tenantSlug: string): (held: Releasable) => WriteCommand {
  // Replies go to whoever has this id, and nobody has it.
  const apiId = newId();
  return ({ tenantId, connectionId, cycleId, userId, kind }) => ({
    version: 1,
    writeId: newId(),
    tenantId,
    tenantSlug,
    connectionId,
    cycleId,
    apiId,
    requestKey: randomUUID(),
    correlationId: newId(),
    operation: kind === "delete" ? "delete" : "patch",
    resourceType: "User",
    resourceId: userId,
    payload: kind === "delete" ? null : DEACTIVATION,
    ifMatch: null,
    requestedAt: Date.now(),
    isAccepted: true,
    isReleased: true,
  });
}
