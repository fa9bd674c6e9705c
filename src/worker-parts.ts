/** The worker as parts of a process: what it is told out of the configuration, in the order in which they start. */
import type { Config } from "./platform/config.ts";
import type { HttpServer } from "./platform/http-server.ts";
import type { Part } from "./platform/lifecycle.ts";
import type { Logger } from "./platform/logger.ts";
import type { Metrics } from "./platform/metrics.ts";
import type { Tracer } from "./platform/tracer.ts";
import type { OwnWorker } from "./queue/own-worker.ts";
import type { DeliveryQueue, QueueBackend, WriteQueue } from "./queue/queues.ts";
import type { LocalReplies } from "./queue/replies.ts";
import type { DatabasePool } from "./store/database.ts";
import { issuerOf } from "./store/security-events.ts";
import type { TenantModels } from "./store/tenant-models.ts";
import { mailerOf } from "./mailer.ts";
import { replyChannel } from "./reply-channel.ts";
import { housekeepingPart } from "./worker/housekeeping.ts";
import { OldestWaiting } from "./worker/oldest-waiting.ts";
import { webhookPart } from "./worker/webhook-part.ts";
import { workerPart } from "./worker/worker-part.ts";

export interface WorkerStores {
  readonly config: Config;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** For applying; the same pool as for answering where the process does only one of both. */
  readonly workerDb: DatabasePool;
  readonly queue: WriteQueue;
  readonly deliveries: DeliveryQueue;
  readonly backend: QueueBackend;
  readonly local: LocalReplies;
  readonly ownWorker: OwnWorker;
  readonly models: TenantModels;
}

/** @param dashboard - where it runs in the same process, so that its address is known without CONSOLE_URL */
export function workerParts(
  shared: WorkerStores,
  dashboard: Pick<HttpServer, "url"> | undefined,
): readonly Part[] {
  const { config, logger, metrics, workerDb: db, queue, backend, local, models } = shared;
  const channel = replyChannel({ config, db, logger });
  const waiting = new OldestWaiting();
  return [
    housekeepingPart({
      db,
      queue,
      deliveries: shared.deliveries,
      backend,
      metrics,
      logger,
      cycleIdleSeconds: config.CYCLE_IDLE_SECONDS,
      eventRetentionDays: config.EVENT_RETENTION_DAYS,
      retention: {
        writes: config.WRITE_RETENTION_DAYS,
        cycles: config.CYCLE_RETENTION_DAYS,
        failures: config.FAILURE_RETENTION_DAYS,
        audit: config.AUDIT_RETENTION_DAYS,
      },
      tenantsMax: config.METRICS_TENANTS_MAX,
      waiting,
    }),
    createWebhookPart(shared, dashboard),
    workerPart({
      db,
      queue,
      models,
      tracer: shared.tracer,
      metrics,
      logger,
      backend,
      replies: local.sender(channel.sender()),
      ownWorker: shared.ownWorker,
      batchMax: config.BATCH_MAX,
      concurrency: config.WORKER_CONCURRENCY,
      waiting,
    }),
  ];
}

function createWebhookPart(shared: WorkerStores, dashboard: Pick<HttpServer, "url"> | undefined): Part {
  const { config, logger, metrics, workerDb: db, deliveries: queue, backend } = shared;
  return webhookPart({
    db,
    queue,
    backend,
    metrics,
    logger,
    secret: config.ROLLCALL_SECRET,
    issuer: issuerOf(config.PUBLIC_URL),
    concurrency: config.WEBHOOK_CONCURRENCY,
    timeoutMs: config.WEBHOOK_TIMEOUT_MS,
    retrySeconds: config.WEBHOOK_RETRY_SECONDS,
    pauseAfterSeconds: config.WEBHOOK_PAUSE_SECONDS,
    probeSeconds: config.WEBHOOK_PROBE_SECONDS,
    isHttpAllowed: config.WEBHOOK_HTTP_ALLOWED,
    isPrivateAllowed: config.WEBHOOK_PRIVATE_ALLOWED,
    mailer: mailerOf(config),
    consoleUrl: () => config.CONSOLE_URL?.replace(/\/+$/, "") ?? dashboard?.url(),
  });
}
