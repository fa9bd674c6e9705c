/** The worker as a part of a process: it takes writes off the queue until it is told to drain. */
import type { Part } from "../platform/lifecycle.ts";
import type { Logger } from "../platform/logger.ts";
import type { OwnWorker } from "../queue/own-worker.ts";
import type { QueueBackend, WriteQueue, WriteWorker } from "../queue/queues.ts";
import { Beat } from "../platform/beat.ts";
import { type ConsumeDeps, createWriteProcessor } from "./consume.ts";
import { CycleClock } from "./cycle-clock.ts";

export interface WorkerSettings extends Omit<ConsumeDeps, "clock"> {
  readonly backend: QueueBackend;
  readonly queue: WriteQueue;
  readonly concurrency: number;
  /** Lets the api of this process hand its writes over without a journey. */
  readonly ownWorker: OwnWorker;
  readonly logger: Logger;
}

const PAUSE_NOTICED_MS = 1_000;
// Of a tenant one batch that is being applied, and one that lies ready; and room for others beside it.
const OWN_BATCHES = { ofTenant: 2, ofAll: 4 };

export function workerPart(settings: WorkerSettings): Part {
  const clock = new CycleClock(settings.db, settings.logger);
  const { ownWorker, queue, logger, batchMax } = settings;
  let worker: WriteWorker | undefined;
  const pause = new Beat(async () => {
    try {
      ownWorker.setPaused(await queue.isPaused());
    } catch (err) {
      // While the queue is away it cannot be paused either; what was last known stands.
      logger.debug({ err }, "the queue does not say whether it is paused");
    }
  }, PAUSE_NOTICED_MS);
  return {
    name: "worker",
    async start() {
      const processor = createWriteProcessor({ ...settings, clock });
      worker = settings.backend.openWorker(processor, settings.concurrency);
      clock.start();
      await worker.waitUntilReady();
      ownWorker.open({
        process: processor,
        tenantWritesMax: OWN_BATCHES.ofTenant * batchMax,
        writesMax: OWN_BATCHES.ofAll * batchMax,
      });
      pause.start();
      worker.run().catch((err: unknown) => logger.error({ err }, "worker ended"));
    },
    async stop() {
      ownWorker.close();
      await pause.stop();
      // Resolves once the jobs in hand have ended; the queue keeps the rest for others.
      await worker?.close();
      await clock.stop();
      await settings.replies.close();
    },
  };
}
