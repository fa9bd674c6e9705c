/**
 * Events as a product gets them, by the feed and by webhooks alike: the event, and what it is about as it stands now.
 * That is never older than the event, and null once it is gone.
 */
import { z } from "zod";
import { type Stored, URNS, weakEtag } from "../scim/index.ts";
import { type Cycle, findCycles } from "./cycle-history.ts";
import { NO_COUNTS } from "./cycles.ts";
import type { Database } from "./database.ts";
import { findGuardCycles, type GuardCycle } from "./guard-cycles.ts";
import { findResources } from "./directory-reads.ts";
import type { StoredEvent } from "./events.ts";
import { findReconciliations } from "./reconciliation-reports.ts";
import { readRoles } from "./role-mappings.ts";

/** Of these messages, and of those that event-messages-2.ts makes of them. An endpoint is told the one it has chosen. */
export const PAYLOAD_VERSIONS = [1, 2] as const;
export type PayloadVersion = (typeof PAYLOAD_VERSIONS)[number];
/** Grows when a message changes so that an older reader would misread it; new members do not count. */
export const NEWEST_PAYLOAD_VERSION: PayloadVersion = 2;

export function isPayloadVersion(version: number): version is PayloadVersion {
  return PAYLOAD_VERSIONS.some((known) => known === version);
}

const Base = z.object({
  payloadVersion: z.literal(1),
  /** The same in every repetition: whoever has seen it may ignore it. */
  id: z.templateLiteral(["evt_", z.uuid()]),
  timestamp: z.iso.datetime(),
  /** Slug. */
  tenant: z.string(),
});

const Change = z.object({
  externalId: z.string().nullable(),
  /** Of the resource after this change; null after its deletion. */
  version: z.number().nullable(),
  changed: z.array(z.string()),
  writeId: z.uuid().nullable(),
  /**
   * As they are when the event is told: of an active user, or those that a group gives its members. Absent where the
   * tenant maps no group to a role, and of what is gone.
   */
  roles: z.array(z.string()).optional(),
});

/** The SCIM resource, without `members` or `groups`. */
const Resource = z.looseObject({
  id: z.uuid(),
  meta: z.object({
    resourceType: z.enum(["User", "Group"]),
    created: z.iso.datetime(),
    lastModified: z.iso.datetime(),
    version: z.string(),
  }),
});

const UserEventType = z.enum([
  "user.created",
  "user.adopted",
  "user.updated",
  "user.deactivated",
  "user.reactivated",
  "user.deleted",
]);
const UserEvent = Base.extend({
  type: UserEventType,
  data: Change.extend({
    userId: z.uuid(),
    user: Resource.nullable(),
    /** The product's own id, where it told of the person before the directory was connected. */
    productId: z.string().optional(),
  }),
});
const GroupEventType = z.enum(["group.created", "group.updated", "group.deleted"]);
const GroupEvent = Base.extend({
  type: GroupEventType,
  data: Change.extend({ groupId: z.uuid(), group: Resource.nullable() }),
});
const MembersEvent = Base.extend({
  type: z.literal("group.members_changed"),
  data: Change.extend({
    groupId: z.uuid(),
    group: Resource.nullable(),
    /** Ids of users and groups. */
    added: z.array(z.uuid()),
    removed: z.array(z.uuid()),
  }),
});
const CycleEvent = Base.extend({
  type: z.literal("cycle.completed"),
  data: z.object({
    cycleId: z.uuid(),
    connectionId: z.uuid().nullable(),
    kind: z.enum(["initial", "incremental", "on_demand"]).nullable(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    counts: z.record(z.string(), z.number()),
  }),
});

const GuardEvent = Base.extend({
  type: z.literal("guard.held"),
  data: z.object({
    cycleId: z.uuid(),
    connectionId: z.uuid().nullable(),
    /** Users whom the cycle may deactivate and delete. */
    limit: z.number().nullable(),
    /** Deactivations and deletions of the cycle that were applied, and those that were held; as they are now. */
    applied: z.number().nullable(),
    held: z.number().nullable(),
  }),
});

const ReconciliationEvent = Base.extend({
  type: z.literal("reconciliation.completed"),
  data: z.object({
    reconciliationId: z.uuid(),
    /** People by finding; null once the report is no longer kept. */
    counts: z.record(z.string(), z.number()).nullable(),
  }),
});

export const EventMessage = z.discriminatedUnion("type", [
  UserEvent,
  GroupEvent,
  MembersEvent,
  CycleEvent,
  GuardEvent,
  ReconciliationEvent,
]);
export type EventMessage = z.infer<typeof EventMessage>;

/** @returns one message per event, in their order; the events are of one tenant */
export async function composeMessages(
  db: Database,
  tenant: { readonly tenantId: string; readonly tenantSlug: string },
  events: readonly StoredEvent[],
): Promise<readonly EventMessage[]> {
  const idsOf = (type: StoredEvent["resourceType"]): string[] => [
    ...new Set(
      events.filter(({ resourceType }) => resourceType === type).map(({ resourceId }) => resourceId),
    ),
  ];
  const { tenantId, tenantSlug } = tenant;
  const users = await findResources(db, idsOf("User"), { tenantId, type: "User" });
  const groups = await findResources(db, idsOf("Group"), { tenantId, type: "Group" });
  const cycles = await findCycles(db, tenantId, idsOf("Cycle"));
  const guarded = events.filter(({ type }) => type === "guard.held").map(({ resourceId }) => resourceId);
  const guards = await findGuardCycles(db, tenantId, guarded);
  const reports = await findReconciliations(db, tenantId, idsOf("Reconciliation"));
  const roles = await readRoles(db, tenantId, [...users.keys(), ...groups.keys()]);
  return events.map((event): EventMessage => {
    const base = {
      payloadVersion: 1,
      id: `evt_${event.id}` as const,
      timestamp: event.occurredAt.toISOString(),
      tenant: tenantSlug,
    } as const;
    const { type, resourceId, details } = event;
    if (type === "cycle.completed")
      return { ...base, type, data: { cycleId: resourceId, ...cycleView(cycles.get(resourceId)) } };
    if (type === "guard.held")
      return { ...base, type, data: { cycleId: resourceId, ...guardView(guards.get(resourceId)) } };
    if (type === "reconciliation.completed") {
      const counts = reports.get(resourceId)?.counts ?? null;
      return { ...base, type, data: { reconciliationId: resourceId, counts } };
    }
    const isUser = event.resourceType === "User";
    const { view, change } = viewOf(event, { resources: isUser ? users : groups, roles });
    if (isUser)
      return {
        ...base,
        type: UserEventType.parse(type),
        data: { userId: resourceId, ...change, ...productIdOf(view, details), user: view },
      };
    const data = { groupId: resourceId, ...change, group: view };
    if (type !== "group.members_changed") return { ...base, type: GroupEventType.parse(type), data };
    const { added = [], removed = [] } = details ?? {};
    return { ...base, type, data: { ...data, added: [...added], removed: [...removed] } };
  });
}

type Change = z.infer<typeof Change>;
type View = z.infer<typeof Resource>;

function viewOf(
  { resourceId, version, changed, writeId, details }: StoredEvent,
  {
    resources,
    roles,
  }: {
    readonly resources: ReadonlyMap<string, Stored>;
    readonly roles: ReadonlyMap<string, readonly string[]>;
  },
): { readonly view: View | null; readonly change: Change } {
  const stored = resources.get(resourceId);
  const known = stored?.resource["externalId"] ?? details?.externalId;
  const externalId = typeof known === "string" ? known : null;
  return {
    view: stored === undefined ? null : resourceView(stored),
    change: { externalId, version, changed: [...changed], writeId, ...rolesNow(stored, roles) },
  };
}

function rolesNow(
  stored: Stored | undefined,
  roles: ReadonlyMap<string, readonly string[]>,
): Pick<Change, "roles"> {
  const held = stored && roles.get(stored.id);
  if (held === undefined) return {};
  return { roles: stored?.resource["active"] === false ? [] : [...held] };
}

function resourceView({ type, id, version, created, lastModified, resource }: Stored): View {
  const meta = { resourceType: type, created, lastModified, version: weakEtag(version) };
  return { id, ...resource, meta };
}

function productIdOf(view: View | null, details: StoredEvent["details"]): { readonly productId?: string } {
  const known = (view?.[URNS.productUser] as { readonly productId?: unknown } | undefined)?.productId;
  const productId = known ?? details?.productId;
  return typeof productId === "string" ? { productId } : {};
}

function guardView(cycle: GuardCycle | undefined): Omit<z.infer<typeof GuardEvent>["data"], "cycleId"> {
  const { connectionId = null, usersLimit = null, counted = null, held = null } = cycle ?? {};
  return { connectionId, limit: usersLimit, applied: counted, held };
}

function cycleView(cycle: Cycle | undefined): Omit<z.infer<typeof CycleEvent>["data"], "cycleId"> {
  if (cycle === undefined)
    return { connectionId: null, kind: null, startedAt: null, endedAt: null, counts: {} };
  const { connectionId, kind, startedAt, endedAt, requests, reads } = cycle;
  const names = Object.keys(NO_COUNTS) as (keyof typeof NO_COUNTS)[];
  return {
    connectionId,
    kind: kind === "test" ? null : kind,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    counts: { requests, reads, ...Object.fromEntries(names.map((name) => [name, cycle[name]])) },
  };
}
