/** The queue on a Redis Cluster, and on a master that sentinels watch: writes go through, and survive a failover. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { examineQueue } from "../../src/cli/examine.ts";
import { findRedis } from "../../src/embedded/redis.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { readEvictionPolicies } from "../../src/queue/redis.ts";
import { createService } from "../../src/service.ts";
import { USER } from "../support/provision.ts";
import { type RedisServers, startRedisCluster, startRedisSentinels } from "../support/redis-servers.ts";
import type { ScimAnswer } from "../support/scim-client.ts";
import { addTenant, testEnv, type TestTenant, waitFor } from "../support/service.ts";
import { createTestDatabase, type TestDatabase } from "../support/stores.ts";

/** An api and a worker that do not know of each other: outcomes travel through Redis. */
async function startApart(store: TestDatabase, redisUrl: string) {
  const config = (roles: string) =>
    parseConfig(testEnv(store.url, { redisUrl, prefix: "topology" }, { ROLES: roles }));
  const logger = createLogger({ service: "test", level: "silent" });
  const services = ["api", "worker"].map((roles) => createService(config(roles), logger, "0"));
  await Promise.all(services.map((service) => service.start()));
  const { api = "", metrics = "" } = services[0]?.addresses() ?? {};
  return {
    tenant: await addTenant(store, api),
    fallbacks: async (): Promise<number> => {
      const text = await (await fetch(`${metrics}/metrics`)).text();
      return Number(/^rollcall_outcome_fallbacks_total (\S+)$/m.exec(text)?.[1]);
    },
    stop: async () => {
      for (const service of services) await service.stop();
    },
  };
}

const examined = async (store: TestDatabase, redisUrl: string) => {
  const config = parseConfig(testEnv(store.url, { redisUrl, prefix: "topology" }));
  return examineQueue({ config, secret: undefined, apiUrl: undefined, tenantUrl: "" });
};

const create = ({ scim }: TestTenant, name: string): Promise<ScimAnswer> =>
  scim("POST", "/Users", { schemas: [USER], userName: name });

/** As a client does: 503 is answered by the same request again. */
async function createUntilAnswered(tenant: TestTenant, name: string): Promise<ScimAnswer> {
  let answer = await create(tenant, name);
  await waitFor(async () => {
    if (answer.status === 503) answer = await create(tenant, name);
    return answer.status !== 503;
  }, 180_000);
  return answer;
}

describe.skipIf(findRedis() === undefined)("with the queue on", () => {
  let store: TestDatabase;
  let servers: RedisServers | undefined;
  let service: Awaited<ReturnType<typeof startApart>> | undefined;

  async function open(start: () => Promise<RedisServers>): Promise<void> {
    store = await createTestDatabase();
    servers = await start();
    service = await startApart(store, servers.url);
  }

  async function close(): Promise<void> {
    await service?.stop();
    await servers?.stop();
    await store.drop();
  }

  describe("a cluster of three", () => {
    beforeAll(() => open(startRedisCluster), 90_000);
    afterAll(close);

    test("writes are applied, and their outcomes come back over the cluster's channels", async () => {
      const { tenant, fallbacks } = service!;
      const names = Array.from({ length: 40 }, (_, index) => `user${String(index)}`);

      const answers = await Promise.all(names.map((name) => create(tenant, name)));

      expect(answers.map(({ status }) => status)).toEqual(names.map(() => 201));
      expect((await tenant.scim("GET", "/Users?count=0")).body.totalResults).toBe(40);
      expect(await fallbacks()).toBe(0);
    });

    test("all keys of the queue lie in one slot", async () => {
      const holding = await Promise.all(servers!.nodes.map(({ client }) => client.dbsize()));
      expect(holding.filter((keys) => keys > 0)).toHaveLength(1);
    });

    test("the doctor looks at every node", async () => {
      const [, odd] = servers!.nodes;
      await odd!.client.config("SET", "maxmemory-policy", "allkeys-lru");

      const findings = await examined(store, servers!.url);

      expect(findings).toHaveLength(3);
      const policies = await readEvictionPolicies(servers!.url);
      expect([...policies].sort()).toEqual(["allkeys-lru", "noeviction", "noeviction"]);
      expect(findings.filter(({ problem }) => problem !== undefined)).toEqual([
        expect.objectContaining({
          problem: expect.stringMatching(`127.0.0.1:${odd!.port}: maxmemory-policy is allkeys-lru`) as string,
        }),
      ]);
    });
  });

  describe("a master, a replica and three sentinels", () => {
    beforeAll(() => open(startRedisSentinels), 120_000);
    afterAll(close);

    test("the doctor looks at the master and its replica", async () => {
      const [, replica] = servers!.nodes;
      await replica!.client.config("SET", "maxmemory-policy", "volatile-lru");

      const findings = await examined(store, servers!.url);
      expect(await readEvictionPolicies(servers!.url)).toEqual(["noeviction", "volatile-lru"]);
      await replica!.client.config("SET", "maxmemory-policy", "noeviction");

      expect(findings.map(({ problem }) => problem)).toEqual([
        undefined,
        expect.stringMatching(`127.0.0.1:${replica!.port}: maxmemory-policy is volatile-lru`),
      ]);
    });

    test("the master is killed under load: no acknowledged write is lost, and it recovers by itself", async () => {
      const { tenant } = service!;
      const acknowledged: string[] = [];
      const rest = Array.from({ length: 120 }, (_, index) => `user${String(index)}`).values();
      const client = async (): Promise<void> => {
        for (const name of rest) {
          const { status, body } = await createUntilAnswered(tenant, name);
          expect([name, status]).toEqual([name, 201]);
          acknowledged.push(body.id);
        }
      };
      const clients = Promise.all([client(), client(), client(), client()]);
      await waitFor(() => acknowledged.length >= 30);
      await servers!.nodes[0]!.kill();
      await clients;

      const { body } = await tenant.scim("GET", "/Users?count=200");
      expect(body.Resources.map(({ id }) => id).sort()).toEqual([...acknowledged].sort());
      expect(await servers!.nodes[1]!.client.info("replication")).toMatch(/role:master/);
    });
  });
});
