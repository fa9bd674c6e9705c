/** The api: what happens to a request, in order. */
import type { RequestListener } from "node:http";
import express, {
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from "express";
import { newId } from "../platform/ids.ts";
import { CORE_READING, ScimError } from "../scim/index.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { DatabasePool } from "../store/database.ts";
import type { Activity } from "./activity.ts";
import { asyncRequestRoutes } from "./async-requests.ts";
import { authenticate, type AuthenticateDeps } from "./authenticate.ts";
import { bearerOf } from "./bearer.ts";
import { bulk, type BulkRuns, type RefusedOperation } from "./bulk.ts";
import { contextOf, principalOf, setContext } from "./context.ts";
import { discoveryRoutes } from "./discovery.ts";
import type { DoorLog } from "./door-log.ts";
import { type HealthDeps, healthRoutes } from "./health.ts";
import { observe } from "./observe.ts";
import { createLoginCheck, isLoginCheck } from "./product/login-check.ts";
import { type ProductDeps, productRoutes } from "./product/routes.ts";
import { type ResourceDeps, resourceRoutes, rootRoutes } from "./resources.ts";
import { endpointNotFound, methodNotAllowed, RefusedWrite, sendError } from "./respond.ts";
import { readBytes } from "./scim-body.ts";

export interface ApiDeps extends AuthenticateDeps, HealthDeps, ProductDeps, ResourceDeps {
  readonly db: DatabasePool;
  readonly activity: Activity;
  readonly doorLog: DoorLog;
  /** DISCOVERY_PUBLIC. */
  readonly discoveryPublic: boolean;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export function createApi(deps: ApiDeps): RequestListener {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.use("/health", healthRoutes(deps));
  app.use(begin);
  app.use((request: Request, _response: Response, next: NextFunction) => {
    deps.submit.receipts.requested(request.socket);
    next();
  });
  app.use(observe(deps));
  app.use("/scim/v2", scimRoutes(deps));
  app.use("/v1", productRoutes(deps));
  app.use((request: Request) => {
    throw endpointNotFound(request.path);
  });
  app.use(fail(deps));
  const loginCheck = createLoginCheck(deps);
  return (request, response) => {
    if (isLoginCheck(request.url)) loginCheck(request, response);
    else void app(request, response);
  };
}

function scimRoutes(deps: ApiDeps): Router {
  const router = Router();
  // RFC 7643 section 5: how to authenticate should be readable before one can.
  if (deps.discoveryPublic) router.use(anonymously(discoveryRoutes(deps)));
  router.use(authenticate(deps));
  router.use(async (_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).cycleId = await deps.activity.begin(principalOf(response));
    next();
  });
  router.use(discoveryRoutes(deps));
  router.use("/Users", resourceRoutes("User", deps));
  router.use("/Groups", resourceRoutes("Group", deps));
  router.use(rootRoutes(deps));
  router.use("/Bulk", bulkRoutes(deps));
  router.use("/AsyncRequests", asyncRequestRoutes(deps));
  return router;
}

/** Who brings a token asks for what its own tenant has. */
function anonymously(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if ("failure" in bearerOf(request.get("authorization"))) void handler(request, response, next);
    else next();
  };
}

function begin(_request: Request, response: Response, next: NextFunction): void {
  const correlationId = newId();
  setContext(response, {
    correlationId,
    startedAt: performance.now(),
    reading: CORE_READING,
    resource: "none",
    operation: "none",
  });
  response.set("X-Correlation-Id", correlationId);
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Cache-Control", "no-store");
  next();
}

/** The last stop: every error becomes a SCIM error, is counted, and, where it refused a write, is recorded. */
function fail(deps: ApiDeps) {
  return (error: unknown, _request: Request, response: Response, next: NextFunction): void => {
    if (response.headersSent) {
      next(error);
      return;
    }
    const { result } = sendError(response, error, deps.logger);
    if (result === "refused") record(error, response, deps);
  };
}

/** Each operation that was refused before it was queued is recorded like a request of its own. */
function bulkRoutes(deps: ApiDeps): Router {
  const router = Router();
  const body = readBytes(deps.bodyBytesMax);
  const bulkRuns: BulkRuns = new Map();
  router.use((_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).operation = "bulk";
    next();
  });
  router.post("/", body, (request, response) => {
    const onRefused = (refused: RefusedOperation): void => recordRefusal(refused, response, deps);
    return bulk({ request, response }, { ...deps, bulkRuns, onRefused });
  });
  router.all("/", (request: Request, response: Response) => {
    response.set("Allow", "POST");
    throw methodNotAllowed(request.method, "POST");
  });
  return router;
}

const WRITES = new Set(["create", "replace", "patch", "delete"]);

function record(error: unknown, response: Response, deps: ApiDeps): void {
  const { principal, operation, resource, resourceId, body } = contextOf(response);
  if (!principal || !(error instanceof ScimError || error instanceof RefusedWrite)) return;
  const { scimType, status } = error instanceof RefusedWrite ? error.outcome : error;
  deps.metrics.refusals.inc({
    tenant: deps.metrics.tenant(principal.tenantSlug),
    reason: scimType ?? String(status),
  });
  // What a worker refused it has recorded by itself.
  if (!WRITES.has(operation) || error instanceof RefusedWrite) return;
  recordRefusal(
    { error, operation, resourceType: resource, resourceId: resourceId ?? null, body },
    response,
    deps,
  );
}

type RecordedRefusal = Omit<RefusedOperation, "operation" | "resourceType"> & {
  readonly operation: string;
  readonly resourceType: string;
};

function recordRefusal(
  refused: RecordedRefusal,
  response: Response,
  { activity, doorLog, submit }: ApiDeps,
): void {
  const { cycleId, correlationId } = contextOf(response);
  const principal = principalOf(response);
  const { tenantId } = principal;
  const { resourceType: resource, operation } = refused;
  if (cycleId !== undefined) activity.countRefused({ tenantId, cycleId, resource, operation });
  doorLog.record({ ...refused, principal, cycleId: cycleId ?? null, apiId: submit.apiId, correlationId });
}
