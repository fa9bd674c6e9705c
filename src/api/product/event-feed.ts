/**
 * GET /v1/events: a tenant's events after a cursor, in their order. With `wait` the answer waits for the next one;
 * with `Accept: text/event-stream` it never ends. docs/events.md is its manual.
 */
import { type Request, type Response, Router } from "express";
import { z } from "zod";
import { PAYLOAD_VERSIONS } from "../../store/event-messages.ts";
import { EVENT_TYPES } from "../../store/events.ts";
import { contextOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import { type EventFeedDeps, type FeedPage, type Place, placeOf, readPage } from "./event-page.ts";
import { createEventStreams } from "./event-stream.ts";
import { ProblemError } from "./problem.ts";

const LIMIT_DEFAULT = 100;
const LIMIT_MAX = 1_000;
// Proxies in between commonly give up after a minute.
const WAIT_SECONDS_MAX = 50;

export function eventRoutes(deps: EventFeedDeps): Router {
  const router = Router();
  const streamEvents = createEventStreams(deps);
  router.get("/", async (request: Request, response: Response) => {
    const isStream = request.accepts(["application/json", "text/event-stream"]) === "text/event-stream";
    contextOf(response).operation = isStream ? "event-stream" : "events";
    const principal = productOf(response);
    const { types, limit, payloadVersion, ...query } = queryOf(request);
    const cursor = (isStream ? request.get("last-event-id") : undefined) ?? query.after;
    const after = await placeOf(deps, principal, cursor);
    const place = { after, types, limit, payloadVersion };
    if (isStream) return streamEvents({ request, response }, place);
    const page = await readOrWait(response, { ...place, wait: query.wait }, deps);
    response.json({
      events: page.events,
      cursor: deps.eventCursors.seal(principal.tenantId, page.next),
      hasMore: page.hasMore,
    });
  });
  router.all("/", (request: Request) => {
    const detail = `events are read by GET, not ${request.method}`;
    throw new ProblemError(405, "method-not-allowed", detail, { Allow: "GET" });
  });
  return router;
}

async function readOrWait(
  response: Response,
  { wait, ...start }: Place & { readonly wait: number },
  deps: EventFeedDeps,
): Promise<FeedPage> {
  const principal = productOf(response);
  const until = Date.now() + wait * 1_000;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  for (let place: Place = start; ;) {
    const page = await readPage(deps, principal, place);
    const timeoutMs = until - Date.now();
    if (page.events.length > 0 || timeoutMs <= 0 || gone.signal.aborted || deps.headWatch.isClosed)
      return page;
    place = { ...place, after: page.next };
    const { tenantId } = principal;
    await deps.headWatch.wait({ tenantId, after: page.next }, { timeoutMs, signal: gone.signal });
  }
}

const integer = z
  .string()
  .regex(/^\d{1,6}$/, "must be a whole number")
  .transform(Number);
const Query = z.object({
  after: z.string().optional(),
  types: z
    .string()
    .transform((text) => text.split(",").map((name) => name.trim()))
    .pipe(z.array(z.enum(EVENT_TYPES)))
    .optional(),
  limit: integer.pipe(z.number().min(1).max(LIMIT_MAX)).default(LIMIT_DEFAULT),
  // Whoever does not say reads what it always read.
  payloadVersion: integer.pipe(z.literal(PAYLOAD_VERSIONS)).default(1),
  wait: integer.pipe(z.number().max(WAIT_SECONDS_MAX)).default(0),
});

function queryOf(request: Request): z.infer<typeof Query> {
  const query = Query.safeParse(request.query);
  if (query.success) return query.data;
  const detail = query.error.issues
    .map(({ path, message }) => `${String(path[0] ?? "query")}: ${message}`)
    .join("; ");
  throw new ProblemError(400, "parameter-invalid", detail);
}
