/** Redis as large installations run it, on this machine's loopback: a cluster of three, or a master with sentinels. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "../../src/embedded/processes.ts";
import { findRedis } from "../../src/embedded/redis.ts";
import { waitFor } from "./service.ts";

export const PASSWORD = "only-for-tests";

export interface RedisNodeUnderTest {
  readonly port: number;
  /** Speaks to this server alone, whatever it is part of. */
  readonly client: Redis;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
}

export interface RedisServers {
  readonly url: string;
  readonly nodes: readonly RedisNodeUnderTest[];
  readonly stop: () => Promise<void>;
}

const COMMON = [
  "bind 127.0.0.1",
  'save ""',
  "appendonly no",
  "maxmemory-policy noeviction",
  `requirepass ${PASSWORD}`,
  `masterauth ${PASSWORD}`,
];
const SLOTS = [
  [0, 5_460],
  [5_461, 10_922],
  [10_923, 16_383],
] as const;

export async function startRedisCluster(): Promise<RedisServers> {
  const servers = openDirectory();
  const buses = [await freePort(), await freePort(), await freePort()];
  const nodes = await Promise.all(
    buses.map((bus) =>
      servers.start([...COMMON, "cluster-enabled yes", `cluster-port ${bus}`, "cluster-node-timeout 2000"]),
    ),
  );
  const [first] = nodes;
  for (const [index, { client, port }] of nodes.entries()) {
    const [from, to] = SLOTS[index] ?? [0, 0];
    await client.call("CLUSTER", "ADDSLOTSRANGE", String(from), String(to));
    if (index > 0)
      await first!.client.call("CLUSTER", "MEET", "127.0.0.1", String(port), String(buses[index]));
  }
  await waitFor(async () => {
    const infos = await Promise.all(nodes.map(({ client }) => client.call("CLUSTER", "INFO")));
    return infos.every((info) => /cluster_state:ok[^]*cluster_known_nodes:3/.test(String(info)));
  }, 90_000);
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return { url: `redis-cluster://:${PASSWORD}@${hosts}`, nodes, stop: servers.stop };
}

/** Nodes: the master first, then its replica. */
export async function startRedisSentinels(): Promise<RedisServers> {
  const servers = openDirectory();
  const master = await servers.start(COMMON);
  const replica = await servers.start([...COMMON, `replicaof 127.0.0.1 ${master.port}`]);
  await waitFor(async () => /master_link_status:up/.test(await replica.client.info("replication")), 90_000);
  const settings = [
    "bind 127.0.0.1",
    `requirepass ${PASSWORD}`,
    `sentinel monitor main 127.0.0.1 ${master.port} 2`,
    `sentinel auth-pass main ${PASSWORD}`,
    `sentinel sentinel-pass ${PASSWORD}`,
    "sentinel down-after-milliseconds main 1000",
    "sentinel failover-timeout main 5000",
  ];
  const sentinels = await Promise.all([1, 2, 3].map(() => servers.start(settings, ["--sentinel"])));
  await waitFor(async () => {
    const known = await Promise.all(sentinels.map(({ client }) => client.call("SENTINEL", "MASTER", "main")));
    return known.every((facts) => {
      const fields = JSON.stringify(facts);
      return /"num-slaves","1"/.test(fields) && /"num-other-sentinels","2"/.test(fields);
    });
  }, 180_000);
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return {
    url: `redis-sentinel://:${PASSWORD}@${hosts}/main?sentinelPassword=${PASSWORD}`,
    nodes: [master, replica],
    stop: servers.stop,
  };
}

function openDirectory() {
  const directory = mkdtempSync(join(tmpdir(), "rollcall-redis-"));
  const started: RedisNodeUnderTest[] = [];
  return {
    start: async (settings: readonly string[], args: readonly string[] = []): Promise<RedisNodeUnderTest> => {
      const port = await freePort();
      const home = join(directory, String(port));
      mkdirSync(home);
      writeFileSync(join(home, "redis.conf"), [...settings, `port ${port}`, `dir ${home}`, ""].join("\n"));
      const child = spawn(findRedis() ?? "redis-server", [join(home, "redis.conf"), ...args], {
        stdio: "ignore",
      });
      const client = new Redis({ port, password: PASSWORD, retryStrategy: () => 50 });
      client.on("error", () => undefined); // Until it listens, and once it is killed.
      const node = { port, client, kill: () => killAndWait(child, client) };
      started.push(node);
      await client.ping();
      return node;
    },
    stop: async (): Promise<void> => {
      await Promise.all(started.map((node) => node.kill()));
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

async function killAndWait(child: ChildProcess, client: Redis): Promise<void> {
  client.disconnect();
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}
