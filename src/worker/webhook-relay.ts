/**
 * From events to deliveries to jobs: makes deliveries of what is new, and hands the queue those that are due, so many of
 * one endpoint at a time. Run on a beat, and again for an endpoint whenever one of its deliveries has ended.
 */
import type { Logger } from "../platform/logger.ts";
import type { DeliveryQueue } from "../queue/queues.ts";
import type { DatabasePool } from "../store/database.ts";
import { findBusyEndpoints, relayEndpoint } from "../store/webhook-deliveries.ts";
import type { EndpointKey } from "../store/webhook-endpoints.ts";

export interface WebhookRelayDeps {
  readonly db: DatabasePool;
  readonly queue: DeliveryQueue;
  readonly logger: Logger;
}

// Enough to keep up with an initial cycle, few enough that one tenant's receiver does not fill the workers.
const PARALLEL_PER_ENDPOINT = 8;
// A job that has not begun by then was lost with the queue, or the queue is long; either way the attempt is made once.
const QUEUE_LEASE_SECONDS = 60;

export class WebhookRelay {
  readonly #deps: WebhookRelayDeps;
  readonly #logger: Logger;

  constructor(deps: WebhookRelayDeps) {
    this.#deps = deps;
    this.#logger = deps.logger.child({ component: "webhook-relay" });
  }

  /** Never rejects: the next beat tries again. */
  async beat(): Promise<void> {
    try {
      for (const endpoint of await findBusyEndpoints(this.#deps.db)) await this.relay(endpoint);
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
}
