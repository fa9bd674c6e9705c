/** Puts failed writes on the queue again, as new writes: nobody waits for their outcome, which the ledger tells. */
import { randomUUID } from "node:crypto";
import { newId } from "../platform/ids.ts";
import type { Adopts, WriteCommand } from "./contracts.ts";
import type { WriteQueue } from "./queues.ts";
import { jobOf } from "./write-jobs.ts";

/** A failed write, with the id that its repetition is to have. */
export interface WriteToRepeat {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly connectionId: string;
  readonly retriedAs: string;
  readonly operation: WriteCommand["operation"];
  readonly resourceType: WriteCommand["resourceType"];
  readonly resourceId: string;
  /** Canonical, as the ledger kept it. */
  readonly request: unknown;
  /** Whom of the people from before it makes a user. */
  readonly adopts?: Adopts | undefined;
}

export async function repeatWrites(
  queue: Pick<WriteQueue, "addBulk">,
  writes: readonly WriteToRepeat[],
): Promise<void> {
  // Replies go to whoever has this id, and nobody has it.
  const apiId = newId();
  const commands = writes.map((write) => commandOf(write, apiId));
  await queue.addBulk(commands.map((command) => jobOf([command])));
}

function commandOf(write: WriteToRepeat, apiId: string): WriteCommand {
  const { tenantId, tenantSlug, connectionId, retriedAs, operation, resourceType, resourceId } = write;
  const { adopts } = write;
  return {
    version: 1,
    writeId: retriedAs,
    tenantId,
    tenantSlug,
    connectionId,
    // It belongs to no run of the identity provider.
    cycleId: null,
    apiId,
    // A key of its own: what Azure sends must never be taken for this.
    requestKey: randomUUID(),
    correlationId: newId(),
    operation,
    resourceType,
    resourceId,
    payload: write.request,
    // The version that the client had seen is long gone.
    ifMatch: null,
    ...(adopts !== undefined && { adopts }),
    requestedAt: Date.now(),
  };
}
