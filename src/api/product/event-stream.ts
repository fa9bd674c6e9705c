/**
 * The event feed as server-sent events (HTML Living Standard, section 9.2): each event's id is its cursor, so that a
 * client that reconnects with Last-Event-ID goes on where it was. The key is checked again and again, since a stream
 * outlives the request's own check.
 */
import { once } from "node:events";
import type { Request, Response } from "express";
import { findProductPrincipal, type ProductPrincipal } from "../../store/product-keys.ts";
import { bearerOf } from "../bearer.ts";
import { contextOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { type EventFeedDeps, type FeedPage, type Place, readPage } from "./event-page.ts";
import { problemBody, ProblemError, problemOf } from "./problem.ts";

const RECONNECT_MS = 2_000;
// Shorter than a proxy keeps an idle connection.
const KEEP_ALIVE_MS = 15_000;
const STREAMS_PER_TENANT_MAX = 20;

interface Exchange {
  readonly request: Request;
  readonly response: Response;
}

/**
 * @returns a function that streams; it resolves when the client has gone, its key has ended, or the process ends, and
 * the client then comes again
 */
export function createEventStreams(deps: EventFeedDeps): (exchange: Exchange, start: Place) => Promise<void> {
  // Each holds a connection and looks at the database.
  const openByTenant = new Map<string, number>();
  return async (exchange, start) => {
    const principal = productOf(exchange.response);
    const { tenantId } = principal;
    const streams = openByTenant.get(tenantId) ?? 0;
    if (streams >= STREAMS_PER_TENANT_MAX) throw tooMany();
    openByTenant.set(tenantId, streams + 1);
    try {
      // What is wrong with the cursor is told by a status, while there can be one.
      const first = await readPage(deps, principal, start);
      await run(exchange, { start, first, principal }, deps);
    } finally {
      openByTenant.set(tenantId, (openByTenant.get(tenantId) ?? 1) - 1);
    }
  };
}

interface Streaming {
  readonly start: Place;
  readonly first: FeedPage;
  readonly principal: ProductPrincipal;
}

async function run(
  { request, response }: Exchange,
  { start, first, principal }: Streaming,
  deps: EventFeedDeps,
): Promise<void> {
  const { tenantId } = principal;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  response.status(200).set({ "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
  response.write(`retry: ${RECONNECT_MS}\n\n`);
  const isOver = (): boolean => gone.signal.aborted || deps.headWatch.isClosed;
  try {
    for (let page = first; !isOver();) {
      const sealed = deps.eventCursors.seal(tenantId, page.next);
      // An id alone moves the client's place and gives it no event; it also keeps the connection alive.
      const text = page.events.map(formatEvent).join("") || `id: ${sealed}\n\n`;
      if (!response.write(text)) await once(response, "drain", { signal: gone.signal });
      if (!page.hasMore) {
        const place = { tenantId, after: page.next };
        await deps.headWatch.wait(place, { timeoutMs: KEEP_ALIVE_MS, signal: gone.signal });
      }
      if (isOver() || !(await isStillLive(request, deps))) break;
      page = await readPage(deps, principal, { ...start, after: page.next });
    }
  } catch (error) {
    if (!gone.signal.aborted) report(response, error, deps);
  }
  response.end();
}

function formatEvent({ cursor, ...message }: FeedPage["events"][number]): string {
  return `id: ${cursor}\nevent: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`;
}

async function isStillLive(request: Request, { db, secret }: EventFeedDeps): Promise<boolean> {
  const bearer = bearerOf(request.get("authorization"));
  return "token" in bearer && (await findProductPrincipal(db, secret, bearer.token)) !== undefined;
}

function report(response: Response, error: unknown, { logger }: EventFeedDeps): void {
  const { correlationId } = contextOf(response);
  const problem = problemOf(error);
  if (problem.status >= 500) logger.error({ err: error, correlationId }, "an event stream ended");
  response.write(`event: problem\ndata: ${problemBody(problem, correlationId)}\n\n`);
}

function tooMany(): ProblemError {
  const detail = `the tenant has ${STREAMS_PER_TENANT_MAX} event streams open here; close one, and share it inside your product`;
  return new ProblemError(429, "too-many-streams", detail, { "Retry-After": "10" });
}
