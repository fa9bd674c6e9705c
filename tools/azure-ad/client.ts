/**
 * Requests with the patience of Entra ID: 429, 408, 5xx and lost connections are tried again with growing
 * pauses, Retry-After is honoured, and what still fails is the caller's to put aside for the next cycle.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpRequest, HttpResponse, Transport } from "./http.ts";
import { formQuery } from "./http.ts";
import { asResource } from "./mapping.ts";
import type { Resource } from "./mapping.ts";
import type { Operation, Stats } from "./stats.ts";

export interface Ask extends HttpRequest {
  readonly operation: Operation;
  /** Refusals that mean something to the caller: counted as errors, but returned instead of thrown. */
  readonly tolerate?: readonly number[];
}

export interface Answer {
  readonly status: number;
  readonly body: Resource;
}

export interface RetryOptions {
  readonly tries: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

/** The request was refused for good, or failed as often as it may. */
export class RequestFailed extends Error {
  override readonly name = "RequestFailed";
}

/** The credential was refused: Entra ID stops the whole job, whatever else works. */
export class Quarantined extends Error {
  override readonly name = "Quarantined";
}

export type Client = (ask: Ask) => Promise<Answer>;

export interface ClientParts {
  readonly transport: Transport;
  readonly stats: Stats;
  readonly retry: RetryOptions;
}

const DETAIL_CHARS_MAX = 300;

/** A client that sends, measures, counts and retries. */
export function createClient({ transport, stats, retry }: ClientParts): Client {
  return async (ask) => {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await tryOnce(ask, transport, stats);
      if (outcome.kind === "answered") return outcome.answer;
      const { status, detail } = outcome;
      const target = `${ask.method} ${ask.path}${formQuery(ask.query)}`;
      stats.error({ operation: ask.operation, status, target, detail });
      if (outcome.kind === "refused") {
        if (outcome.answer !== undefined) return outcome.answer;
        if (status === "401" || status === "403") throw new Quarantined(`${target}: ${status} ${detail}`);
      }
      if (outcome.kind === "refused" || attempt >= retry.tries) {
        throw new RequestFailed(`${target}: ${status} ${detail}`);
      }
      stats.retry(ask.operation);
      await sleep(pauseMs(attempt, outcome.retryAfterMs, retry));
    }
  };
}

type Outcome =
  | { readonly kind: "answered"; readonly answer: Answer }
  | {
      readonly kind: "refused";
      readonly status: string;
      readonly detail: string;
      readonly answer: Answer | undefined;
    }
  | {
      readonly kind: "transient";
      readonly status: string;
      readonly detail: string;
      readonly retryAfterMs: number;
    };

async function tryOnce(ask: Ask, transport: Transport, stats: Stats): Promise<Outcome> {
  const startedAt = performance.now();
  let response: HttpResponse;
  try {
    response = await transport.send(ask);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { kind: "transient", status: code ?? "connection", detail: message, retryAfterMs: 0 };
  } finally {
    stats.request(ask.operation, performance.now() - startedAt);
  }
  return judge(ask, response);
}

function judge(ask: Ask, response: HttpResponse): Outcome {
  const { status, text } = response;
  const detail = text.slice(0, DETAIL_CHARS_MAX);
  if (status >= 200 && status < 300) return readSuccess(response);
  if (status === 429 || status === 408 || (status >= 500 && status !== 501)) {
    const retryAfterMs = parseRetryAfter(response.retryAfter, Date.now());
    return { kind: "transient", status: String(status), detail, retryAfterMs };
  }
  const answer = ask.tolerate?.includes(status) === true ? { status, body: {} } : undefined;
  return { kind: "refused", status: String(status), detail, answer };
}

/** A success that cannot be read is a failure: Entra ID calls it an incompatible service. */
function readSuccess({ status, text, contentType }: HttpResponse): Outcome {
  if (text === "") return { kind: "answered", answer: { status, body: {} } };
  const unreadable = (detail: string): Outcome => ({
    kind: "refused",
    status: "unreadable",
    detail,
    answer: undefined,
  });
  if (!contentType.toLowerCase().startsWith("application/scim+json")) {
    return unreadable(`content type is ${contentType === "" ? "missing" : contentType}`);
  }
  try {
    return { kind: "answered", answer: { status, body: asResource(JSON.parse(text)) } };
  } catch {
    return unreadable(`not JSON: ${text.slice(0, DETAIL_CHARS_MAX)}`);
  }
}

/** Seconds or a date (RFC 9110 §10.2.3), as milliseconds from now; 0 when absent or senseless. */
export function parseRetryAfter(header: string | undefined, now: number): number {
  if (header === undefined) return 0;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** Doubles from the base, half of it by chance; never shorter than the server asked for. */
function pauseMs(attempt: number, retryAfterMs: number, { baseMs, maxMs }: RetryOptions): number {
  const backoffMs = Math.min(maxMs, baseMs * 2 ** (attempt - 1));
  const jitteredMs = backoffMs * (0.5 + Math.random() / 2);
  return Math.max(jitteredMs, retryAfterMs);
}
