/** Events as messages of the version that a reader has chosen. */
import type { Database } from "./database.ts";
import { composeMessages, type EventMessage, type PayloadVersion } from "./event-messages.ts";
import { type EventMessage2, toVersion2 } from "./event-messages-2.ts";
import type { StoredEvent } from "./events.ts";

export interface Reader {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly payloadVersion: PayloadVersion;
}

/** @returns one message per event, in their order; the events are of one tenant */
export async function tellEvents(
  db: Database,
  reader: Reader,
  events: readonly StoredEvent[],
): Promise<readonly (EventMessage | EventMessage2)[]> {
  const messages = await composeMessages(db, reader, events);
  if (reader.payloadVersion === 1) return messages;
  return toVersion2(db, reader.tenantId, { events, messages });
}
