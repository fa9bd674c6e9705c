/** From a batch's writes to the events they are: in their order, none for what changed nothing. */
import { randomUUID } from "node:crypto";
import { ScimError } from "../scim/index.ts";
import type { Adopted } from "../store/adoption.ts";
import type { Transaction } from "../store/database.ts";
import { type EventDetails, type EventType, insertEvents, type NewEvent } from "../store/events.ts";
import type { Applied } from "./apply-write.ts";
import type { BatchEntry } from "./batch-entry.ts";
import type { MembershipDelta } from "./memberships.ts";

// More ids than this make a message too large for a receiver: the change is then told in several events.
const MEMBER_IDS_MAX = 1_000;

/**
 * In the transaction of the changes, as its last statement.
 * @param others - that follow from the writes together
 */
export async function recordEvents(
  tx: Transaction,
  entries: readonly BatchEntry[],
  others: readonly NewEvent[] = [],
): Promise<void> {
  await insertEvents(tx, [...entries.flatMap(eventsOf), ...others]);
}

function eventsOf({ command, result }: BatchEntry): readonly NewEvent[] {
  if (result instanceof ScimError || !result.outcome.changed) return [];
  const { tenantId, writeId, resourceType, resourceId } = command;
  const version = result.outcome.written?.version ?? null;
  const event = ({ type, changed, details }: Told): NewEvent => ({
    tenantId,
    id: randomUUID(),
    type,
    resourceType,
    resourceId,
    version,
    changed,
    details,
    writeId,
  });
  const own = result.adoption ? adoptionEvent(result.adoption, result) : ownEvent(resourceType, result);
  const events = membershipParts(result.members).map((details) =>
    event({ type: MEMBERS_CHANGED, changed: ["members"], details }),
  );
  return own === undefined ? events : [event(own), ...events];
}

/** What an event says besides whose it is. */
type Told = Pick<NewEvent, "type" | "changed" | "details">;

const MEMBERS_CHANGED: EventType = "group.members_changed";

/** @returns what happened to the resource besides its membership; undefined when nothing did */
function ownEvent(
  resourceType: "User" | "Group",
  { outcome, counts, changed, externalId }: Applied,
): Told | undefined {
  const attributes = resourceType === "Group" ? changed.filter((name) => name !== "members") : changed;
  const prefix = resourceType === "User" ? "user" : "group";
  if (outcome.written === null)
    return { type: `${prefix}.deleted`, changed: [], details: externalId === null ? null : { externalId } };
  if (counts.usersCreated + counts.groupsCreated > 0)
    return { type: `${prefix}.created`, changed: attributes, details: null };
  if (attributes.length === 0) return undefined;
  const type =
    counts.usersDeactivated > 0
      ? "user.deactivated"
      : counts.usersReactivated > 0
        ? "user.reactivated"
        : (`${prefix}.updated` as const);
  return { type, changed: attributes, details: null };
}

/** @returns undefined where the person was withdrawn before the product heard of a user */
function adoptionEvent({ userId, existingId: productId }: Adopted, { changed }: Applied): Told | undefined {
  return userId === null ? undefined : { type: "user.adopted", changed, details: { productId } };
}

function membershipParts(delta: MembershipDelta | undefined): readonly EventDetails[] {
  if (delta === undefined || delta.added.size + delta.removed.size === 0) return [];
  const changes = [
    ...[...delta.removed].map((id) => ({ id, isAdded: false })),
    ...[...delta.added.keys()].map((id) => ({ id, isAdded: true })),
  ];
  const parts: EventDetails[] = [];
  for (let start = 0; start < changes.length; start += MEMBER_IDS_MAX) {
    const part = changes.slice(start, start + MEMBER_IDS_MAX);
    const idsOf = (isAdded: boolean): string[] =>
      part.filter((change) => change.isAdded === isAdded).map(({ id }) => id);
    parts.push({ added: idsOf(true), removed: idsOf(false) });
  }
  return parts;
}
