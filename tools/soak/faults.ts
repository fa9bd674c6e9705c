/**
 * The faults: each is done to a running installation, lasts, and is undone. What a fault needs to know of time and
 * chance it is given, so that a seed brings the same sequence.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import type { Random } from "../azure-ad/random.ts";
import type { Installation } from "./installation.ts";
import { fillDisk } from "./disk.ts";
import { poison } from "./poison.ts";
import type { ServiceProcess } from "./service-process.ts";
import type { QueueKind, Store } from "./stores.ts";

export interface FaultSettings {
  readonly installation: Installation;
  readonly random: Random;
  /** The longest that a store or a process is away, frozen or slow. */
  readonly holdMs: number;
}

export interface Fault {
  readonly name: string;
  /** Backends it makes sense on. */
  readonly queues: readonly QueueKind[];
  /** Resolves once it is undone. */
  readonly run: (settings: FaultSettings) => Promise<void>;
}

const BOTH = ["redis", "postgres"] as const;
const REDIS = ["redis"] as const;
// A client's connection, or a worker's transaction, is met at a random moment of its work.
const MOMENT_MS = 200;

export const FAULTS: readonly Fault[] = [
  { name: "worker-kill", queues: BOTH, run: (settings) => restart(settings, aWorker(settings), "SIGKILL") },
  { name: "worker-stop", queues: BOTH, run: (settings) => restart(settings, aWorker(settings), "SIGTERM") },
  { name: "worker-freeze", queues: BOTH, run: (settings) => freeze(settings, aWorker(settings)) },
  { name: "workers-kill", queues: BOTH, run: killAllWorkers },
  {
    name: "api-kill",
    queues: BOTH,
    run: (settings) => restart(settings, anApi(settings).process, "SIGKILL"),
  },
  { name: "api-freeze", queues: BOTH, run: (settings) => freeze(settings, anApi(settings).process) },
  { name: "postgres-kill", queues: BOTH, run: (settings) => killStore(settings, postgresOf(settings)) },
  { name: "postgres-restart", queues: BOTH, run: (settings) => restartStore(settings, postgresOf(settings)) },
  { name: "postgres-freeze", queues: BOTH, run: (settings) => freeze(settings, postgresOf(settings)) },
  { name: "postgres-cut", queues: BOTH, run: (settings) => cut(settings, postgresOf(settings)) },
  { name: "postgres-slow", queues: BOTH, run: (settings) => slow(settings, postgresOf(settings)) },
  { name: "postgres-silent", queues: BOTH, run: (settings) => silence(settings, postgresOf(settings)) },
  { name: "postgres-disk-full", queues: BOTH, run: (settings) => fillDisk(settings) },
  { name: "redis-kill", queues: REDIS, run: (settings) => killStore(settings, redisOf(settings)) },
  { name: "redis-restart", queues: REDIS, run: (settings) => restartStore(settings, redisOf(settings)) },
  { name: "redis-freeze", queues: REDIS, run: (settings) => freeze(settings, redisOf(settings)) },
  { name: "redis-flush", queues: REDIS, run: (settings) => onRedis(settings, (redis) => redis.flushall()) },
  { name: "redis-full", queues: REDIS, run: fillRedis },
  { name: "redis-cut", queues: REDIS, run: (settings) => cut(settings, redisOf(settings)) },
  { name: "redis-slow", queues: REDIS, run: (settings) => slow(settings, redisOf(settings)) },
  { name: "redis-silent", queues: REDIS, run: (settings) => silence(settings, redisOf(settings)) },
  { name: "replies-lost", queues: REDIS, run: loseReplies },
  { name: "client-cut", queues: BOTH, run: cutClients },
  { name: "client-cut-answers", queues: BOTH, run: cutAnswers },
  { name: "client-slow", queues: BOTH, run: slowClients },
  { name: "poison", queues: BOTH, run: ({ installation }) => poison(installation) },
];

function postgresOf({ installation }: FaultSettings): Store {
  return installation.postgres;
}

function redisOf({ installation }: FaultSettings): Store {
  if (!installation.redis) throw new Error("this installation has no Redis");
  return installation.redis;
}

function aWorker({ installation, random }: FaultSettings): ServiceProcess {
  return random.pick(installation.workers);
}

function anApi({ installation, random }: FaultSettings): Installation["apis"][number] {
  return random.pick(installation.apis);
}

function hold({ random, holdMs }: FaultSettings): Promise<void> {
  return sleep(100 + random.below(holdMs));
}

async function restart(
  { random }: FaultSettings,
  process: ServiceProcess,
  signal: NodeJS.Signals,
): Promise<void> {
  await sleep(random.below(MOMENT_MS));
  await process.signal(signal);
  await process.start();
}

async function killAllWorkers(settings: FaultSettings): Promise<void> {
  const { workers } = settings.installation;
  await Promise.all(workers.map((worker) => worker.signal("SIGKILL")));
  await hold(settings);
  await Promise.all(workers.map((worker) => worker.start()));
}

async function freeze(settings: FaultSettings, what: { freeze(isFrozen: boolean): void }): Promise<void> {
  what.freeze(true);
  await hold(settings);
  what.freeze(false);
}

async function killStore(settings: FaultSettings, store: Store): Promise<void> {
  await sleep(settings.random.below(MOMENT_MS));
  store.kill();
  await sleep(settings.random.below(settings.holdMs / 2));
  await store.start();
}

async function restartStore(settings: FaultSettings, store: Store): Promise<void> {
  await store.stop();
  await sleep(settings.random.below(settings.holdMs / 2));
  await store.start();
}

async function cut(settings: FaultSettings, { proxy }: Store): Promise<void> {
  for (let times = 1 + settings.random.below(5); times > 0; times -= 1) {
    await sleep(settings.random.below(MOMENT_MS));
    proxy.cut();
  }
}

async function slow(settings: FaultSettings, { proxy }: Store): Promise<void> {
  proxy.delay(5 + settings.random.below(60));
  await hold(settings);
  proxy.delay(0);
}

async function silence(settings: FaultSettings, { proxy }: Store): Promise<void> {
  proxy.silence(true);
  await hold(settings);
  proxy.silence(false);
}

async function onRedis(settings: FaultSettings, work: (redis: Redis) => Promise<unknown>): Promise<void> {
  const redis = new Redis(redisOf(settings).directUrl(), { maxRetriesPerRequest: 1 });
  redis.on("error", () => undefined);
  try {
    await work(redis);
  } finally {
    redis.disconnect();
  }
}

/** `noeviction`: whatever would need memory is refused, whatever frees some is not. */
async function fillRedis(settings: FaultSettings): Promise<void> {
  await onRedis(settings, (redis) => redis.config("SET", "maxmemory", "1kb"));
  await hold(settings);
  await onRedis(settings, (redis) => redis.config("SET", "maxmemory", "0"));
}

/** The channels on which outcomes come back are cut, so that what is published meanwhile reaches nobody. */
async function loseReplies(settings: FaultSettings): Promise<void> {
  await onRedis(settings, async (redis) => {
    for (let times = 10; times > 0; times -= 1) {
      await redis.call("CLIENT", "KILL", "TYPE", "pubsub");
      await sleep(settings.random.below(MOMENT_MS));
    }
  });
}

async function cutClients({ installation, random }: FaultSettings): Promise<void> {
  for (let times = 3; times > 0; times -= 1) {
    await sleep(random.below(MOMENT_MS));
    random.pick(installation.apis).proxy.cut();
  }
}

async function cutAnswers({ installation, random }: FaultSettings): Promise<void> {
  for (const { proxy } of installation.apis) proxy.cutAnswers(1 + random.below(8));
  await sleep(500);
  for (const { proxy } of installation.apis) proxy.cutAnswers(0);
}

async function slowClients(settings: FaultSettings): Promise<void> {
  for (const { proxy } of settings.installation.apis) proxy.delay(settings.random.below(300));
  await hold(settings);
  for (const { proxy } of settings.installation.apis) proxy.delay(0);
}
