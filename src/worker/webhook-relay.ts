/**
 * From events to deliveries to jobs: makes deliveries of what is new, and hands the queue those that are due, so many of
 * one endpoint at a time. Run on a beat, and again for an endpoint whenever one of its deliveries has ended.
 */
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import { type DeliveryQueue, QUEUES } from "../queue/queues.ts";
import type { DatabasePool } from "../store/database.ts";
import { findBusyEndpoints, relayEndpoint } from "../store/webhook-deliveries.ts";
import type { EndpointKey } from "../store/webhook-endpoints.ts";
import { pruneDeliveries, readWebhookState } from "../store/webhook-log.ts";

export interface WebhookRelayDeps {
  readonly db: DatabasePool;
  readonly queue: DeliveryQueue;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Ended deliveries are forgotten with their events. */
  readonly eventRetentionDays: number;
  readonly timeoutMs: number;
}

// Enough to keep up with an initial cycle, few enough that one tenant's receiver does not fill the workers.
const PARALLEL_PER_ENDPOINT = 8;
// A job that has not begun by then was lost with the queue, or the queue is long; either way the attempt is made once.
const QUEUE_LEASE_SECONDS = 60;
const PRUNED_MAX = 10_000;
const STATE_EVERY_MS = 5_000;
const PRUNE_EVERY_MS = 60_000;

export class WebhookRelay {
  readonly #deps: WebhookRelayDeps;
  readonly #logger: Logger;
  #stateAt = 0;
  #prunedAt = 0;

  constructor(deps: WebhookRelayDeps) {
    this.#deps = deps;
    this.#logger = deps.logger.child({ component: "webhook-relay" });
  }

  /** Never rejects: the next beat tries again. */
  async beat(): Promise<void> {
    try {
      for (const endpoint of await findBusyEndpoints(this.#deps.db)) await this.relay(endpoint);
      await this.#keepHouse();
    } catch (err) {
      this.#logger.warn({ err }, "webhooks will be relayed again");
    }
  }

  async relay(endpoint: EndpointKey): Promise<void> {
    const options = { parallel: PARALLEL_PER_ENDPOINT, leaseSeconds: QUEUE_LEASE_SECONDS };
    const { due, missed } = await relayEndpoint(this.#deps.db, endpoint, options);
    if (missed > 0)
      this.#logger.error({ ...endpoint, missed }, "events were removed before this endpoint got them");
    if (due.length === 0) return;
    await this.#deps.queue.addBulk(
      due.map((delivery) => ({ name: "deliver", data: { version: 1 as const, ...delivery } })),
    );
  }

  async #keepHouse(): Promise<void> {
    const { db, metrics, queue, eventRetentionDays } = this.#deps;
    const now = Date.now();
    if (now - this.#stateAt > STATE_EVERY_MS) {
      this.#stateAt = now;
      const { lagSeconds, active, failing, paused } = await readWebhookState(db);
      metrics.eventLag.set(lagSeconds);
      for (const [state, count] of Object.entries({ active, failing, paused }))
        metrics.webhookEndpoints.set({ state }, count);
      for (const [state, count] of Object.entries(await queue.getJobCounts("waiting", "active", "failed")))
        metrics.queueJobs.set({ queue: QUEUES.deliveries, state }, count);
    }
    if (now - this.#prunedAt > PRUNE_EVERY_MS) {
      this.#prunedAt = now;
      const seconds = eventRetentionDays * 86_400;
      await db.transaction((tx) => pruneDeliveries(tx, { seconds, max: PRUNED_MAX }));
    }
  }
}
