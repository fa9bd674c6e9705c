/** A webhook's receiver: a real HTTP server that keeps what came and answers as it is told, and may be away. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Webhook } from "standardwebhooks";
import type { EventMessage } from "../../src/store/event-messages.ts";

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly message: EventMessage;
  readonly status: number;
}

export interface Receiver {
  readonly url: string;
  /** All that came, in order, whatever was answered. */
  readonly received: readonly Received[];
  /** What was answered with success, in order. */
  taken(): readonly EventMessage[];
  /** How it answers from now on. */
  answer(statusOf: (message: EventMessage) => number): void;
  /** Closes its port and all connections. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  let statusOf: (message: EventMessage) => number = () => 204;
  let server: Server | undefined;
  let port = 0;

  async function comeBack(): Promise<void> {
    const next = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const body = Buffer.concat(chunks).toString("utf8");
        const message = JSON.parse(body) as EventMessage;
        const status = statusOf(message);
        received.push({ headers: request.headers, body, message, status });
        const headers = status >= 300 && status <= 399 ? { Location: "/elsewhere" } : {};
        response.writeHead(status, headers).end(status === 204 ? undefined : `said ${status}`);
      });
    });
    server = next;
    await new Promise<void>((resolve) => next.listen(port, "127.0.0.1", resolve));
    ({ port } = next.address() as AddressInfo);
  }

  await comeBack();
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    taken: () => received.filter(({ status }) => status <= 299).map(({ message }) => message),
    answer: (next) => (statusOf = next),
    comeBack,
    goAway: () =>
      new Promise((resolve) => {
        server?.close(() => resolve());
        server?.closeAllConnections();
      }),
  };
}

/** By the official library. @throws {Error} when the signature is not that of the secret */
export function verify(secret: string, { headers, body }: Received): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>);
}
