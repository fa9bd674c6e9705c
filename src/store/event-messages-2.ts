/**
 * Messages of version 2: one shape for every type. They say from what to what each attribute went, show the resource whole,
 * a user with its groups, and name the request that was the cause (docs/decisions/0050).
 */
import { z } from "zod";
import { bodyOf, type GroupView, type Stored } from "../scim/index.ts";
import type { Database } from "./database.ts";
import { findResources, readGroups } from "./directory-reads.ts";
import type { EventMessage } from "./event-messages.ts";
import { EVENT_TYPES, type StoredEvent } from "./events.ts";
import { readWriteFacts, type WriteFacts } from "./ledger.ts";

const Subject = z.object({
  type: z.enum(["User", "Group", "Cycle", "Reconciliation"]),
  id: z.uuid(),
  externalId: z.string().nullable().optional(),
  productId: z.string().optional(),
});

const Cause = z.object({
  writeId: z.uuid(),
  operation: z.enum(["create", "replace", "patch", "delete"]),
  connectionId: z.uuid(),
  cycleId: z.uuid().nullable(),
  correlationId: z.string(),
  /** What the client calls its request. */
  clientRequestId: z.string().nullable(),
});

/** The SCIM resource, with its schemas and without members. */
const Resource = z.looseObject({
  schemas: z.array(z.string()),
  id: z.uuid(),
  /** Of a user. */
  groups: z
    .array(
      z.object({ value: z.uuid(), type: z.enum(["direct", "indirect"]), display: z.string().optional() }),
    )
    .optional(),
  meta: z.looseObject({ version: z.string() }),
});

const Change = z.object({ attribute: z.string(), from: z.unknown().optional(), to: z.unknown().optional() });

const ResourceData = z.object({
  version: z.number().nullable(),
  changes: z.array(Change),
  resource: Resource.nullable(),
  roles: z.array(z.string()).optional(),
  members: z.object({ added: z.array(z.uuid()), removed: z.array(z.uuid()) }).optional(),
});

export const EventMessage2 = z.object({
  payloadVersion: z.literal(2),
  id: z.templateLiteral(["evt_", z.uuid()]),
  timestamp: z.iso.datetime(),
  tenant: z.string(),
  type: z.enum(EVENT_TYPES),
  subject: Subject,
  /** Null where no write was, or where it is no longer kept. */
  cause: Cause.nullable(),
  /** Of a user or group as above; of the rest what version 1 says. */
  data: z.union([ResourceData, z.looseObject({})]),
});
export type EventMessage2 = z.infer<typeof EventMessage2>;

/** @param messages - the same events in version 1, in their order */
export async function toVersion2(
  db: Database,
  tenantId: string,
  {
    events,
    messages,
  }: { readonly events: readonly StoredEvent[]; readonly messages: readonly EventMessage[] },
): Promise<readonly EventMessage2[]> {
  const idsOf = (type: "User" | "Group"): string[] => [
    ...new Set(
      events.filter(({ resourceType }) => resourceType === type).map(({ resourceId }) => resourceId),
    ),
  ];
  const users = await findResources(db, idsOf("User"), { tenantId, type: "User" });
  const groups = await findResources(db, idsOf("Group"), { tenantId, type: "Group" });
  const held =
    users.size === 0 ? new Map<string, GroupView[]>() : await readGroups(db, tenantId, [...users.keys()]);
  const writeIds = [...new Set(events.flatMap(({ writeId }) => writeId ?? []))];
  const writes = await readWriteFacts(db, tenantId, writeIds);
  return messages.flatMap((message, index): readonly EventMessage2[] => {
    const event = events[index];
    if (event === undefined) return [];
    const stored = users.get(event.resourceId) ?? groups.get(event.resourceId);
    const around = {
      stored,
      groups: held.get(event.resourceId) ?? [],
      write: writes.get(event.writeId ?? ""),
    };
    return [versionOf(message, event, around)];
  });
}

interface Around {
  readonly stored: Stored | undefined;
  readonly groups: readonly GroupView[];
  readonly write: WriteFacts | undefined;
}

function versionOf(message: EventMessage, event: StoredEvent, around: Around): EventMessage2 {
  const { id, timestamp, tenant, type, data } = message;
  const base = { payloadVersion: 2, id, timestamp, tenant, type } as const;
  const { resourceType, resourceId } = event;
  const subject = { type: resourceType, id: resourceId };
  if (!("changed" in data)) {
    const told = Object.entries(data).filter(([name]) => name !== "cycleId" && name !== "reconciliationId");
    return { ...base, subject, cause: null, data: Object.fromEntries(told) };
  }
  const { stored, write } = around;
  const { externalId, version, changed, roles } = data;
  const productId = "productId" in data ? data.productId : undefined;
  return {
    ...base,
    subject: { ...subject, externalId, ...(productId !== undefined && { productId }) },
    cause: causeOf(write),
    data: {
      version,
      changes: changed.map((attribute) => ({ attribute, ...write?.changes?.[attribute] })),
      resource: stored === undefined ? null : resourceOf(stored, around.groups),
      ...(roles !== undefined && { roles }),
      ...("added" in data && { members: { added: data.added, removed: data.removed } }),
    },
  };
}

function resourceOf(stored: Stored, groups: readonly GroupView[]): z.infer<typeof Resource> {
  const body = { ...bodyOf(stored), ...(stored.type === "User" && { groups: [...groups] }) };
  return Resource.parse(body);
}

function causeOf(write: WriteFacts | undefined): z.infer<typeof Cause> | null {
  if (write === undefined) return null;
  const { writeId, operation, connectionId, cycleId, correlationId, clientRequestId } = write;
  return { writeId, operation, connectionId, cycleId, correlationId, clientRequestId };
}
