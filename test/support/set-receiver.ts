/** A receiver of security event tokens (RFC 8935): a real HTTP server that keeps what came and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface SetReceiver {
  readonly url: string;
  readonly received: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
  answer(status: number, body?: object): void;
  stop(): Promise<void>;
}

/** @param wanted - the only Authorization header that it takes; whatever comes if absent */
export async function startSetReceiver(wanted?: string): Promise<SetReceiver> {
  const received: SetReceiver["received"] = [];
  let [status, said]: [number, object | undefined] = [202, undefined];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      received.push({ headers: request.headers, body: Buffer.concat(chunks).toString("utf8") });
      const isStrange = wanted !== undefined && request.headers.authorization !== wanted;
      response.writeHead(isStrange ? 401 : status, said && { "Content-Type": "application/json" });
      response.end(said && JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/events`,
    received,
    answer: (...next) => ([status, said] = [next[0], next[1]]),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
