/**
 * An HTTP server as a part of a process: it takes connections once started, and on stop it lets the requests in
 * hand end before it closes theirs.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Part } from "./lifecycle.ts";
import type { Logger } from "./logger.ts";

export interface HttpServerSettings {
  readonly name: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly handler: RequestListener;
  readonly logger: Logger;
}

export interface HttpServer extends Part {
  /** Address of the server once it has started, without a trailing slash. */
  url(): string;
  /** True from the moment `stop` was called: readiness is off. */
  isDraining(): boolean;
}

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;
// Longer than a load balancer keeps an idle connection, or it would send a request into a closing one.
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const DRAIN_MS = 25_000;

export function createHttpServer(settings: HttpServerSettings): HttpServer {
  let isDraining = false;
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      if (isDraining) response.setHeader("Connection", "close");
      // A connection whose request was in hand when the drain began is idle only now.
      response.once("close", () => isDraining && setImmediate(() => server.closeIdleConnections()));
      settings.handler(request, response);
    },
  );
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;

  return {
    name: settings.name,
    start: () => listen(server, settings),
    stop: () => {
      isDraining = true;
      return close(server, settings);
    },
    url: () => addressOf(server, settings.host),
    isDraining: () => isDraining,
  };
}

function listen(server: Server, { host, port }: HttpServerSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function close(server: Server, { name, logger }: HttpServerSettings): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      logger.warn({ server: name }, "requests still open after the time to drain; closing their connections");
      server.closeAllConnections();
    }, DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function addressOf(server: Server, host: string): string {
  const { port } = server.address() as AddressInfo;
  const isAny = host === "0.0.0.0" || host === "::";
  const name = isAny ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
