/**
 * One POST to a receiver that somebody else has named: bounded in time and in what is read, to public addresses over
 * TLS unless settings allow others, and never where a redirect points.
 */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { assertPublicLiteral, ForbiddenAddressError, lookupPublic } from "./public-address.ts";

const RESPONSE_BYTES_MAX = 4_096;
const EXCERPT_CHARS_MAX = 500;
const SOCKETS_PER_HOST_MAX = 16;

export interface WebhookPosterSettings {
  readonly timeoutMs: number;
  /** WEBHOOK_PRIVATE_ALLOWED. */
  readonly isPrivateAllowed: boolean;
  /** WEBHOOK_HTTP_ALLOWED. */
  readonly isHttpAllowed: boolean;
}

export interface PostResult {
  /** Null where no answer came. */
  readonly status: number | null;
  readonly error: string | null;
  readonly durationMs: number;
  /** The beginning of the answer, where it is no success. */
  readonly excerpt: string | null;
}

export interface WebhookPoster {
  /** Never rejects: what went wrong is a result. */
  post(url: string, body: string, headers: Readonly<Record<string, string>>): Promise<PostResult>;
  close(): void;
}

export function createWebhookPoster(settings: WebhookPosterSettings): WebhookPoster {
  const options = {
    keepAlive: true,
    maxSockets: SOCKETS_PER_HOST_MAX,
    ...(settings.isPrivateAllowed ? {} : { lookup: lookupPublic }),
  };
  const agents = { "https:": new HttpsAgent(options), "http:": new HttpAgent(options) };
  return {
    async post(url, body, headers) {
      const startedAt = performance.now();
      const durationMs = (): number => Math.round(performance.now() - startedAt);
      try {
        const target = checkedUrl(url, settings);
        const { status, text } = await exchange(target, { body, headers, agents }, settings.timeoutMs);
        const isGood = status >= 200 && status <= 299;
        const error = isGood ? null : `answered ${status}`;
        return { status, error, durationMs: durationMs(), excerpt: isGood ? null : text };
      } catch (error) {
        return { status: null, error: reasonOf(error, settings), durationMs: durationMs(), excerpt: null };
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

/** @throws {ForbiddenAddressError} saying what about the address is not allowed */
export function checkedUrl(
  text: string,
  { isHttpAllowed, isPrivateAllowed }: Omit<WebhookPosterSettings, "timeoutMs">,
): URL {
  if (!URL.canParse(text)) throw new ForbiddenAddressError("it is not an absolute address");
  const url = new URL(text);
  if (url.protocol !== "https:" && !(isHttpAllowed && url.protocol === "http:"))
    throw new ForbiddenAddressError("it must begin with https://");
  if (url.username !== "" || url.password !== "")
    throw new ForbiddenAddressError("it must not hold a user name or password; the signature says who sends");
  if (!isPrivateAllowed) assertPublicLiteral(url);
  return url;
}

interface Outgoing {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly agents: { readonly "https:": HttpsAgent; readonly "http:": HttpAgent };
}

function exchange(
  url: URL,
  { body, headers, agents }: Outgoing,
  timeoutMs: number,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const isHttps = url.protocol === "https:";
    const request = (isHttps ? httpsRequest : httpRequest)(url, {
      method: "POST",
      agent: isHttps ? agents["https:"] : agents["http:"],
      headers: {
        "Content-Type": "application/json",
        "Content-Length": Buffer.byteLength(body),
        "User-Agent": "Rollcall-Webhooks",
        ...headers,
      },
      // From the first look-up to the last byte.
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.once("error", reject);
    request.once("response", (response) => {
      readBounded(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    request.end(body);
  });
}

/** Reads the beginning; a receiver that says more than that has its connection closed. */
async function readBounded(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the response.
    if (bytes >= RESPONSE_BYTES_MAX) break;
  }
  const text = Buffer.concat(chunks).toString("utf8").slice(0, EXCERPT_CHARS_MAX);
  // Postgres holds no NUL, and a terminal should not be told what to do.
  return text.replace(/\p{Cc}+/gu, " ");
}

function reasonOf(error: unknown, { timeoutMs }: WebhookPosterSettings): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError" || error.name === "AbortError") return `no answer within ${timeoutMs} ms`;
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
