/** One exchange with the server, over the platform's fetch; keeps what was sent beside what came back. */

export interface RequestOptions {
  /** A value is sent as JSON, a string as it stands. */
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  /** Over the standard ones; null leaves a standard one out. */
  readonly headers?: Readonly<Record<string, string | null>>;
}

export interface SentRequest {
  readonly method: string;
  /** Below the Tenant URL, with the query. */
  readonly path: string;
  readonly body: string | undefined;
}

export interface Answer {
  readonly request: SentRequest;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed text; undefined when it is empty or not JSON. */
  readonly body: unknown;
}

export interface Transport {
  /** @throws {Error} when no whole answer arrives in time */
  send(method: string, path: string, options?: RequestOptions): Promise<Answer>;
}

export interface TransportOptions {
  /** The Tenant URL without a slash at its end and without a query. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
}

const THROTTLED_TRIES = 5;
const SECOND_MS = 1000;

export function createTransport({ url, token, timeoutMs }: TransportOptions): Transport {
  const once = async (method: string, path: string, options: RequestOptions): Promise<Answer> => {
    const target = `${path}${queryOf(options.query)}`;
    const body = textOf(options.body);
    const response = await fetch(`${url}${target}`, {
      method,
      headers: headersOf(token, options),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      // As bytes, because fetch would give a string a Content-Type of its own.
      ...(body !== undefined && { body: new TextEncoder().encode(body) }),
    });
    const text = await response.text();
    const request = { method, path: target, body };
    return { request, status: response.status, headers: response.headers, text, body: parsed(text) };
  };
  return {
    async send(method, path, options = {}) {
      for (let tries = 1; ; tries += 1) {
        const answer = await once(method, path, options).catch((error: unknown) => {
          if (tries > 1 || !wasClosed(error)) throw error;
          return once(method, path, options);
        });
        // A limit of the server's is no fault of it: wait as asked, as any client does.
        if (answer.status !== 429 || tries === THROTTLED_TRIES) return answer;
        const seconds = Number(answer.headers.get("retry-after") ?? "1");
        await new Promise((resolve) => setTimeout(resolve, (seconds > 0 ? seconds : 1) * SECOND_MS));
      }
    },
  };
}

/** Whether a kept-alive connection ended just when it was used again, so that the request was never read. */
function wasClosed(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET";
}

/** In the form encoding that Microsoft's client uses: a space is a plus. */
function queryOf(query: RequestOptions["query"]): string {
  return query === undefined ? "" : `?${new URLSearchParams(query).toString()}`;
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || typeof body === "string") return body;
  return JSON.stringify(body);
}

function headersOf(token: string, { body, headers = {} }: RequestOptions): Record<string, string> {
  const standard: Record<string, string | null> = {
    authorization: `Bearer ${token}`,
    accept: "application/scim+json",
    "content-type": body === undefined ? null : "application/scim+json; charset=utf-8",
    ...headers,
  };
  return Object.fromEntries(
    Object.entries(standard).filter((entry): entry is [string, string] => entry[1] !== null),
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
