/** What a change of a user does to its access, and what the deactivation guard makes of it. */
import type { WriteCommand } from "../queue/contracts.ts";
import type { Resource } from "../scim/index.ts";
import type { ResourceRow } from "../store/directory-writes.ts";
import type { DeactivationGuard } from "./deactivation-guard.ts";

/** Absent means active: RFC 7643 leaves the default to us, and Azure creates only active users. */
export function isActive(resource: Resource): boolean {
  return resource["active"] !== false;
}

/** A resource as a write makes it, and the names of what differs. */
export interface Changed {
  readonly resource: Resource;
  readonly changed: readonly string[];
}

/** taken: the user loses its access. held: it would, but the guard keeps it. kept: all else. */
export type Access = "taken" | "held" | "kept";

/** @param change - `before` is nobody's user yet where its version is 0: no guard is about those */
export function accessAfter(
  command: WriteCommand,
  change: { readonly before: ResourceRow; readonly after: Resource; readonly guard: DeactivationGuard },
): Access {
  const { before, after, guard } = change;
  if (command.resourceType !== "User" || before.version === 0) return "kept";
  if (!isActive(before.resource) || isActive(after)) return "kept";
  return guard.admits(command) ? "taken" : "held";
}

/** The rest of a change whose deactivation is held. */
export function withoutDeactivation({ resource, changed }: Changed, before: Resource): Changed {
  const rest = Object.entries(resource).filter(([name]) => name !== "active");
  const active = before["active"] === undefined ? {} : { active: before["active"] };
  return {
    resource: { ...Object.fromEntries(rest), ...active },
    changed: changed.filter((name) => name !== "active"),
  };
}

/** @throws {ScimError} 503, where the client is to come again; before anything of the change is made */
export function turnAwayHeld(command: WriteCommand, access: Access, guard: DeactivationGuard): void {
  if (access === "held") guard.turnAway(command, "deactivate");
}

/**
 * Tells the guard of a change that is made.
 * @param around - `reactivates`: whether the change makes a user active whose client takes it for deactivated
 */
export function settleAccess(
  command: WriteCommand,
  access: Access,
  { guard, reactivates }: { readonly guard: DeactivationGuard; readonly reactivates: () => boolean },
): void {
  if (access === "held") guard.hold(command, "deactivate");
  else if (access === "taken") guard.passed(command);
  else if (command.resourceType === "User" && guard.isHeld(command) && reactivates())
    guard.supersede(command);
}
