/** The worker as a part of a process: it takes writes off the queue until it is told to drain. */
import type { Part } from "../platform/lifecycle.ts";
import type { Logger } from "../platform/logger.ts";
import type { QueueBackend, WriteWorker } from "../queue/queues.ts";
import { type ConsumeDeps, createWriteProcessor } from "./consume.ts";
import { CycleClock } from "./cycle-clock.ts";

export interface WorkerSettings extends Omit<ConsumeDeps, "clock"> {
  readonly backend: QueueBackend;
  readonly concurrency: number;
  readonly logger: Logger;
}

export function workerPart(settings: WorkerSettings): Part {
  const clock = new CycleClock(settings.db, settings.logger);
  let worker: WriteWorker | undefined;
  return {
    name: "worker",
    async start() {
      const processor = createWriteProcessor({ ...settings, clock });
      worker = settings.backend.openWorker(processor, settings.concurrency);
      clock.start();
      await worker.waitUntilReady();
      worker.run().catch((err: unknown) => settings.logger.error({ err }, "worker ended"));
    },
    async stop() {
      // Resolves once the jobs in hand have ended; the queue keeps the rest for others.
      await worker?.close();
      await clock.stop();
      await settings.replies.close();
    },
  };
}
