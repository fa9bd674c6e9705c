/**
 * The queues: their names, attempts, backoff and retention, and the backend they live in. With REDIS_URL that is
 * Redis or Valkey, without it BullMQ's Postgres backend in a schema of its own.
 */
import {
  type BackoffOptions,
  createPostgresBackend,
  type JobsOptions,
  Queue,
  type QueueOptions,
  runMigrations,
  Worker,
  type WorkerOptions,
} from "bullmq";
import pg from "pg";
import type { DeliveryJob, DigestJob, WriteJob } from "./contracts.ts";
import { PostgresQueue, QUEUE_PATIENCE_MS, QUEUE_SESSION } from "./postgres-queue.ts";
import { openRedis, readEvictionPolicies, type RedisConnection } from "./redis.ts";

export type WriteQueue = Queue<WriteJob, void>;
export type WriteWorker = Worker<WriteJob, void>;
export type WriteProcessor = (job: {
  readonly data: WriteJob;
  readonly attemptsMade: number;
}) => Promise<void>;

/** What is sent to the outside: events to webhooks, and digests of failed cycles. */
export type OutgoingJob = DeliveryJob | DigestJob;
export type DeliveryQueue = Queue<OutgoingJob, void>;
export type DeliveryWorker = Worker<OutgoingJob, void>;
export type DeliveryProcessor = (job: { readonly data: OutgoingJob }) => Promise<void>;

/** Names are data: they never follow a rename of code. */
export const QUEUES = { writes: "scim-writes", deliveries: "webhook-deliveries" } as const;
type QueueName = (typeof QUEUES)[keyof typeof QUEUES];

// A write is tried for about half a minute, longer than a client waits and than a store's restart takes.
const WRITE_ATTEMPTS = 8;
const WRITE_BACKOFF: BackoffOptions = { type: "exponential", delay: 250, jitter: 0.5 };
const FAILED_JOBS_KEPT = 5_000;
const FAILED_JOBS_KEPT_SECONDS = 14 * 24 * 3600;

// A refusal needs none, a fault has its own in the log, and one shows whoever looks where the files of a server lie.
const NO_STACK: JobsOptions = { stackTraceLimit: 0 };

export const WRITE_JOB: JobsOptions = {
  attempts: WRITE_ATTEMPTS,
  backoff: WRITE_BACKOFF,
  // The ledger in Postgres is the record; a finished job would only keep personal data about.
  removeOnComplete: true,
  removeOnFail: { count: FAILED_JOBS_KEPT, age: FAILED_JOBS_KEPT_SECONDS },
  ...NO_STACK,
};

export { WRITE_ATTEMPTS };

/** One attempt to send; when the next one is due stands in Postgres, which then makes another job. */
export const DELIVERY_JOB: JobsOptions = {
  attempts: 1,
  removeOnComplete: true,
  removeOnFail: { count: FAILED_JOBS_KEPT, age: FAILED_JOBS_KEPT_SECONDS },
  ...NO_STACK,
};

const JOB_OPTIONS: Readonly<Record<QueueName, JobsOptions>> = {
  [QUEUES.writes]: WRITE_JOB,
  [QUEUES.deliveries]: DELIVERY_JOB,
};

// A worker that died must be noticed while its clients still wait: well under the request budget of 20 s.
// A worker that merely stuttered may lose its lock; the ledger makes the redelivery harmless.
const LOCK_DURATION_MS = 8_000;
/** How long a job that a process works on by itself lies parked: a process that died is noticed as a worker is. */
export const PARKED_MS = LOCK_DURATION_MS;
const STALLED_INTERVAL_MS = 4_000;
const STALLED_COUNT_MAX = 10;
// Nobody reads the event stream: outcomes are handed over directly.
const EVENTS_KEPT = 100;
const POSTGRES_BACKEND_POOL_MAX: Readonly<Record<QueueName, number>> = {
  [QUEUES.writes]: 8,
  [QUEUES.deliveries]: 2,
};

export interface QueueSettings {
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string;
  /** Key prefix in Redis, schema in Postgres. */
  readonly prefix: string;
  /** How long a call waits for a Postgres that says nothing; what a request can wait for, if absent. */
  readonly patienceMs?: number;
  readonly onError: (error: Error) => void;
}

export interface QueueBackend {
  readonly kind: "redis" | "postgres";
  /** Opens the queue for adding jobs and looking at them. Calls fail fast while the backend is away. */
  openQueue(): WriteQueue;
  /** @param concurrency - jobs in hand at once */
  openWorker(process: WriteProcessor, concurrency: number): WriteWorker;
  openDeliveryQueue(): DeliveryQueue;
  openDeliveryWorker(process: DeliveryProcessor, concurrency: number): DeliveryWorker;
  /** Brings the backend's own schema up to date; nothing to do for Redis. */
  prepare(): Promise<void>;
  /** What each server of the queue does when its memory is full, as Redis names it; none where Postgres is the queue. */
  readEvictionPolicies(): Promise<readonly string[]>;
}

export function createQueueBackend(settings: QueueSettings): QueueBackend {
  return settings.redisUrl === undefined ? onPostgres(settings) : onRedis(settings, settings.redisUrl);
}

function onRedis(settings: QueueSettings, url: string): QueueBackend {
  // The braces are a hash tag: all keys of the queue live in one slot, as Redis Cluster asks.
  const prefix = `{${settings.prefix}}`;
  return {
    kind: "redis",
    prepare: () => Promise.resolve(),
    readEvictionPolicies: () => readEvictionPolicies(url),
    ...opened(
      (name) => {
        // A request would rather answer 503 at once than wait for Redis to return.
        const connection = openRedis(
          url,
          { maxRetriesPerRequest: 1, enableOfflineQueue: false, enableAutoPipelining: true },
          settings.onError,
        );
        const queue = new Queue(name, { connection, prefix, ...queueOptions(name) });
        queue.on("error", settings.onError);
        return closing(queue, connection);
      },
      (name, process, concurrency) => {
        const connection = openRedis(url, { maxRetriesPerRequest: null }, settings.onError);
        const worker = new Worker(name, process, { connection, prefix, ...workerOptions(concurrency) });
        worker.on("error", settings.onError);
        return closing(worker, connection);
      },
    ),
  };
}

function onPostgres(settings: QueueSettings): QueueBackend {
  const schema = `${settings.prefix}_queue`;
  const patienceMs = settings.patienceMs ?? QUEUE_PATIENCE_MS;
  const connectionOf = (name: QueueName) => ({
    connectionString: settings.databaseUrl,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    keepAlive: true,
    max: POSTGRES_BACKEND_POOL_MAX[name],
    schema,
    options: QUEUE_SESSION,
    application_name: "rollcall-queue",
  });
  return {
    kind: "postgres",
    readEvictionPolicies: () => Promise.resolve([]),
    async prepare() {
      const client = new pg.Client({ connectionString: settings.databaseUrl });
      await client.connect();
      try {
        await runMigrations(client, schema);
      } finally {
        await client.end();
      }
    },
    ...opened(
      (name) => {
        const options = { connection: connectionOf(name), ...queueOptions(name) };
        const queue = new PostgresQueue(name, options);
        queue.on("error", settings.onError);
        return queue;
      },
      (name, process, concurrency) => {
        const options = { connection: connectionOf(name), ...workerOptions(concurrency) };
        const worker = new Worker(name, process, options, createPostgresBackend);
        worker.on("error", settings.onError);
        return worker;
      },
    ),
  };
}

type Opened = Pick<QueueBackend, "openQueue" | "openWorker" | "openDeliveryQueue" | "openDeliveryWorker">;
type AnyProcessor = (job: { readonly data: never; readonly attemptsMade: number }) => Promise<void>;

/** The two queues of a backend by what travels in them, which BullMQ's own types leave open. */
function opened(
  queueOf: (name: QueueName) => unknown,
  workerOf: (name: QueueName, process: AnyProcessor, concurrency: number) => unknown,
): Opened {
  return {
    openQueue: () => queueOf(QUEUES.writes) as WriteQueue,
    openWorker: (process, concurrency) => workerOf(QUEUES.writes, process, concurrency) as WriteWorker,
    openDeliveryQueue: () => queueOf(QUEUES.deliveries) as DeliveryQueue,
    openDeliveryWorker: (process, concurrency) =>
      workerOf(QUEUES.deliveries, process, concurrency) as DeliveryWorker,
  };
}

function queueOptions(name: QueueName): Omit<QueueOptions, "connection"> {
  return { defaultJobOptions: JOB_OPTIONS[name], streams: { events: { maxLen: EVENTS_KEPT } } };
}

function workerOptions(concurrency: number): Omit<WorkerOptions, "connection"> {
  return {
    concurrency,
    autorun: false,
    lockDuration: LOCK_DURATION_MS,
    stalledInterval: STALLED_INTERVAL_MS,
    maxStalledCount: STALLED_COUNT_MAX,
    removeOnComplete: { count: 0 },
    removeOnFail: { count: FAILED_JOBS_KEPT, age: FAILED_JOBS_KEPT_SECONDS },
  };
}

/** A connection of our own making is ours to close, after the part that used it. */
function closing<Part extends { close(): Promise<void> }>(part: Part, connection: RedisConnection): Part {
  const close = part.close.bind(part);
  part.close = async () => {
    await close();
    connection.disconnect();
  };
  return part;
}
