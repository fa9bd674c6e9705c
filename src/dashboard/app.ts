/** The console: what happens to a request, in order. Pages are in routes.ts; they know nothing of Express. */
import express, {
  type ErrorRequestHandler,
  type Express,
  type NextFunction,
  type Request,
  type Response,
} from "express";
import { clientOf } from "../platform/client-of.ts";
import { newId } from "../platform/ids.ts";
import type { Logger } from "../platform/logger.ts";
import type { WriteQueue } from "../queue/queues.ts";
import { eraseJobs, type JobsToErase } from "../queue/erase-jobs.ts";
import { repeatWrites, type WriteToRepeat } from "../queue/retry.ts";
import { hasAccounts } from "../store/accounts.ts";
import type { DatabasePool } from "../store/database.ts";
import type { LaggingReads } from "../store/lagging-reads.ts";
import type { Session } from "../store/sessions.ts";
import { type Asset, readAssets } from "./assets.ts";
import { createDoor, type Door } from "./door.ts";
import { boardPolicy, pagePolicy } from "./security-headers.ts";
import { html } from "./html.ts";
import { createLiveStreams, wantsStream } from "./live-stream.ts";
import { type Answer, type Console, mayActAs, notFound, page, type Visit } from "./page.ts";
import { createOidcSignIn, type OidcSettings } from "./oidc.ts";
import { type AnswerRoute, createPageReads } from "./page-reads.ts";
import { publicRoutes } from "./public-routes.ts";
import { BOARD_PATH, type BoardQueue, createQueueBoard } from "./queue-board.ts";
import { askToSignIn, boardIsReadOnly, forbidden, roleMissing, unreadable } from "./refusals.ts";
import type { Route } from "./route.ts";
import { ROUTES } from "./routes.ts";
import { IMPORT_PATH } from "./pages/preparation-import.ts";
import { LIST_UPLOAD_PATH } from "./pages/reconciliations.ts";
import { texts } from "./texts/texts.ts";
import { receiveUpload } from "./upload.ts";

const words = texts.frame;

export interface DashboardSettings extends Omit<Console, "now" | "eraseJobs" | "repeatWrites"> {
  /** The first is that of writes. */
  readonly queues: readonly [] | readonly [WriteQueue, ...BoardQueue[]];
  /** True where browsers reach the console over TLS. */
  readonly secureCookies: boolean;
  /** The OpenID provider that lets people in beside accounts of our own. */
  readonly oidc?: OidcSettings | undefined;
  /** Where pages that may lag are read from, where there is a replica. */
  readonly reads?: LaggingReads | undefined;
  readonly logger: Logger;
  /** True once the process is about to stop, and still answers. */
  readonly isLeaving?: () => boolean;
  /** True once it stops. */
  readonly isDraining?: () => boolean;
  readonly now?: () => Date;
}

const FORM_LIMIT = "16kb";
const USER_AGENT_CHARS_MAX = 300;

export function createDashboard(settings: DashboardSettings): Express {
  const { database, secret, publicUrl, consoleUrl, issuer, tokenTtlDays, webhookTargets, hasMail } = settings;
  const { sessionIdleMinutes } = settings;
  const deps: Console = {
    database,
    secret,
    publicUrl,
    consoleUrl,
    issuer,
    ...{ tokenTtlDays, sessionIdleMinutes },
    webhookTargets,
    hasMail,
    retention: settings.retention,
    now: settings.now ?? (() => new Date()),
    eraseJobs: (wanted) => eraseFrom(settings.queues, wanted),
    repeatWrites: (writes) => repeatOn(settings.queues, writes),
  };
  const assets = readAssets();
  const door = createDoor({
    database,
    ...{ secret, sessionIdleMinutes },
    secureCookies: settings.secureCookies,
    stylesheet: assets.stylesheet.path,
    script: assets.script.path,
  });
  const app = express();
  app.disable("x-powered-by");
  app.set("query parser", "simple");
  app.use("/health", healthRoutes(database, settings.isLeaving ?? (() => false)));
  app.use(refusePlain(door));
  app.use(BOARD_PATH, boardPolicy(settings.secureCookies));
  app.use(pagePolicy(settings.secureCookies));
  for (const asset of Object.values(assets) as Asset[]) app.get(asset.path, serve(asset));
  app.post([IMPORT_PATH, LIST_UPLOAD_PATH], receiveUpload(door, "admin"));
  app.use(express.urlencoded({ extended: false, limit: FORM_LIMIT }), door.enter, refuseNul(door));
  const oidc = settings.oidc && createOidcSignIn(settings.oidc, { secret, consoleUrl });
  for (const route of publicRoutes({ ...deps, logger: settings.logger, oidc })) {
    app[route.method](route.path, async (request, response) => {
      const { session, sessionId } = door.visitor(response);
      const visit = { ...visitOf(door, request, response), session, sessionId, flow: door.flowOf(request) };
      door.answer(response, await route.handle(visit));
    });
  }
  app.use(BOARD_PATH, guardBoard(door, settings.logger), createQueueBoard(settings.queues, assets));
  const stream = createLiveStreams({
    isDraining: settings.isDraining ?? (() => false),
    onError: (err) => settings.logger.warn({ err }, "a live page stands still for a moment"),
  });
  const answerRoute = createPageReads({ console: deps, reads: settings.reads, logger: settings.logger });
  for (const route of ROUTES)
    app[route.method](route.path, member(door, route, { answerRoute, stream, logger: settings.logger }));
  app.use((_request, response) => door.answer(response, notFound()));
  app.use(fail(door, settings.logger));
  return app;
}

async function eraseFrom(queues: DashboardSettings["queues"], wanted: JobsToErase): Promise<number> {
  let erased = 0;
  for (const queue of queues) erased += await eraseJobs(queue, wanted);
  return erased;
}

async function repeatOn(
  [queue]: DashboardSettings["queues"],
  writes: readonly WriteToRepeat[],
): Promise<void> {
  if (queue === undefined) throw new Error("this console has no queue to put writes on");
  await repeatWrites(queue, writes);
}

interface Member {
  readonly logger: Logger;
  readonly answerRoute: AnswerRoute;
  readonly stream: ReturnType<typeof createLiveStreams>;
}

/** Lets in who is signed in and has the role; others are asked to sign in, or told that they may not. */
function member(door: Door, route: Route, { answerRoute, stream, logger }: Member) {
  const answerTo = async (visit: Visit, session: Session | undefined): Promise<Answer | undefined> => {
    if (session === undefined) return undefined;
    return mayActAs(session.role, route.needs)
      ? answerRoute(route, { ...visit, session })
      : roleMissing(logger, session, route);
  };
  return async (request: Request, response: Response): Promise<void> => {
    const visit = visitOf(door, request, response);
    if (wantsStream(request)) {
      await stream(response, async () => {
        const answer = await answerTo(visit, await door.sessionNow(request));
        return answer?.kind === "page" ? answer : undefined;
      });
      return;
    }
    const answer = await answerTo(visit, door.visitor(response).session);
    door.answer(response, answer ?? askToSignIn(request));
  };
}

/** A password, or a session's cookie, that came in the clear has been read by others already. */
function refusePlain(door: Door) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (clientOf(request).isRefused) door.answer(response, forbidden(words.plainHttp));
    else next();
  };
}

/** Postgres holds no NUL in text, so nothing a person may mean has one: it is refused before it reaches a query. */
function refuseNul(door: Door) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const fields = [...formOf(request).values()];
    if (request.originalUrl.includes("%00") || fields.some((field) => field.includes("\0")))
      door.answer(response, unreadable(400));
    else next();
  };
}

function guardBoard(door: Door, logger: Logger) {
  return (request: Request, response: Response, next: NextFunction): void => {
    const { session } = door.visitor(response);
    if (session === undefined) door.answer(response, askToSignIn(request));
    // The board is read-only by its own setting; this holds whatever a later version of it may offer.
    else if (request.method !== "GET" && request.method !== "HEAD")
      door.answer(response, boardIsReadOnly(logger, session, request));
    else next();
  };
}

function visitOf(door: Door, request: Request, response: Response): Visit {
  const params = Object.entries(request.params).map(([name, value]) => [name, String(value)]);
  return {
    params: Object.fromEntries(params) as Record<string, string>,
    query: queryOf(request),
    form: formOf(request),
    csrfToken: door.visitor(response).csrfToken,
    client: {
      address: clientOf(request).address,
      userAgent:
        request
          .get("user-agent")
          ?.replace(/\p{Cc}/gu, " ")
          .slice(0, USER_AGENT_CHARS_MAX) ?? null,
    },
  };
}

/** Read by hand, since an address such as `//` is none that a URL parser would take. */
function queryOf({ originalUrl }: Request): URLSearchParams {
  const mark = originalUrl.indexOf("?");
  return new URLSearchParams(mark === -1 ? "" : originalUrl.slice(mark + 1));
}

/** Fields of a posted form; one sent twice counts once. */
function formOf(request: Request): URLSearchParams {
  const body: unknown = request.body;
  const form = new URLSearchParams();
  if (typeof body !== "object" || body === null) return form;
  for (const [name, value] of Object.entries(body)) if (typeof value === "string") form.set(name, value);
  return form;
}

function serve(asset: Asset) {
  return (_request: Request, response: Response): void => {
    response.set({ "Content-Type": asset.type, "Cache-Control": "public, max-age=31536000, immutable" });
    response.send(asset.body);
  };
}

/** For load balancers: without a session, and without detail. */
function healthRoutes(database: DatabasePool, isLeaving: () => boolean): express.Router {
  const router = express.Router();
  router.get("/live", (_request, response) => void response.json({ status: "up" }));
  router.get("/ready", async (_request, response) => {
    const isReady = await hasAccounts(database).then(
      () => true,
      () => false,
    );
    const status = isLeaving() ? "draining" : isReady ? "ready" : "unavailable";
    response.status(status === "ready" ? 200 : 503).json({ status });
  });
  return router;
}

function fail(door: Door, logger: Logger): ErrorRequestHandler {
  return (err: unknown, request, response, next) => {
    if (response.headersSent) {
      next(err);
      return;
    }
    const status = clientFault(err);
    if (status !== undefined) {
      door.answer(response, unreadable(status));
      return;
    }
    const correlationId = newId();
    logger.error({ err, correlationId, method: request.method }, "console request failed");
    const body = html`<h1>${words.ourFault}</h1>
      <p>${words.tryAgain(correlationId)}</p>`;
    door.answer(response, page(words.failed, body, { status: 500 }));
  };
}

/** What the body parser refuses carries its status. */
function clientFault(err: unknown): number | undefined {
  const status = err instanceof Error ? (err as Error & { status?: unknown }).status : undefined;
  return typeof status === "number" && status >= 400 && status < 500 ? status : undefined;
}
