/** The forms of REDIS_URL. */
import { expect, test } from "vitest";
import { readRedisAddress } from "../../../src/platform/redis-address.ts";

test("one server is left to the client", () => {
  const url = "rediss://user:p%40ss@redis.example:6380/2";
  expect(readRedisAddress(url)).toEqual({ kind: "server", url });
});

test("a cluster: any nodes, with or without ports", () => {
  expect(readRedisAddress("rediss-cluster://:p%40s:s@a.example:7000,10.0.0.2,[::1]:7001")).toEqual({
    kind: "cluster",
    nodes: [
      { host: "a.example", port: 7000 },
      { host: "10.0.0.2", port: 6379 },
      { host: "::1", port: 7001 },
    ],
    isTls: true,
    username: undefined,
    password: "p@s:s",
  });
});

test("sentinels: the master's name, its database, and passwords of both", () => {
  expect(
    readRedisAddress("redis-sentinel://app:secret@s1,s2:26380/my-master/3?sentinelPassword=x%26y"),
  ).toEqual({
    kind: "sentinel",
    sentinels: [
      { host: "s1", port: 26379 },
      { host: "s2", port: 26380 },
    ],
    master: "my-master",
    database: 3,
    isTls: false,
    username: "app",
    password: "secret",
    sentinelUsername: undefined,
    sentinelPassword: "x&y",
  });
});

test.each([
  ["http://host", /redis:\/\//],
  ["redis-cluster://", /hosts/],
  ["redis-cluster://a,,b", /host:port/],
  ["redis-cluster://a:99999", /no port/],
  ["redis-cluster://a/1", /one database/],
  ["redis-sentinel://a", /name the master/],
  ["redis-sentinel://a/main/first", /number/],
  ["redis://a:b:c:d", /not a URL/],
])("%s is refused", (url, message) => {
  expect(() => readRedisAddress(url)).toThrow(message);
});

test("what is refused does not show the password", () => {
  expect(() => readRedisAddress("redis-cluster://:hush@a:99999")).toThrow(/^(?!.*hush)/);
});
