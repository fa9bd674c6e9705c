/**
 * One command on one resource, in memory: what the resource is afterwards, what the client is told, what counts.
 * Pure but for the membership it is handed; throws ScimError for what is refused, and then nothing has changed.
 */
import {
  applyPatch,
  applyReplace,
  matchesEtag,
  type Model,
  type Resource,
  say,
  ScimError,
  term,
  weakEtag,
} from "../scim/index.ts";
import type { Outcome, WriteCommand } from "../queue/contracts.ts";
import type { Adopted } from "../store/adoption.ts";
import { type CycleCounts, NO_COUNTS } from "../store/cycles.ts";
import type { ResourceRow } from "../store/directory-writes.ts";
import type { AttributeChanges } from "../store/history.ts";
import type { HeldKind } from "../store/deactivation-guards.ts";
import {
  type Access,
  accessAfter,
  type Changed,
  isActive,
  settleAccess,
  turnAwayHeld,
  withoutDeactivation,
} from "./access.ts";
import { adoptionBy, isOffered, offeredRow, withProductId } from "./adopt.ts";
import { attributeChanges } from "./attribute-changes.ts";
import type { DeactivationGuard } from "./deactivation-guard.ts";
import type { MembershipDelta, Memberships } from "./memberships.ts";
import { bodyOf, membershipChanges, patchOf } from "./payload.ts";
import type { UserNames } from "./user-names.ts";
import { WriteRaceError } from "./write-race.ts";

/** A resource as the batch works on it: undefined while it does not exist. */
export interface Draft {
  row: ResourceRow | undefined;
}

export interface Applied {
  readonly outcome: Extract<Outcome, { kind: "applied" }>;
  readonly changed: readonly string[];
  readonly counts: CycleCounts;
  /** Of the resource, as the write left or found it. */
  readonly externalId: string | null;
  /** Of a group: who came and who went. */
  readonly members?: MembershipDelta;
  /** Whom of the people from before the write made a user, or withdrew. */
  readonly adoption?: Adopted;
  /** From → to, for the ledger; absent where nothing was before. */
  readonly changes?: AttributeChanges;
  /** What of it is held, although its client is told that it was applied. */
  readonly held?: HeldKind;
}

export interface Surroundings {
  /** Of the command's tenant and type, as they were when its payload was read. */
  readonly model: Model;
  readonly names: UserNames;
  readonly memberships: Memberships;
  readonly guard: DeactivationGuard;
  /** The batch's time: ISO, milliseconds, UTC. */
  readonly now: string;
}

/** A resource that is there, and the draft that holds it. */
interface Existing {
  readonly draft: Draft;
  readonly row: ResourceRow;
}

/**
 * Applies the command to the draft.
 * @throws {ScimError} 404 unknown, 412 stale version, 400 by the rules of PATCH, 503 held; the draft is then as it was
 * @throws {WriteRaceError} when the command has been applied before
 */
export function applyWrite(command: WriteCommand, draft: Draft, around: Surroundings): Applied {
  if (command.operation === "create") return create(command, draft, around);
  if (command.isReleased === true && !around.guard.awaits(command)) return nothingLeft(command);
  const row = draft.row ?? offeredRow(command);
  if (!row) throw unknownResource(command);
  checkVersion(command, row);
  switch (command.operation) {
    case "delete":
      return remove(command, { draft, row }, around);
    case "replace":
      return change(command, { draft, row }, around);
    case "patch":
      return change(command, { draft, row }, around);
  }
}

const USER_CREATED: CycleCounts = { ...NO_COUNTS, usersCreated: 1 };

function create(command: WriteCommand, draft: Draft, { names, memberships, now }: Surroundings): Applied {
  // Its id was made for this command: it has been applied before.
  if (draft.row) throw new WriteRaceError(`create of ${command.resourceId} finds it there`);
  const resource = withProductId(bodyOf(command).resource, command);
  const group = { tenantId: command.tenantId, id: command.resourceId };
  const delta = memberships.preview({ ...group, changes: membershipChanges(command) });
  if (command.resourceType === "User") names.claim(group, { after: resource });
  memberships.accept(group, delta);
  draft.row = { ...group, version: 1, created: now, lastModified: now, resource };
  return {
    outcome: appliedOutcome(draft.row, true),
    changed: Object.keys(resource),
    externalId: externalIdOf(resource),
    members: delta,
    counts:
      command.resourceType === "User"
        ? USER_CREATED
        : { ...NO_COUNTS, groupsCreated: 1, membersAdded: delta.added.size },
    ...adoptionBy(command, resource),
  };
}

function remove(command: WriteCommand, { draft, row }: Existing, { names, guard }: Surroundings): Applied {
  const isUser = command.resourceType === "User";
  const { resourceId } = command;
  const externalId = externalIdOf(row.resource);
  if (isUser && !isOffered(row) && !guard.admits(command)) {
    guard.turnAway(command, "delete");
    guard.hold(command, "delete");
    const outcome = { kind: "applied", resourceId, changed: false, written: null, isHeld: true } as const;
    return { outcome, changed: [], externalId, counts: NO_COUNTS, held: "delete" };
  }
  draft.row = undefined;
  if (isUser) {
    names.free(row, row.resource);
    guard.passed(command);
  }
  return {
    outcome: { kind: "applied", resourceId, changed: true, written: null },
    changed: [],
    externalId,
    changes: attributeChanges(row.resource, undefined),
    counts: isOffered(row) ? NO_COUNTS : { ...NO_COUNTS, [isUser ? "usersDeleted" : "groupsDeleted"]: 1 },
    ...(isOffered(row) && adoptionBy(command, undefined)),
  };
}

function change(
  command: WriteCommand,
  { draft, row }: Existing,
  { model, names, memberships, guard, now }: Surroundings,
): Applied {
  const wanted = newResource(command, model, row);
  const access = accessAfter(command, { before: row, after: wanted.resource, guard });
  const { resource, changed } = access === "held" ? withoutDeactivation(wanted, row.resource) : wanted;
  const group = { tenantId: row.tenantId, id: row.id };
  const delta = memberships.preview({ ...group, changes: membershipChanges(command) });
  const membersChanged = delta.added.size > 0 || delta.removed.size > 0;
  // Whatever is written of somebody who was offered adopts: it may be no more than what is known.
  const isChanged = changed.length > 0 || membersChanged || isOffered(row);
  turnAwayHeld(command, access, guard);
  if (isChanged && command.resourceType === "User")
    names.claim(row, { before: row.resource, after: resource });
  settleAccess(command, access, { guard, reactivates: () => reactivates(command, model, row) });
  const externalId = externalIdOf(resource);
  const held = heldBy(access);
  if (!isChanged) {
    const counts = { ...NO_COUNTS, unchanged: held.held === undefined ? 1 : 0 };
    return { ...held, outcome: appliedOutcome(row, false, held), changed: [], externalId, counts };
  }
  memberships.accept(group, delta);
  draft.row = { ...row, resource, version: row.version + 1, lastModified: now };
  return {
    ...held,
    outcome: appliedOutcome(draft.row, true, held),
    changed: membersChanged ? [...changed, "members"] : changed,
    externalId,
    members: delta,
    changes: attributeChanges(row.resource, resource, changed),
    counts: {
      ...NO_COUNTS,
      ...(command.resourceType === "User" ? userCounts(row, resource) : groupCounts(delta)),
    },
    ...(isOffered(row) && adoptionBy(command, resource)),
  };
}

function heldBy(access: Access): Pick<Applied, "held"> {
  return access === "held" ? { held: "deactivate" } : {};
}

/** Whether the write makes a user active whose client takes it for deactivated. */
function reactivates(command: WriteCommand, model: Model, row: ResourceRow): boolean {
  const believed = { ...row, resource: { ...row.resource, active: false } };
  return isActive(newResource(command, model, believed).resource);
}

function newResource(command: WriteCommand, model: Model, row: ResourceRow): Changed {
  const before = row.resource;
  if (command.operation === "patch") return applyPatch(model, before, patchOf(command));
  const { unasserted, ...body } = bodyOf(command);
  return applyReplace(model, before, isOffered(row) ? body : { ...body, ...(unasserted && { unasserted }) });
}

/** Only a change of `active` is an event: Azure sends it again with unrelated updates. */
function userCounts(before: ResourceRow, after: Resource): Partial<CycleCounts> {
  if (isOffered(before)) return { usersCreated: 1 };
  const wasActive = isActive(before.resource);
  if (wasActive && !isActive(after)) return { usersDeactivated: 1 };
  if (!wasActive && isActive(after)) return { usersReactivated: 1 };
  return { usersUpdated: 1 };
}

function groupCounts({ added, removed }: MembershipDelta): Partial<CycleCounts> {
  return { groupsUpdated: 1, membersAdded: added.size, membersRemoved: removed.size };
}

export function externalIdOf({ externalId }: Resource): string | null {
  return typeof externalId === "string" ? externalId : null;
}

function appliedOutcome(
  row: ResourceRow,
  changed: boolean,
  { held }: Pick<Applied, "held"> = {},
): Applied["outcome"] {
  const { version, created, lastModified, resource } = row;
  return {
    kind: "applied",
    resourceId: row.id,
    changed,
    written: { version, created, lastModified, resource },
    ...(held !== undefined && { isHeld: true }),
  };
}

/** Of a released deactivation whose user was made active again, or is gone. */
function nothingLeft({ resourceId }: WriteCommand): Applied {
  const outcome = { kind: "applied", resourceId, changed: false, written: null } as const;
  return { outcome, changed: [], externalId: null, counts: { ...NO_COUNTS, unchanged: 1 } };
}

function unknownResource({ resourceType, resourceId }: WriteCommand): ScimError {
  const detail = say`no ${term(resourceType)} has the id ${term(resourceId)}; it was deleted or never created here, so match it again by ${term(resourceType === "User" ? "userName" : "displayName")}`;
  return new ScimError(404, "resource-not-found", detail);
}

/** RFC 7644 section 3.14: the version the client saw must be the one it changes. */
function checkVersion({ ifMatch, resourceType }: WriteCommand, row: ResourceRow): void {
  if (ifMatch === null || matchesEtag(ifMatch, row.version)) return;
  const detail = say`If-Match ${term(ifMatch)} is not the version of ${term(resourceType)} ${term(row.id)}, which is ${term(weakEtag(row.version))}; read it again and repeat the change`;
  throw new ScimError(412, "version-mismatch", detail);
}
