/**
 * POST /v1/security-events/{id}: a receiver asks for the security event tokens that wait for it, and says which it has.
 * RFC 8936. A token comes again with every poll until it is acknowledged or refused.
 */
import express, { type Request, type Response, Router } from "express";
import { z } from "zod";
import { isResourceId } from "../../store/members.ts";
import { issuerOf, signSets } from "../../store/security-events.ts";
import { type PolledPage, pollStream, type Settled } from "../../store/set-polls.ts";
import type { EndpointKey } from "../../store/webhook-endpoints.ts";
import { tenantDbOf } from "../context.ts";
import { productOf } from "./authenticate.ts";
import type { HeadWatch } from "./head-watch.ts";
import { checked } from "./checked.ts";
import { named } from "./named.ts";
import { ProblemError } from "./problem.ts";

const BODY_BYTES_MAX = 1_048_576;
const EVENTS_DEFAULT = 100;
const EVENTS_MAX = 1_000;
const SETTLED_MAX = 2_000;
const ERROR_CHARS_MAX = 500;
// Proxies in between commonly give up after a minute.
const WAIT_MS = 45_000;
const JTI = /^evt_([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

const text = z.string().regex(/^[^\0]*$/, "holds a character that cannot be stored");
/** RFC 8936 section 2.2; what it does not know is let pass, as the RFC wants. */
const Poll = z.object({
  maxEvents: z.number().int().min(0).default(EVENTS_DEFAULT),
  returnImmediately: z.boolean().default(false),
  ack: z.array(z.string()).max(SETTLED_MAX).default([]),
  setErrs: z
    .record(z.string(), z.object({ err: text, description: text.optional() }))
    .refine((errors) => Object.keys(errors).length <= SETTLED_MAX, `may have ${SETTLED_MAX} members at most`)
    .default({}),
});
type Poll = z.infer<typeof Poll>;

export interface SecurityEventDeps {
  readonly headWatch: HeadWatch;
  readonly secret: string;
  /** PUBLIC_URL. */
  readonly publicUrl: string | undefined;
}

export function securityEventRoutes(deps: SecurityEventDeps): Router {
  const router = Router();
  router.post(
    "/:id",
    named("poll-security-events"),
    express.json({ limit: BODY_BYTES_MAX, type: () => true }),
    async (request: Request, response: Response) => {
      const key = keyOf(request, response);
      const poll = checked(Poll, request.body ?? {}, "body");
      const page = await readOrWait(response, { key, poll }, deps);
      const { tenantId, audience, format } = page.stream;
      const receiver = { tenantId, audience, format, issuer: issuerOf(deps.publicUrl) };
      const sets = await signSets(tenantDbOf(response), receiver, {
        events: page.events,
        secret: deps.secret,
      });
      response.set("Cache-Control", "no-store");
      response.json({
        sets: Object.fromEntries(sets.map(({ jti, token }) => [jti, token])),
        ...(page.hasMore && { moreAvailable: true }),
      });
    },
  );
  router.all("/:id", (request: Request) => {
    const detail = `tokens are asked for by POST, not ${request.method}`;
    throw new ProblemError(405, "method-not-allowed", detail, { Allow: "POST" });
  });
  return router;
}

interface Asked {
  readonly key: EndpointKey;
  readonly poll: Poll;
}

/** A poll that may wait ends with the next token, or after a while without any. */
async function readOrWait(response: Response, { key, poll }: Asked, deps: SecurityEventDeps) {
  const until = Date.now() + WAIT_MS;
  const gone = new AbortController();
  response.once("close", () => gone.abort());
  const max = Math.min(poll.maxEvents, EVENTS_MAX);
  for (let settled = settledOf(poll); ; settled = NOTHING) {
    const page = found(await tenantDbOf(response).transaction((tx) => pollStream(tx, key, { settled, max })));
    const timeoutMs = until - Date.now();
    const mayWait = !poll.returnImmediately && max > 0 && timeoutMs > 0;
    const isOver = gone.signal.aborted || deps.headWatch.isClosed;
    if (page.events.length > 0 || page.hasMore || !mayWait || isOver) return page;
    const place = { tenantId: key.tenantId, after: page.through };
    await deps.headWatch.wait(place, { timeoutMs, signal: gone.signal });
  }
}

const NOTHING: Settled = { acknowledged: [], refused: [] };

/** Ids that are none of ours are passed over: what was acknowledged twice is no error. */
function settledOf({ ack, setErrs }: Poll): Settled {
  const idOf = (jti: string): readonly string[] => JTI.exec(jti)?.slice(1) ?? [];
  return {
    acknowledged: ack.flatMap(idOf),
    refused: Object.entries(setErrs).flatMap(([jti, { err, description }]) =>
      idOf(jti).map((eventId) => ({
        eventId,
        error: `refused: ${err}${description === undefined ? "" : `: ${description}`}`.slice(
          0,
          ERROR_CHARS_MAX,
        ),
      })),
    ),
  };
}

/** @throws {ProblemError} 404, or 409 while an admin has paused the stream */
function found(page: PolledPage | undefined): PolledPage {
  if (page === undefined) throw notFound();
  if (!page.stream.isPaused) return page;
  const detail = "the stream is paused; an admin resumes it in the console, or by webhook resume";
  throw new ProblemError(409, "stream-paused", detail, { "Retry-After": "60" });
}

/** @throws {ProblemError} 404 */
function keyOf(request: Request, response: Response): EndpointKey {
  const id = String(request.params["id"]).toLowerCase();
  if (!isResourceId(id)) throw notFound();
  return { tenantId: productOf(response).tenantId, id };
}

function notFound(): ProblemError {
  const detail =
    "the tenant has no stream of this id that is asked for by polls; bin/rollcall webhook list shows those there are";
  return new ProblemError(404, "stream-not-found", detail);
}
