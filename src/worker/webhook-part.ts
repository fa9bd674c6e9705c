/** Webhooks as a part of a process: the relay on its beat, and the worker that sends. */
import { Beat } from "../platform/beat.ts";
import type { Part } from "../platform/lifecycle.ts";
import { createWebhookPoster, type WebhookPosterSettings } from "../platform/webhook-post.ts";
import type { DeliveryWorker, QueueBackend } from "../queue/queues.ts";
import { createDeliveryProcessor, type DeliveryDeps } from "./deliver-webhook.ts";
import { WebhookRelay, type WebhookRelayDeps } from "./webhook-relay.ts";

export interface WebhookSettings
  extends WebhookRelayDeps, WebhookPosterSettings, Omit<DeliveryDeps, "relay" | "poster"> {
  readonly backend: QueueBackend;
  /** Deliveries under way at once, of all endpoints. */
  readonly concurrency: number;
}

const RELAY_EVERY_MS = 250;

export function webhookPart(settings: WebhookSettings): Part {
  const relay = new WebhookRelay(settings);
  const poster = createWebhookPoster(settings);
  const beating = new Beat(() => relay.beat(), RELAY_EVERY_MS);
  let worker: DeliveryWorker | undefined;
  return {
    name: "webhooks",
    async start() {
      const process = createDeliveryProcessor({ ...settings, relay, poster });
      worker = settings.backend.openDeliveryWorker(process, settings.concurrency);
      await worker.waitUntilReady();
      worker.run().catch((err: unknown) => settings.logger.error({ err }, "delivery worker ended"));
      beating.start();
    },
    async stop() {
      await beating.stop();
      // Resolves once the deliveries in hand have ended; each ends within its time limit.
      await worker?.close();
      poster.close();
    },
  };
}
