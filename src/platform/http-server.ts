/**
 * An HTTP server as a part of a process: it takes connections once started, over TLS where it has certificates. Told to
 * leave, it asks clients to come again elsewhere; on stop it lets the requests in hand end before it closes their connections.
 */
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { Beat } from "./beat.ts";
import { clientOf, type ClientPolicy, LENIENT, meet } from "./client-of.ts";
import { limitSockets, type SocketLimits } from "./socket-limits.ts";
import type { Part } from "./lifecycle.ts";
import type { Logger } from "./logger.ts";
import { type CertificateExpiry, TlsCertificates, type TlsFiles } from "./tls-files.ts";

export interface HttpServerSettings {
  readonly name: string;
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly handler: RequestListener;
  readonly logger: Logger;
  readonly front?: FrontSettings;
}

/** What a server that faces the network is told; without it, whoever connects is taken as it comes. */
export interface FrontSettings extends ClientPolicy {
  /** TLS_CERT_FILE and TLS_KEY_FILE; none is plain HTTP. */
  readonly tls: readonly TlsFiles[];
  /** Told of the certificates in use, at the start and whenever they change. */
  readonly onCertificates?: (certificates: readonly CertificateExpiry[]) => void;
  /** How often the files are looked at. */
  readonly tlsCheckMs?: number;
  readonly connections?: SocketLimits;
  /** HEADERS_TIMEOUT_MS. */
  readonly headersTimeoutMs?: number;
  /** REQUEST_TIMEOUT_MS. */
  readonly requestTimeoutMs?: number;
  /** How long requests in hand may take to end once the server stops. */
  readonly drainMs?: number;
}

export interface HttpServer extends Part {
  /** Address of the server once it has started, without a trailing slash. */
  url(): string;
  leave(): void;
  /** True once `leave` or `stop` was called: readiness is off. */
  isLeaving(): boolean;
  /** True once `stop` was called: what would go on for ever ends. */
  isDraining(): boolean;
}

const HEADERS_TIMEOUT_MS = 15_000;
const REQUEST_TIMEOUT_MS = 120_000;
// Longer than a load balancer keeps an idle connection, or it would send a request into a closing one.
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
// Shorter than a part may take to stop (src/service.ts): connections are left behind, and never the server.
const DRAIN_MS = 10_000;
const TLS_CHECK_MS = 5_000;
// What Node has by default as well; said here, since it is a promise.
const HEADER_BYTES_MAX = 16_384;
const HEADERS_MAX = 200;
// A client that still sends when it is answered gets this long to read the answer.
const LINGER_MS = 3_000;
// As much of what it still sends is read meanwhile; the rest waits in the network, and costs us nothing.
const LINGER_BYTES = 4_194_304;
const LINGER_LOOK_MS = 50;
const HSTS = "max-age=31536000";

export function createHttpServer(settings: HttpServerSettings): HttpServer {
  let isLeaving = false;
  let isDraining = false;
  const { front } = settings;
  const options = timeOuts(front);
  const answer: RequestListener = (request, response) => {
    if (isLeaving) response.setHeader("Connection", "close");
    // RFC 6797 section 7.2: never over plain HTTP.
    if (clientOf(request).isSecure) response.setHeader("Strict-Transport-Security", HSTS);
    // Asked for now: a request whose reading was broken off has no socket any more when its answer ends.
    const { socket } = request;
    // A connection whose request was in hand when the drain began is idle only now.
    response.once("close", () => {
      if (isDraining) setImmediate(() => server.closeIdleConnections());
      if (!request.complete) linger(request, socket);
    });
    settings.handler(request, response);
  };
  const tls =
    front && front.tls.length > 0
      ? new TlsCertificates(front.tls, settings.logger, front.onCertificates)
      : undefined;
  const secured = tls && createTlsServer({ ...options, ...tls.options() }, answer);
  const server = secured ?? createServer(options, answer);
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  server.maxHeadersCount = HEADERS_MAX;
  if (front?.connections) limitSockets(server, front.connections, { ...front, logger: settings.logger });
  server.on(secured ? "secureConnection" : "connection", (socket: Socket) => meet(socket, front ?? LENIENT));
  const renewal = tls && secured && new Renewal(tls, secured, front?.tlsCheckMs ?? TLS_CHECK_MS);

  return {
    name: settings.name,
    async start() {
      await renewal?.start();
      await listen(server, settings);
    },
    leave: () => void (isLeaving = true),
    async stop() {
      isLeaving = isDraining = true;
      await renewal?.stop();
      await close(server, settings);
    },
    url: () => addressOf(server, { host: settings.host, scheme: tls ? "https" : "http" }),
    isLeaving: () => isLeaving,
    isDraining: () => isDraining,
  };
}

function timeOuts(front: FrontSettings | undefined) {
  const headersTimeout = front?.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
  return {
    headersTimeout,
    requestTimeout: front?.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    // Node looks for late ones at this beat, every half minute by default: twice as long as they may take.
    connectionsCheckingInterval: Math.min(5_000, headersTimeout),
    maxHeaderSize: HEADER_BYTES_MAX,
  };
}

/** A body that nobody waits for any more is read for a while and thrown away, then its connection is cut. */
function linger(request: IncomingMessage, socket: Socket): void {
  if (socket.destroyed) return;
  const until = performance.now() + LINGER_MS;
  const bytesMax = socket.bytesRead + LINGER_BYTES;
  // No listener of the socket's end: a connection that is kept may leave many bodies unread.
  const looking = setInterval(() => {
    if (request.complete || socket.destroyed) clearInterval(looking);
    else if (performance.now() >= until) socket.destroy();
    else if (socket.bytesRead > bytesMax) socket.pause();
  }, LINGER_LOOK_MS).unref();
}

/** Gives a server its certificates, and new ones when their files change; connections go on with what they began. */
class Renewal {
  readonly #tls: TlsCertificates;
  readonly #server: TlsServer;
  readonly #beat: Beat;

  constructor(tls: TlsCertificates, server: TlsServer, everyMs: number) {
    this.#tls = tls;
    this.#server = server;
    this.#beat = new Beat(async () => this.#use(await tls.readAgain()), everyMs);
  }

  async start(): Promise<void> {
    this.#use(await this.#tls.read());
    this.#beat.start();
  }

  stop(): Promise<void> {
    return this.#beat.cease();
  }

  #use(options: Awaited<ReturnType<TlsCertificates["read"]>>): void {
    if (options) this.#server.setSecureContext(options);
  }
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

function close(server: Server, { name, logger, front }: HttpServerSettings): Promise<void> {
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      logger.warn({ server: name }, "requests still open after the time to drain; closing their connections");
      server.closeAllConnections();
    }, front?.drainMs ?? DRAIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function addressOf(
  server: Server,
  { host, scheme }: { readonly host: string; readonly scheme: string },
): string {
  const { port } = server.address() as AddressInfo;
  const isAny = host === "0.0.0.0" || host === "::";
  const name = isAny ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  return `${scheme}://${name}:${port}`;
}
