/** The queue as a test takes it in hand itself: one of its own, or that of a service under test. */
import { createQueueBackend, type QueueBackend, type WriteQueue } from "../../src/queue/queues.ts";
import { openTestQueue, type QueueKind, type TestQueue } from "./stores.ts";

/** Where a queue is, and in which database it lives if it is in Postgres. */
export interface QueuePlace extends TestQueue {
  readonly databaseUrl: string;
}

/** Tests cut connections on purpose; whoever used one hears of it by what failed. */
export function queueBackend({ redisUrl, prefix, databaseUrl }: QueuePlace): QueueBackend {
  return createQueueBackend({ redisUrl, prefix, databaseUrl, onError: () => undefined });
}

/** Makes a queue that no other test has. @returns it, ready */
export async function makeQueue(
  kind: QueueKind,
  databaseUrl: string,
): Promise<{ readonly backend: QueueBackend; readonly queue: WriteQueue }> {
  const backend = queueBackend({ ...openTestQueue(kind), databaseUrl });
  await backend.prepare();
  const queue = backend.openQueue();
  await queue.waitUntilReady();
  return { backend, queue };
}
