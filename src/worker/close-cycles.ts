/** Ends the cycles that have been quiet for long enough, tells each end as an event, and notes whom to tell of failures: in one transaction. */
import { randomUUID } from "node:crypto";
import { type ClosedCycle, closeIdleCycles } from "../store/close-cycles.ts";
import { insertDigests } from "../store/digest-deliveries.ts";
import type { DatabasePool } from "../store/database.ts";
import { insertEvents, type NewEvent } from "../store/events.ts";

export async function closeCycles(db: DatabasePool, idleSeconds: number): Promise<readonly ClosedCycle[]> {
  return db.transaction(async (tx) => {
    const closed = await closeIdleCycles(tx, idleSeconds);
    // A lone probe is a connection test, shown as such, and no cycle.
    await insertEvents(tx, closed.filter(({ kind }) => kind !== "test").map(completed));
    await insertDigests(tx, closed);
    return closed;
  });
}

function completed({ tenantId, id }: ClosedCycle): NewEvent {
  return {
    tenantId,
    id: randomUUID(),
    type: "cycle.completed",
    resourceType: "Cycle",
    resourceId: id,
    version: null,
    changed: [],
    details: null,
    writeId: null,
  };
}
