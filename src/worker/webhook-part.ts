/** What is sent to the outside as a part of a process: the relays on their beats, and the worker that sends. */
import { Beat } from "../platform/beat.ts";
import type { Part } from "../platform/lifecycle.ts";
import { createWebhookPoster, type WebhookPosterSettings } from "../platform/webhook-post.ts";
import type { DeliveryWorker, QueueBackend } from "../queue/queues.ts";
import { createDigestProcessor, type DigestDeps, isDigest, relayDigests } from "./deliver-digest.ts";
import { createDeliveryProcessor, type DeliveryDeps } from "./deliver-webhook.ts";
import { WebhookRelay, type WebhookRelayDeps } from "./webhook-relay.ts";

export interface WebhookSettings
  extends
    WebhookRelayDeps,
    WebhookPosterSettings,
    Omit<DeliveryDeps, "relay" | "poster">,
    Omit<DigestDeps, "poster"> {
  readonly backend: QueueBackend;
  /** Deliveries under way at once, of all endpoints. */
  readonly concurrency: number;
}

const RELAY_EVERY_MS = 250;
const DIGESTS_EVERY_MS = 1_000;

export function webhookPart(settings: WebhookSettings): Part {
  const relay = new WebhookRelay(settings);
  const poster = createWebhookPoster(settings);
  const beats = [
    new Beat(() => relay.beat(), RELAY_EVERY_MS),
    new Beat(() => relayDigests({ ...settings, poster }), DIGESTS_EVERY_MS),
  ];
  let worker: DeliveryWorker | undefined;
  return {
    name: "webhooks",
    async start() {
      const deliver = createDeliveryProcessor({ ...settings, relay, poster });
      const tell = createDigestProcessor({ ...settings, poster });
      worker = settings.backend.openDeliveryWorker(
        (job) => (isDigest(job.data) ? tell(job) : deliver(job)),
        settings.concurrency,
      );
      await worker.waitUntilReady();
      worker.run().catch((err: unknown) => settings.logger.error({ err }, "delivery worker ended"));
      for (const beat of beats) beat.start();
    },
    async stop() {
      for (const beat of beats) await beat.stop();
      // Resolves once the deliveries in hand have ended; each ends within its time limit.
      await worker?.close();
      poster.close();
    },
  };
}
