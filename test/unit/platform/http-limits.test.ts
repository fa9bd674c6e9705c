/** Clients that take time, connections and headers: bounded, and others are served meanwhile. On real sockets. */
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { addressRanges } from "../../../src/platform/address-ranges.ts";
import { createHttpServer, type FrontSettings, type HttpServer } from "../../../src/platform/http-server.ts";
import { createLogger } from "../../../src/platform/logger.ts";
import { TokenBuckets } from "../../../src/platform/token-bucket.ts";

const WAIT = { timeout: 30_000, interval: 25 };
let server: HttpServer;
const sockets: Socket[] = [];

async function serve(front: Partial<FrontSettings>): Promise<void> {
  server = createHttpServer({
    ...{ name: "test", host: "127.0.0.1", port: 0 },
    logger: createLogger({ service: "test", level: "silent" }),
    handler: (request, response) => {
      if (request.url === "/early") response.writeHead(413).end("too large");
      else if (request.url === "/broken-off") void breakOff(request).then(() => response.end("enough"));
      else request.resume().once("end", () => response.end("served"));
    },
    front: { tls: [], trustedProxies: addressRanges([]), isPlainAllowed: true, ...front },
  });
  await server.start();
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

/** As who reads a body piece by piece does, once it is too much. */
async function breakOff(request: IncomingMessage): Promise<void> {
  for await (const _piece of request) return;
}

interface Client {
  readonly socket: Socket;
  readonly isClosed: () => boolean;
  readonly text: () => string;
}

async function open(text = ""): Promise<Client> {
  const socket = connect(Number(new URL(server.url()).port), "127.0.0.1");
  sockets.push(socket);
  let got = "";
  let isClosed = false;
  socket.setEncoding("utf8").on("data", (chunk: string) => (got += chunk));
  socket.on("error", () => undefined).once("close", () => (isClosed = true));
  await once(socket, "connect");
  if (text !== "") socket.write(text);
  return { socket, isClosed: () => isClosed, text: () => got };
}

const isServed = async (): Promise<boolean> =>
  (await fetch(server.url(), { headers: { connection: "close" } })).status === 200;

test("two thousand idle connections, and headers and bodies that drip, are cut in time; others are served", async () => {
  await serve({ headersTimeoutMs: 2_500, requestTimeoutMs: 3_000 });
  const idle: Client[] = [];
  // Few at once: what the kernel has no place for in its line looks connected to the client, and is not.
  while (idle.length < 2_000) {
    idle.push(...(await Promise.all(Array.from({ length: 200 }, () => open()))));
    expect(await isServed()).toBe(true);
  }
  const headers = await open("GET / HTTP/1.1\r\nHost: x\r\n");
  const body = await open("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
  const dripping = setInterval(() => {
    if (headers.socket.writable) headers.socket.write("X-Slow: a\r\n");
    if (body.socket.writable) body.socket.write("a");
  }, 100);

  expect(await isServed()).toBe(true);
  await vi.waitUntil(() => [headers, body, ...idle].every((client) => client.isClosed()), WAIT);
  clearInterval(dripping);
  expect([headers.text(), body.text()].map((text) => text.split("\r\n")[0])).toEqual([
    "HTTP/1.1 408 Request Timeout",
    "HTTP/1.1 408 Request Timeout",
  ]);
  expect(await isServed()).toBe(true);
}, 180_000);

test("one address holds so many connections and no more, and gets places back; a trusted proxy's are not counted", async () => {
  await serve({ connections: { all: 100, perAddress: 10 } });
  const clients = await Promise.all(Array.from({ length: 30 }, () => open()));
  const closed = (): Client[] => clients.filter((client) => client.isClosed());

  await vi.waitUntil(() => closed().length === 20, WAIT);
  for (const client of clients) client.socket.destroy();
  await vi.waitUntil(() => isServed().catch(() => false), WAIT);
  await server.stop();

  await serve({ connections: { all: 100, perAddress: 10 }, trustedProxies: addressRanges(["127.0.0.1"]) });
  const proxied = await Promise.all(
    Array.from({ length: 30 }, () => open("GET / HTTP/1.1\r\nHost: x\r\n\r\n")),
  );
  await vi.waitUntil(() => proxied.every((client) => client.text().endsWith("served")), WAIT);
});

test("headers too long are refused, and no more of them counted than there may be", async () => {
  await serve({});
  const long = await open(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${"a".repeat(20_000)}\r\n\r\n`);
  const many = await open(`GET / HTTP/1.1\r\nHost: x\r\n${"X-A: a\r\n".repeat(5_000)}\r\n`);

  await vi.waitUntil(() => long.isClosed() && many.isClosed(), WAIT);
  for (const client of [long, many]) expect(client.text()).toMatch(/^HTTP\/1.1 431 /);
  expect(await isServed()).toBe(true);
});

test("who goes on sending after the answer gets the answer, and is cut", async () => {
  await serve({});
  const endless = await open("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
  const sending = setInterval(() => endless.socket.writable && endless.socket.write("a".repeat(1_000)), 50);

  await vi.waitUntil(() => endless.isClosed(), WAIT);
  clearInterval(sending);
  expect(endless.text()).toMatch(/^HTTP\/1.1 413 [\s\S]*too large/);
});

test("of what is sent after the answer little is read, and a connection that ends its body is kept", async () => {
  await serve({});
  const flood = await open("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
  const chunk = Buffer.alloc(262_144, "a");
  const pour = (): void => {
    while (flood.socket.writable && flood.socket.bytesWritten < 1_000_000_000)
      if (!flood.socket.write(chunk)) return void flood.socket.once("drain", pour);
  };
  pour();
  const late = await open("POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n");
  await vi.waitUntil(() => late.text().includes("too large"), WAIT);
  late.socket.write(`${"a".repeat(10)}GET / HTTP/1.1\r\nHost: x\r\n\r\n`);

  await vi.waitUntil(() => flood.isClosed() && late.text().endsWith("served"), WAIT);
  expect(flood.text()).toMatch(/^HTTP\/1.1 413 [\s\S]*too large/);
  // It would be hundreds of MB in the time that it has; what the kernel holds comes on top.
  expect(flood.socket.bytesWritten).toBeLessThan(200_000_000);
  expect(late.isClosed()).toBe(false);
});

test("a bucket gives what it holds, then as it fills, and says truly when the next is there", () => {
  let now = 0;
  const buckets = new TokenBuckets(() => now);
  const flow = { capacity: 3, perSecond: 0.5 };
  const draw = () => buckets.draw("a", flow);

  expect([draw(), draw(), draw()].map((each) => each.remaining)).toEqual([2, 1, 0]);
  expect(draw()).toEqual({ isAllowed: false, remaining: 0, retryAfterSeconds: 2 });
  expect(buckets.draw("b", flow).isAllowed).toBe(true);
  now += 1_500;
  expect(draw()).toEqual({ isAllowed: false, remaining: 0, retryAfterSeconds: 1 });
  now += 500;
  expect(draw().isAllowed).toBe(true);
  now += 3_600_000;
  expect(draw().remaining).toBe(2);
  for (let key = 0; key < 20_000; key += 1) buckets.draw(`key ${key}`, flow);
  expect(buckets.draw("key 19999", flow).remaining).toBe(1);
});

test("a body whose reading was broken off is answered, and the server goes on", async () => {
  await serve({});
  const client = await open("POST /broken-off HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nabc");

  await vi.waitFor(() => expect(client.isClosed() || client.text().includes("enough")).toBe(true), WAIT);
  await vi.waitFor(() => expect(client.isClosed()).toBe(true), WAIT);
  expect(await isServed()).toBe(true);
});

test("a request that does not end is cut once the server has waited for it, and the server stops", async () => {
  await serve({ drainMs: 100 });
  const body = await open("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  await vi.waitUntil(() => body.text().includes("100 Continue"), WAIT);

  await server.stop();

  await vi.waitUntil(() => body.isClosed(), WAIT);
});
