/**
 * The graph of a process: which parts the chosen roles need, in the order they start. Stopping goes the other way
 * round: doors close first, then the workers that serve their last requests, then the queue, then Postgres.
 */
import type { Config } from "./platform/config.ts";
import { createHttpServer, type FrontSettings, type HttpServer } from "./platform/http-server.ts";
import { createLifecycle, type Part } from "./platform/lifecycle.ts";
import { limited } from "./platform/limited.ts";
import type { Logger } from "./platform/logger.ts";
import { createMetrics, type Metrics } from "./platform/metrics.ts";
import { createMetricsHandler } from "./platform/metrics-handler.ts";
import { type TracingPart, tracingPart } from "./platform/tracing.ts";
import { createQueueBackend } from "./queue/queues.ts";
import { OwnWorker } from "./queue/own-worker.ts";
import { LocalReplies } from "./queue/replies.ts";
import { type DatabasePool, openDatabase } from "./store/database.ts";
import { TenantModels } from "./store/tenant-models.ts";
import { apiPart, type ApiPart } from "./api/api-part.ts";
import { consolePart, type ConsoleStores } from "./console-part.ts";
import { frontSettings } from "./front-door.ts";
import { type ReadReplica, readReplica } from "./read-replica.ts";
import { replyChannel } from "./reply-channel.ts";
import { workerParts, type WorkerStores } from "./worker-parts.ts";

export interface Service extends Part {
  readonly db: DatabasePool;
  /** Where each role of this process listens, once started. */
  addresses(): { readonly api?: string; readonly dashboard?: string; readonly metrics: string };
}

/** What the parts of all roles are made of. */
interface Shared extends ConsoleStores, WorkerStores {
  readonly replica: ReadReplica | undefined;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

// Longer than a request waits to drain, short enough that three parts end within an orchestrator's usual patience.
const STOP_TIMEOUT_MS = 12_000;
// After SHUTDOWN_DELAY_SECONDS; whoever kills a process must wait longer than both. With its stores gone, every part may hang.
const STOP_TOTAL_MS = 25_000;

/**
 * @param version - of the package, for `rollcall_build_info`
 * @param now - by which the api knows whether a cycle still runs; milliseconds since the epoch
 */
export function createService(
  config: Config,
  logger: Logger,
  version: string,
  now: () => number = Date.now,
): Service {
  const metrics = createMetrics({ tenantsMax: config.METRICS_TENANTS_MAX, version });
  const onError = (err: Error): void => logger.warn({ err }, "a store is disturbed");
  const { db, workerDb } = openPools(config, onError);
  const backend = createQueueBackend({
    redisUrl: config.REDIS_URL,
    databaseUrl: config.DATABASE_URL,
    prefix: config.QUEUE_PREFIX,
    onError: limited(onError),
  });
  const queue = backend.openQueue();
  const deliveries = backend.openDeliveryQueue();
  const tracer = tracerOf(config, version);
  const replica = readReplica({ config, db, metrics, logger });
  const shared: Shared = {
    ...{ config, logger, metrics, tracer, db, workerDb, replica, queue, deliveries, backend },
    ...{ local: new LocalReplies(), ownWorker: new OwnWorker(), models: new TenantModels() },
    ...{ front: frontOf(config, metrics), now },
  };
  const api = config.ROLES.has("api") ? createApiPart(shared) : undefined;
  const dashboard = config.ROLES.has("dashboard") ? consolePart(shared, api) : undefined;
  const metricsServer = createMetricsServer(shared, api);
  const parts: readonly Part[] = [
    tracer,
    ...[...new Set([db, workerDb])].map(poolPart),
    ...(replica ? [replica] : []),
    ...[queue, deliveries].map((each) => ({
      name: "queue",
      start: () => each.waitUntilReady().then(() => undefined),
      stop: () => each.close(),
    })),
    ...(config.ROLES.has("worker") ? workerParts(shared, dashboard) : []),
    ...(api ? [api] : []),
    ...(dashboard ? [dashboard] : []),
    metricsServer,
  ];
  const lifecycle = createLifecycle(parts, {
    logger,
    // A worker alone has no door that anybody could still come to.
    leaveMs: api || dashboard ? config.SHUTDOWN_DELAY_SECONDS * 1_000 : 0,
    stopTimeoutMs: STOP_TIMEOUT_MS,
    stopTotalMs: STOP_TOTAL_MS,
  });
  return {
    ...lifecycle,
    db,
    addresses: () => ({
      ...(api && { api: api.url() }),
      ...(dashboard && { dashboard: dashboard.url() }),
      metrics: metricsServer.url(),
    }),
  };
}

/** How the servers take connections, and where it is told when their certificates end. */
function frontOf(config: Config, metrics: Metrics): FrontSettings {
  return {
    ...frontSettings(config),
    onCertificates(certificates) {
      metrics.certificateExpiry.reset();
      for (const { name, expiresAt } of certificates)
        metrics.certificateExpiry.set({ certificate: name }, expiresAt.getTime() / 1_000);
    },
  };
}

function tracerOf(config: Config, version: string): TracingPart {
  return tracingPart({
    endpoint: config.OTEL_EXPORTER_OTLP_ENDPOINT,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    version,
    roles: [...config.ROLES].join(","),
  });
}

// Of the process's connections, where it both answers and applies: applying takes up to six at a time, five while one tenant
// writes alone; housekeeping one or two.
const WORKER_POOL_SHARE = 0.375;
const WORKER_POOL_MIN = 2;

/** Reads and writes never wait for each other's connections: where a process does both, each has a pool. */
function openPools(config: Config, onConnectionError: (error: Error) => void) {
  const open = (poolMax: number, roles: readonly string[]): DatabasePool =>
    openDatabase({
      url: config.DATABASE_URL,
      poolMax,
      applicationName: `rollcall-${roles.join("-")}`,
      isFenced: config.ROW_LEVEL_SECURITY,
      onConnectionError,
    });
  const all = config.DATABASE_POOL_MAX;
  const answering = [...config.ROLES].filter((role) => role !== "worker");
  if (!config.ROLES.has("worker") || answering.length === 0) {
    const db = open(all, [...config.ROLES]);
    return { db, workerDb: db };
  }
  const applying = Math.max(WORKER_POOL_MIN, Math.floor(all * WORKER_POOL_SHARE));
  return { db: open(Math.max(1, all - applying), answering), workerDb: open(applying, ["worker"]) };
}

function poolPart(pool: DatabasePool): Part {
  return { name: "postgres", start: () => Promise.resolve(), stop: () => pool.close() };
}

function createApiPart(shared: Shared): ApiPart {
  const { config, logger, metrics, tracer, db, queue, local, models, now } = shared;
  return apiPart({
    db,
    front: shared.front,
    ownWorker: config.ROLES.has("worker") ? shared.ownWorker : undefined,
    now,
    models,
    queue,
    tracer,
    metrics,
    logger,
    replies: local.receiver(replyChannel({ config, db, logger }).receiver()),
    secret: config.ROLLCALL_SECRET,
    host: config.HOST,
    port: config.API_PORT,
    publicUrl: config.PUBLIC_URL?.replace(/\/+$/, ""),
    submitTimeoutMs: config.SUBMIT_TIMEOUT_MS,
    asyncPendingMax: config.ASYNC_PENDING_MAX,
    lineLimits: {
      inFlightMax: config.WRITES_IN_FLIGHT_MAX,
      tenantInFlightMax: config.TENANT_WRITES_IN_FLIGHT_MAX,
      tenantLineMax: config.TENANT_LINE_MAX,
      tenantBytesMax: config.TENANT_LINE_BYTES_MAX,
    },
    bodyBytesMax: config.BODY_BYTES_MAX,
    authFailuresPerMinute: config.AUTH_FAILURES_PER_MINUTE,
    rateLimitShares: config.RATE_LIMIT_SHARES,
    oauthTokenSeconds: config.OAUTH_TOKEN_SECONDS,
    isPrivateIssuerAllowed: config.FEDERATION_PRIVATE_ALLOWED,
    discoveryPublic: config.DISCOVERY_PUBLIC,
    membersMax: config.MEMBERS_MAX_RETURNED,
    cycleIdleSeconds: config.CYCLE_IDLE_SECONDS,
  });
}

function createMetricsServer(
  { config, logger, metrics, db, workerDb, replica }: Shared,
  api: ApiPart | undefined,
): HttpServer {
  const pools = [...new Set([db, workerDb]), ...(replica ? [replica.pool] : [])];
  const handler = createMetricsHandler(metrics.registry, () => {
    const sum = { busy: 0, idle: 0, waiting: 0 };
    for (const { total, idle, waiting } of pools.map((pool) => pool.stats())) {
      sum.busy += total - idle;
      sum.idle += idle;
      sum.waiting += waiting;
    }
    for (const [state, count] of Object.entries(sum)) metrics.poolConnections.set({ state }, count);
    api?.expose();
  });
  return createHttpServer({ name: "metrics", host: config.HOST, port: config.METRICS_PORT, handler, logger });
}
