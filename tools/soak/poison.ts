/**
 * A job that always throws: a write command of the right form whose payload no reader of the service would make. It
 * must fail alone, be recorded, and hold up nobody.
 */
import { randomUUID } from "node:crypto";
import { v7 as uuidv7 } from "uuid";
import { createQueueBackend, WRITE_JOB } from "../../src/queue/queues.ts";
import type { WriteCommand } from "../../src/queue/contracts.ts";
import type { Installation } from "./installation.ts";

const JOBS = 3;

export async function poison({ postgres, redis, tenantId }: Installation): Promise<void> {
  const queue = createQueueBackend({
    redisUrl: redis?.directUrl(),
    databaseUrl: postgres.directUrl(),
    prefix: "soak",
    onError: () => undefined,
  }).openQueue();
  try {
    await queue.waitUntilReady();
    const commands = Array.from({ length: JOBS }, () => poisonedCommand(tenantId));
    await queue.addBulk(
      commands.map((data) => ({ name: "poisoned", data, opts: { ...WRITE_JOB, jobId: data.writeId } })),
    );
  } finally {
    await queue.close();
  }
}

/** Recorded under this correlation id, so that the audit can count them. */
export const POISON = "poison";

function poisonedCommand(tenantId: string): WriteCommand {
  return {
    version: 1,
    writeId: uuidv7(),
    tenantId,
    tenantSlug: "soak",
    connectionId: randomUUID(),
    cycleId: null,
    apiId: randomUUID(),
    requestKey: randomUUID(),
    correlationId: POISON,
    operation: "create",
    resourceType: "User",
    resourceId: uuidv7(),
    payload: "no body at all",
    ifMatch: null,
    requestedAt: Date.now(),
  };
}
