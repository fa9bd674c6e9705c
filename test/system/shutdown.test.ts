/** A process is told to stop under load, behind a balancer that asks who is ready: no client sees it. */
import { once } from "node:events";
import { Agent, request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { parseConfig } from "../../src/platform/config.ts";
import { prepareStores } from "../../src/prepare.ts";
import { holdRequest } from "../support/held-request.ts";
import { addTenant, type ServiceProcess, spawnService, testEnv, waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
// Long enough for a machine that is busy with other tests.
const SHUTDOWN_DELAY_SECONDS = "10";
const BALANCER_ASKS_MS = 100;
const CLIENTS = [{ keepAlive: true }, { keepAlive: true }, { keepAlive: false }, { keepAlive: false }];

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function openStores(): Promise<{ store: TestDatabase; env: ReturnType<typeof testEnv> }> {
  const store = await createTestDatabase();
  cleanUps.push(() => store.drop());
  const env = testEnv(store.url, openTestQueue(queueBackends()[0] ?? "postgres"), { SHUTDOWN_DELAY_SECONDS });
  await prepareStores(parseConfig({ ...env, ROLES: "api,worker,dashboard" }));
  return { store, env };
}

async function spawn(env: ReturnType<typeof testEnv>): Promise<ServiceProcess> {
  const spawned = await spawnService(env);
  cleanUps.push(() => (spawned.child.exitCode === null ? spawned.kill() : undefined));
  return spawned;
}

async function readiness(url: string): Promise<{ readonly code: number; readonly status: string }> {
  const response = await fetch(`${url}/health/ready`);
  return { code: response.status, status: ((await response.json()) as { readonly status: string }).status };
}

/** Sends to those that were ready when it asked last, in turns. */
function balance(urls: readonly string[]): () => string {
  const ready = new Set(urls);
  let turn = 0;
  const asking = setInterval(() => {
    for (const url of urls)
      readiness(url).then(
        ({ code }) => (code === 200 ? ready.add(url) : ready.delete(url)),
        () => ready.delete(url),
      );
  }, BALANCER_ASKS_MS);
  cleanUps.push(() => clearInterval(asking));
  return () => [...ready][turn++ % ready.size] ?? "";
}

interface Load {
  readonly acknowledged: string[];
  readonly wrong: string[];
  end(): Promise<void>;
}

function startLoad(chooseApi: () => string, token: string): Load {
  const acknowledged: string[] = [];
  const wrong: string[] = [];
  let isOver = false;
  const clients = CLIENTS.map(async ({ keepAlive }, client) => {
    const agent = new Agent({ keepAlive });
    for (let count = 0; !isOver; count += 1) {
      const userName = `user-${client}-${count}@contoso.com`;
      const api = chooseApi();
      try {
        const status = await createUser({ api, token, agent, userName });
        if (status === 201) acknowledged.push(userName);
        else wrong.push(`${api}: ${status}`);
      } catch (error) {
        wrong.push(`${api}: ${String(error)}`);
      }
      await sleep(5);
    }
    agent.destroy();
  });
  return {
    acknowledged,
    wrong,
    async end() {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

interface Creation {
  readonly api: string;
  readonly token: string;
  readonly agent: Agent;
  readonly userName: string;
}

function createUser({ api, token, agent, userName }: Creation): Promise<number> {
  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/scim+json" };
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${api}/scim/v2/Users`, { method: "POST", headers, agent }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    request.once("error", reject).end(JSON.stringify({ schemas: [USER], userName }));
  });
}

interface Line {
  /** Sends one request. @returns the answer's text, once its body is there */
  ask(): Promise<string>;
  /** Undefined while it is open; true where it was reset. */
  readonly brokeOff: () => boolean | undefined;
}

/** A connection that its client keeps. */
async function openLine(url: string): Promise<Line> {
  const { hostname, port } = new URL(url);
  const socket: Socket = connect(Number(port), hostname);
  cleanUps.push(() => socket.destroy());
  let text = "";
  let brokeOff: boolean | undefined;
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  socket.on("error", () => undefined).once("close", (hadError) => (brokeOff = hadError));
  await once(socket, "connect");
  return {
    async ask() {
      text = "";
      socket.write("GET /health/live HTTP/1.1\r\nHost: rollcall\r\n\r\n");
      await waitFor(() => text.endsWith("}"));
      return text;
    },
    brokeOff: () => brokeOff,
  };
}

const isRefused = (url: string): Promise<boolean> =>
  fetch(`${url}/health/live`).then(
    () => false,
    () => true,
  );

test("an api and a worker stop under load; no connection is refused or reset, and nothing is lost", async () => {
  const { store, env } = await openStores();
  const [going, staying, worker] = await Promise.all([
    spawn({ ...env, ROLES: "api,dashboard" }),
    spawn({ ...env, ROLES: "api,worker" }),
    spawn({ ...env, ROLES: "worker" }),
  ]);
  const consoleUrl = /Console +(\S+)/.exec(going.output())?.[1] ?? "";
  const { token, scim } = await addTenant(store, staying.apiUrl);
  const load = startLoad(balance([going.apiUrl, staying.apiUrl]), token);
  const [asking, idle] = await Promise.all([openLine(going.apiUrl), openLine(going.apiUrl)]);
  await waitFor(() => load.acknowledged.length >= 20);
  const before = [await asking.ask(), await idle.ask()];

  const ended = [going.stop(), worker.stop()];
  await waitFor(async () => (await readiness(going.apiUrl)).code === 503);
  const console = await readiness(consoleUrl);
  const leaving = await readiness(going.apiUrl);
  const onNewConnection = await fetch(`${going.apiUrl}/health/live`);
  const onKeptConnection = await asking.ask();
  const userName = "in-hand@contoso.com";
  const held = await holdRequest(`${going.apiUrl}/scim/v2/Users`, token, { schemas: [USER], userName });
  await waitFor(() => isRefused(going.apiUrl));
  const inHand = await held.finish();
  const codes = await Promise.all(ended);
  await load.end();

  for (const text of before) expect(text).not.toContain("Connection: close");
  expect([leaving, console]).toEqual([
    { code: 503, status: "draining" },
    { code: 503, status: "draining" },
  ]);
  expect([onNewConnection.status, onNewConnection.headers.get("connection")]).toEqual([200, "close"]);
  expect(onKeptConnection).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close/);
  expect([asking.brokeOff(), idle.brokeOff()]).toEqual([false, false]);
  expect(inHand).toBe(201);
  expect(codes, `${going.output()}${worker.output()}`).toEqual([0, 0]);
  expect(load.wrong).toEqual([]);
  expect((await scim("GET", "/Users")).body.totalResults).toBe(load.acknowledged.length + 1);
});

test("a second signal ends a process at once", async () => {
  const { env } = await openStores();
  const service = await spawn({ ...env, ROLES: "api", SHUTDOWN_DELAY_SECONDS: "300" });
  const ended = service.stop();
  await waitFor(async () => (await readiness(service.apiUrl)).code === 503);

  // One that comes with the first is the first, said twice; so it is said until it is heard.
  const asking = setInterval(() => service.child.kill("SIGTERM"), 100);
  cleanUps.push(() => clearInterval(asking));

  expect(await ended).toBe(143);
});

test("a worker without a door does not wait for anybody to notice that it goes", async () => {
  const { env } = await openStores();
  const worker = await spawn({ ...env, ROLES: "worker", SHUTDOWN_DELAY_SECONDS: "300", LOG_LEVEL: "info" });

  expect(await worker.stop()).toBe(0);
  expect(worker.output()).not.toContain("still answers");
});
