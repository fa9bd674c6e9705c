/** Connections to Redis or Valkey: one server, a cluster, or the master that sentinels name. */
import { Cluster, Redis } from "ioredis";
import { readRedisAddress, type RedisAddress, type RedisNode } from "../platform/redis-address.ts";

export type RedisConnection = Redis | Cluster;

export interface RedisPatience {
  /** Null waits for as long as Redis is away: for workers, who have nothing better to do. */
  readonly maxRetriesPerRequest: number | null;
  /** False fails at once while there is no connection. */
  readonly enableOfflineQueue?: boolean;
  /** True sends what is called in one tick together. */
  readonly enableAutoPipelining?: boolean;
}

const RETRY_MS = 100;
const RETRY_MS_MAX = 2_000;
// A node that is gone without a word must not hold up the finding of its successor.
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 5_000;

/** @param onError - told of lost connections, which are made again by themselves */
export function openRedis(
  url: string,
  patience: RedisPatience,
  onError: (error: Error) => void,
): RedisConnection {
  const connection = connect(readRedisAddress(url), patience);
  connection.on("error", onError);
  return connection;
}

const retryStrategy = (attempt: number): number => Math.min(attempt * RETRY_MS, RETRY_MS_MAX);

function connect(address: RedisAddress, patience: RedisPatience): RedisConnection {
  const { maxRetriesPerRequest, enableOfflineQueue = true, enableAutoPipelining = false } = patience;
  const options = {
    maxRetriesPerRequest,
    enableAutoPipelining,
    connectTimeout: CONNECT_TIMEOUT_MS,
    // A master that was demoted under the connection refuses writes: connect again, and say it again.
    reconnectOnError: (error: Error) => (error.message.startsWith("READONLY") ? 2 : false),
  } as const;
  switch (address.kind) {
    case "server":
      return new Redis(address.url, { ...options, enableOfflineQueue, retryStrategy });
    case "sentinel":
      return new Redis({
        ...options,
        ...loginOf(address),
        enableOfflineQueue,
        retryStrategy,
        sentinels: [...address.sentinels],
        name: address.master,
        db: address.database,
        sentinelRetryStrategy: retryStrategy,
        ...(address.sentinelUsername !== undefined && { sentinelUsername: address.sentinelUsername }),
        ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
        ...(address.isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
      });
    case "cluster":
      return new Cluster([...address.nodes], {
        redisOptions: { ...options, ...loginOf(address) },
        enableOfflineQueue,
        enableAutoPipelining,
        clusterRetryStrategy: retryStrategy,
      });
  }
}

type Login = Exclude<RedisAddress, { kind: "server" }>;

function loginOf({ username, password, isTls }: Login) {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(isTls && { tls: {} }),
  };
}

/** One server of what a URL names. */
export interface RedisServer {
  /** As an operator knows it: its address, or nothing where there is one only. */
  readonly name: string;
  readonly info: () => Promise<string>;
}

/** Every server that may have to hold the queue: all nodes of a cluster; the master of sentinels and its replicas. */
export async function listRedisServers(
  connection: RedisConnection,
  url: string,
): Promise<readonly RedisServer[]> {
  const address = readRedisAddress(url);
  if (connection instanceof Cluster) {
    await new Promise<void>((resolve, reject) => {
      if (connection.status === "ready") resolve();
      connection.once("ready", resolve);
      connection.once("end", () => reject(new Error("none of the cluster's nodes answers")));
    });
    return connection.nodes("all").map((node) => ({
      name: `${String(node.options.host)}:${String(node.options.port)}`,
      info: () => node.info(),
    }));
  }
  if (address.kind !== "sentinel") return [{ name: "", info: () => connection.info() }];
  return listReplicated(connection, address);
}

/** @param info - as INFO answers it; CONFIG is often forbidden where Redis is rented */
export function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(info)?.[1];
}

/** What each server does when its memory is full; of a server that does not tell, nothing. */
export async function readEvictionPolicies(url: string): Promise<readonly string[]> {
  const redis = openRedis(url, { maxRetriesPerRequest: 0 }, () => undefined);
  // What waits for a server that does not come is told that the connection has ended.
  const timer = setTimeout(() => redis.disconnect(), ANSWER_TIMEOUT_MS);
  try {
    const servers = await listRedisServers(redis, url);
    const infos = await Promise.all(servers.map(({ info }) => info()));
    return infos.flatMap((info) => fieldOf(info, "maxmemory_policy") ?? []);
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
}

/** The replicas as the master tells of them: what a failover would promote. */
async function listReplicated(
  master: Redis,
  address: Extract<RedisAddress, { kind: "sentinel" }>,
): Promise<readonly RedisServer[]> {
  const replicas = [...(await master.info("replication")).matchAll(/^slave\d+:ip=([^,]+),port=(\d+)/gm)];
  return [
    { name: `master of ${address.master}`, info: () => master.info() },
    ...replicas.map(([, host = "", port = ""]) => ({
      name: `${host}:${port}`,
      info: () => infoOf({ ...loginOf(address), host, port: Number(port) }),
    })),
  ];
}

async function infoOf(options: RedisNode & ReturnType<typeof loginOf>): Promise<string> {
  const redis = new Redis({
    ...options,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    lazyConnect: true,
  });
  redis.on("error", () => undefined); // It comes through the command as well.
  try {
    return await redis.info();
  } finally {
    redis.disconnect();
  }
}
