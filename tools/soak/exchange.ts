/**
 * One HTTP exchange: what came back, or that nothing whole did. Connections are kept alive, as Azure keeps them, and
 * each attempt may go to another process of the service.
 */
import http from "node:http";
import type { Socket } from "node:net";

export interface Wire {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the Tenant URL. */
  readonly path: string;
  readonly body?: string;
  readonly ifMatch?: string;
}

export type Attempt =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly etag: string | undefined;
      readonly retryAfter: string | undefined;
      readonly body: unknown;
      /** Resolves if its connection ends soon. */
      readonly ended: Promise<void>;
    }
  /** Refused, reset, cut off in the middle, or not in time: the client knows nothing. */
  | { readonly kind: "lost"; readonly reason: string };

export interface Exchanger {
  attempt(wire: Wire, target: { readonly port: number; readonly timeoutMs: number }): Promise<Attempt>;
  close(): void;
}

export function createExchanger(token: string): Exchanger {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  const ends = new Ends();
  return {
    attempt: (wire, { port, timeoutMs }) =>
      new Promise((resolve) => {
        const lost = (error: Error): void => resolve({ kind: "lost", reason: reasonOf(error) });
        const request = http.request(
          {
            host: "127.0.0.1",
            port,
            path: `/scim/v2${wire.path}`,
            method: wire.method,
            agent,
            headers: headersOf(wire, token),
          },
          (response) => void readAnswer(response, ends).then(resolve, lost),
        );
        const timer = setTimeout(() => request.destroy(new Error("timeout")), timeoutMs);
        request.once("close", () => clearTimeout(timer));
        request.on("error", lost);
        request.end(wire.body);
      }),
    close: () => agent.destroy(),
  };
}

function headersOf({ body, ifMatch }: Wire, token: string): Record<string, string> {
  return {
    authorization: `Bearer ${token}`,
    ...(ifMatch !== undefined && { "if-match": ifMatch }),
    ...(body !== undefined && {
      "content-type": "application/scim+json",
      "content-length": String(Buffer.byteLength(body)),
    }),
  };
}

// Later the service has taken the answer for received, or has said so.
const DOUBT_MS = 2_500;

interface Told {
  readonly at: number;
  readonly end: () => void;
}

/**
 * Of each connection, the answers of late: if it ends now, the service is in doubt whether they were read; one that was
 * killed has not said so of all of them.
 */
class Ends {
  readonly #told = new WeakMap<Socket, Told[]>();

  of(socket: Socket): Promise<void> {
    const known = this.#told.get(socket);
    const told = (known ?? []).filter(({ at }) => performance.now() - at < DOUBT_MS);
    this.#told.set(socket, told);
    if (!known) socket.once("close", () => this.#close(socket));
    return new Promise((end) => told.push({ at: performance.now(), end }));
  }

  #close(socket: Socket): void {
    const told = this.#told.get(socket) ?? [];
    for (const { at, end } of told) if (performance.now() - at < DOUBT_MS) end();
  }
}

async function readAnswer(response: http.IncomingMessage, ends: Ends): Promise<Attempt> {
  // Before the last byte: afterwards the connection may be another's.
  const ended = ends.of(response.socket);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  if (!response.complete) throw new Error("cut off");
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    kind: "answer",
    status: response.statusCode ?? 0,
    etag: response.headers.etag,
    retryAfter: response.headers["retry-after"],
    body: text === "" ? undefined : JSON.parse(text),
    ended,
  };
}

function reasonOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.message;
}
