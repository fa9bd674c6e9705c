/** A page of a tenant's events, as messages with their cursors. */
import type { Logger } from "../../platform/logger.ts";
import type { DatabasePool } from "../../store/database.ts";
import type { EventMessage, PayloadVersion } from "../../store/event-messages.ts";
import type { EventMessage2 } from "../../store/event-messages-2.ts";
import { type EventType, readEvents } from "../../store/events.ts";
import { tellEvents } from "../../store/tell-events.ts";
import type { ProductPrincipal } from "../../store/product-keys.ts";
import type { EventCursors } from "./event-cursor.ts";
import type { HeadWatch } from "./head-watch.ts";
import { ProblemError } from "./problem.ts";

export interface EventFeedDeps {
  readonly db: DatabasePool;
  readonly eventCursors: EventCursors;
  readonly headWatch: HeadWatch;
  readonly logger: Logger;
  readonly secret: string;
  /** PUBLIC_URL. */
  readonly publicUrl: string | undefined;
}

export interface Place {
  /** Position of the last event the reader has. */
  readonly after: number;
  readonly types: readonly EventType[] | undefined;
  readonly limit: number;
  readonly payloadVersion: PayloadVersion;
}

export interface FeedPage {
  readonly events: readonly ((EventMessage | EventMessage2) & { readonly cursor: string })[];
  /** Where the next page begins. */
  readonly next: number;
  readonly hasMore: boolean;
}

/** @throws {ProblemError} 410 when events after this place are gone, 400 when the place is not there yet */
export async function readPage(
  { db, eventCursors }: EventFeedDeps,
  { tenantId, tenantSlug }: ProductPrincipal,
  place: Place,
): Promise<FeedPage> {
  const own = db.of([tenantId]);
  const { events, head, prunedThrough } = await readEvents(own, { tenantId, ...place });
  if (place.after < prunedThrough) throw expired();
  if (place.after > head) throw invalid();
  const last = events.at(-1)?.position;
  const isFull = events.length === place.limit;
  const { payloadVersion } = place;
  const messages = await tellEvents(own, { tenantId, tenantSlug, payloadVersion }, events);
  return {
    events: messages.map((message, index) => ({
      ...message,
      cursor: eventCursors.seal(tenantId, events[index]?.position ?? head),
    })),
    // Whoever filters is told how far the search went, so that the cursor does not grow old.
    next: isFull && last !== undefined ? last : head,
    hasMore: isFull && last !== head,
  };
}

/** Without a cursor it begins with the oldest event that is kept; `latest` is after the newest. */
export async function placeOf(
  { db, eventCursors }: EventFeedDeps,
  { tenantId }: ProductPrincipal,
  cursor: string | undefined,
): Promise<number> {
  if (cursor === undefined || cursor === "" || cursor === "latest") {
    const { head, prunedThrough } = await readEvents(db.of([tenantId]), { tenantId, after: 0, limit: 0 });
    return cursor === "latest" ? head : prunedThrough;
  }
  const position = eventCursors.open(tenantId, cursor);
  if (position === undefined) throw invalid();
  return position;
}

function expired(): ProblemError {
  const detail =
    "events after this cursor are older than EVENT_RETENTION_DAYS and were removed; read your users and groups anew, then go on with after=latest, or leave the cursor away to begin with the oldest event there is";
  return new ProblemError(410, "cursor-expired", detail);
}

function invalid(): ProblemError {
  const detail =
    "the cursor is not one that this tenant was given, or the database was restored to a time before it; read your users and groups anew, then go on with after=latest";
  return new ProblemError(400, "cursor-invalid", detail);
}
