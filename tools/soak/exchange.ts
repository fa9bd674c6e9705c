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
      /** Resolves if its connection ends soon, before another answer comes over it. */
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

/** Of each connection, whose answer came last: if it ends now, the service is in doubt whether that was read. */
class Ends {
  readonly #told = new WeakMap<Socket, () => void>();

  of(socket: Socket): Promise<void> {
    const isKnown = this.#told.has(socket);
    return new Promise((resolve) => {
      const answeredAt = performance.now();
      this.#told.set(socket, () => {
        if (performance.now() - answeredAt < DOUBT_MS) resolve();
      });
      if (isKnown) return;
      socket.once("close", () => this.#told.get(socket)?.());
    });
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
