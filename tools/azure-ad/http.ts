/** One HTTP exchange as Entra ID makes it: kept-alive connections, no User-Agent, form-style queries. */
import http from "node:http";
import https from "node:https";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** Below the tenant URL, such as `/Users`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface HttpResponse {
  readonly status: number;
  readonly contentType: string;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

export interface Transport {
  /** Rejects when no whole answer arrives: refused, reset, timed out. */
  readonly send: (request: HttpRequest) => Promise<HttpResponse>;
  readonly close: () => void;
}

export interface TransportOptions {
  /** The Tenant URL without trailing slash or query. */
  readonly url: string;
  readonly token: string;
  readonly connections: number;
  readonly timeoutMs: number;
}

/** A client of one tenant URL with a bounded number of kept-alive connections. */
export function createTransport(options: TransportOptions): Transport {
  const base = new URL(options.url);
  const secure = base.protocol === "https:";
  const agentOptions = { keepAlive: true, maxSockets: options.connections };
  const agent = secure ? new https.Agent(agentOptions) : new http.Agent(agentOptions);
  const { request } = secure ? https : http;

  const send = (exchange: HttpRequest): Promise<HttpResponse> =>
    new Promise((resolve, reject) => {
      const body = exchange.body === undefined ? undefined : Buffer.from(JSON.stringify(exchange.body));
      const outgoing = request(
        `${options.url}${exchange.path}${formQuery(exchange.query)}`,
        {
          method: exchange.method,
          agent,
          timeout: options.timeoutMs,
          headers: {
            authorization: `Bearer ${options.token}`,
            ...(body === undefined
              ? {}
              : {
                  "content-type": "application/scim+json; charset=utf-8",
                  "content-length": String(body.byteLength),
                }),
          },
        },
        (incoming) => void readAnswer(incoming).then(resolve, reject),
      );
      outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${options.timeoutMs} ms`)));
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  return { send, close: () => agent.destroy() };
}

/** `a=b+c`: a space is a plus, a plus is %2B, quotes are %22. */
export function formQuery(query: Readonly<Record<string, string>> | undefined): string {
  return query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
}

async function readAnswer(incoming: http.IncomingMessage): Promise<HttpResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return {
    status: incoming.statusCode ?? 0,
    contentType: incoming.headers["content-type"] ?? "",
    retryAfter: incoming.headers["retry-after"],
    text: Buffer.concat(chunks).toString("utf8"),
  };
}
