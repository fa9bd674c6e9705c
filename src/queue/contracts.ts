/**
 * What travels through the queue: one zod schema for the command, one for its outcome, checked on both sides
 * because api and worker deploy apart. A command carries the canonical SCIM payload, since that is the work;
 * never a password, a token or a header.
 */
import { z } from "zod";

export const ResourceTypeName = z.enum(["User", "Group"]);
export const Operation = z.enum(["create", "replace", "patch", "delete"]);
export type Operation = z.infer<typeof Operation>;

/** Whom a write adopts. */
const Adopts = z.object({
  /** The product's own id. */
  existingId: z.string(),
  /** As whom the person was offered: what a PATCH or PUT changes. Absent from a create. */
  offered: z.object({ created: z.string(), resource: z.record(z.string(), z.unknown()) }).optional(),
});
export type Adopts = z.infer<typeof Adopts>;

export const WriteCommand = z.object({
  version: z.literal(1),
  /** UUIDv7; also the job's id and the key of the ledger's row. */
  writeId: z.uuid(),
  tenantId: z.uuid(),
  tenantSlug: z.string(),
  connectionId: z.uuid(),
  cycleId: z.uuid().nullable(),
  /** The api process that waits for the outcome. */
  apiId: z.uuid(),
  /** Hash of tenant, method, target and body: equal for a request that is sent again. */
  requestKey: z.uuid(),
  correlationId: z.string(),
  /** What the client calls its request, where it says so; absent from the commands of older api processes. */
  clientRequestId: z.string().nullable().optional(),
  operation: Operation,
  resourceType: ResourceTypeName,
  /** Version of the tenant's schemas that the payload was read by, 0 for none; an api of before does not say it. */
  schemaVersion: z.int().nonnegative().optional(),
  /** A create gets its id from the api, so that a redelivery makes the same resource. */
  resourceId: z.uuid(),
  /** Canonical body: what `readBody` or `readPatch` of src/scim returned; null for a delete. */
  payload: z.unknown(),
  ifMatch: z.string().nullable(),
  /** Milliseconds since the epoch, by the api's clock. */
  requestedAt: z.number(),
  /** Whom the product knew before, and this write makes the user. */
  adopts: Adopts.optional(),
  /** W3C Trace Context of its request, where that is traced. */
  traceparent: z.string().optional(),
  /** Kept in Postgres until it has ended, because its client was told 202. */
  isAccepted: z.boolean().optional(),
  /** A deactivation or deletion that was held and that an admin has released: no guard holds it again. */
  isReleased: z.boolean().optional(),
});
export type WriteCommand = z.infer<typeof WriteCommand>;

/** The resource as the write left it; members and groups are read where they are wanted. */
const Written = z.object({
  version: z.number(),
  created: z.string(),
  lastModified: z.string(),
  resource: z.record(z.string(), z.unknown()),
});
export type Written = z.infer<typeof Written>;

/** How a write ended. A refusal is definitive: recorded, shown to admins, never retried by itself. */
export const Outcome = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("applied"),
    resourceId: z.uuid(),
    /** False when the resource was already as the write wanted it. */
    changed: z.boolean(),
    /** Null after a delete, and where only the ledger was left to tell. */
    written: Written.nullable(),
    /** What the ledger tells of it: the version that the write left, and when. */
    recorded: z.object({ version: z.number().nullable(), at: z.string() }).optional(),
    /** The deactivation guard keeps the user's access; the client is answered as though it had ended. */
    isHeld: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal("refused"),
    status: z.number(),
    scimType: z.string().nullable(),
    code: z.string(),
    detail: z.string(),
    /** The detail without values: it may stand in Bull Board and in logs. */
    masked: z.string(),
  }),
  /** We failed: nothing was changed. */
  z.object({
    kind: z.literal("fault"),
    detail: z.string(),
    /** True when a store was away: the same request may be sent again. Otherwise an admin must look. */
    isPassing: z.boolean().default(false),
  }),
]);
export type Outcome = z.infer<typeof Outcome>;

export const Reply = z.object({ writeId: z.uuid(), outcome: Outcome });
export type Reply = z.infer<typeof Reply>;

/** A job of one write. */
export const SingleWrite = WriteCommand.extend({
  /** Why the write has failed already, where it came in a job with others: this job is there to show it. */
  ended: z.string().optional(),
});

/** A job of several writes of one tenant, which arrived while the queue took the job before. */
export const CarriedWrites = z.object({
  version: z.literal(1),
  tenantId: z.uuid(),
  tenantSlug: z.string(),
  writes: z.array(WriteCommand).min(1),
  /** Attempts before it came to the queue, by the process that put it there. */
  attempts: z.int().nonnegative().optional(),
});

export type WriteJob = z.infer<typeof SingleWrite> | z.infer<typeof CarriedWrites>;

/** One attempt to deliver an event to a webhook endpoint. Ids alone: the event and its person stay in Postgres. */
export const DeliveryJob = z.object({
  version: z.literal(1),
  tenantId: z.uuid(),
  endpointId: z.uuid(),
  id: z.uuid(),
  position: z.number(),
  attempt: z.number(),
});
export type DeliveryJob = z.infer<typeof DeliveryJob>;

/** One attempt to tell of a cycle that failed. */
export const DigestJob = z.object({
  version: z.literal(1),
  tenantId: z.uuid(),
  cycleId: z.uuid(),
  channel: z.enum(["webhook", "email"]),
  attempt: z.number(),
});
export type DigestJob = z.infer<typeof DigestJob>;
