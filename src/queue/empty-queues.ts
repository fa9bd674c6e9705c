/** Throws away whatever is under way: for a database that was put back to a time when none of it had been sent. */
import { createQueueBackend, type QueueSettings } from "./queues.ts";

export async function emptyQueues(settings: QueueSettings): Promise<void> {
  const backend = createQueueBackend(settings);
  for (const queue of [backend.openQueue(), backend.openDeliveryQueue()]) {
    try {
      await queue.waitUntilReady();
      await queue.obliterate({ force: true });
    } finally {
      await queue.close().catch(settings.onError); // What does not open does not always close either.
    }
  }
}

/** @returns how many workers take writes from the queue at this moment */
export async function countQueueWorkers(settings: QueueSettings): Promise<number> {
  const queue = createQueueBackend(settings).openQueue();
  try {
    await queue.waitUntilReady();
    return await queue.getWorkersCount();
  } finally {
    await queue.close().catch(settings.onError);
  }
}
