/** The client's patience: what it tries again, how long it waits, what it gives up at once. */
import { expect, test } from "vitest";
import type { Ask, RetryOptions } from "../../../tools/azure-ad/client.ts";
import { createClient, parseRetryAfter, Quarantined, RequestFailed } from "../../../tools/azure-ad/client.ts";
import type { HttpResponse, Transport } from "../../../tools/azure-ad/http.ts";
import { createStats } from "../../../tools/azure-ad/stats.ts";

const ASK: Ask = { operation: "get user", method: "GET", path: "/Users/u1" };
const RETRY: RetryOptions = { tries: 3, baseMs: 1, maxMs: 4 };
const OK = response(200, { text: '{"id":"u1"}' });

function response(status: number, more: Partial<HttpResponse> = {}): HttpResponse {
  return { status, contentType: "application/scim+json", retryAfter: undefined, text: "", ...more };
}

/** A transport that gives the answers in turn. */
function clientOf(answers: (HttpResponse | Error)[], retry = RETRY) {
  const stats = createStats();
  const transport: Transport = {
    send: () => {
      const next = answers.shift();
      if (next === undefined) throw new Error("asked once too often");
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    close: () => undefined,
  };
  return { client: createClient({ transport, stats, retry }), stats };
}

test.each([408, 429, 500, 502, 503, 504])("%i is tried again", async (status) => {
  const { client, stats } = clientOf([response(status), OK]);

  expect((await client(ASK)).body).toEqual({ id: "u1" });
  expect(stats.operations()).toMatchObject([{ operation: "get user", requests: 2, errors: 1, retries: 1 }]);
});

test("a lost connection is tried again, and counted under its code", async () => {
  const lost = Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  const { client, stats } = clientOf([lost, OK]);

  await client(ASK);

  expect(stats.errors().byStatus).toEqual({ ECONNRESET: 1 });
});

test("after all tries it fails with the last answer", async () => {
  const { client, stats } = clientOf([response(503), response(503), response(500, { text: "boom" })]);

  await expect(client(ASK)).rejects.toThrow(/GET \/Users\/u1: 500 boom/);
  expect(stats.errors()).toMatchObject({ total: 3, byStatus: { 503: 2, 500: 1 } });
});

test.each([400, 404, 405, 409, 412, 501])("%i is not tried again", async (status) => {
  await expect(clientOf([response(status)]).client(ASK)).rejects.toThrow(RequestFailed);
});

test("a refusal that the caller bears is returned, and counted all the same", async () => {
  const { client, stats } = clientOf([response(404)]);

  expect(await client({ ...ASK, tolerate: [404] })).toEqual({ status: 404, body: {} });
  expect(stats.errors().total).toBe(1);
});

test.each([401, 403])("%i ends the job", async (status) => {
  await expect(clientOf([response(status)]).client(ASK)).rejects.toThrow(Quarantined);
});

test("Retry-After is waited for, however short the backoff", async () => {
  const { client } = clientOf([response(429, { retryAfter: "1" }), OK]);
  const startedAt = performance.now();

  await client(ASK);

  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(990);
});

test("Retry-After is read as seconds or a date", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");

  expect(parseRetryAfter("3", now)).toBe(3000);
  expect(parseRetryAfter("Thu, 01 Jan 2026 00:00:05 GMT", now)).toBe(5000);
  expect(parseRetryAfter("Wed, 31 Dec 2025 00:00:00 GMT", now)).toBe(0);
  expect(parseRetryAfter("soon", now)).toBe(0);
  expect(parseRetryAfter(undefined, now)).toBe(0);
});

test("a success that is not SCIM is an incompatible service", async () => {
  const json = response(200, { text: "{}", contentType: "application/json" });
  const broken = response(200, { text: "{" });

  await expect(clientOf([json]).client(ASK)).rejects.toThrow(/content type is application\/json/);
  await expect(clientOf([broken]).client(ASK)).rejects.toThrow(/not JSON/);
});

test("percentiles are within two percent, and the maximum exact", () => {
  const stats = createStats();
  for (let ms = 1; ms <= 1000; ms += 1) stats.request("create user", ms);
  const [row] = stats.operations();

  expect(row!.p50Ms / 500).toBeCloseTo(1, 1);
  expect(row!.p99Ms / 990).toBeCloseTo(1, 1);
  expect(row!.maxMs).toBe(1000);
  expect(stats.totals()).toEqual({ requests: 1000, writes: 1000, done: { "create user": 1000 } });
});
