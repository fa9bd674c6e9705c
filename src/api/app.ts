/** The api: what happens to a request, in order. */
import express, { type Express, type NextFunction, type Request, type Response, Router } from "express";
import { v7 as uuidv7 } from "uuid";
import { ScimError } from "../scim/index.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Activity } from "./activity.ts";
import { authenticate, type AuthenticateDeps } from "./authenticate.ts";
import { contextOf, principalOf, setContext } from "./context.ts";
import { discoveryRoutes } from "./discovery.ts";
import type { DoorLog } from "./door-log.ts";
import { type HealthDeps, healthRoutes } from "./health.ts";
import { observe } from "./observe.ts";
import { type ResourceDeps, resourceRoutes, rootRoutes } from "./resources.ts";
import { endpointNotFound, RefusedWrite, sendError } from "./respond.ts";

export interface ApiDeps extends AuthenticateDeps, HealthDeps, ResourceDeps {
  readonly activity: Activity;
  readonly doorLog: DoorLog;
  readonly metrics: Metrics;
  readonly logger: Logger;
}

export function createApi(deps: ApiDeps): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.use("/health", healthRoutes(deps));
  app.use(begin);
  app.use(observe(deps.metrics));
  app.use("/scim/v2", scimRoutes(deps));
  app.use((request: Request) => {
    throw endpointNotFound(request.path);
  });
  app.use(fail(deps));
  return app;
}

function scimRoutes(deps: ApiDeps): Router {
  const router = Router();
  router.use(authenticate(deps));
  router.use(async (_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).cycleId = await deps.activity.begin(principalOf(response));
    next();
  });
  router.use(discoveryRoutes(deps.baseUrl));
  router.use("/Users", resourceRoutes("User", deps));
  router.use("/Groups", resourceRoutes("Group", deps));
  router.use(rootRoutes(deps));
  return router;
}

function begin(_request: Request, response: Response, next: NextFunction): void {
  const correlationId = uuidv7();
  setContext(response, { correlationId, startedAt: performance.now(), resource: "none", operation: "none" });
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

const WRITES = new Set(["create", "replace", "patch", "delete"]);

function record(error: unknown, response: Response, { activity, doorLog, metrics, submit }: ApiDeps): void {
  const { principal, cycleId, correlationId, operation, resource, resourceId, body } = contextOf(response);
  if (!principal || !(error instanceof ScimError || error instanceof RefusedWrite)) return;
  const { scimType, status } = error instanceof RefusedWrite ? error.outcome : error;
  metrics.refusals.inc({
    tenant: metrics.tenant(principal.tenantSlug),
    reason: scimType ?? String(status),
  });
  // What a worker refused it has recorded by itself.
  if (!WRITES.has(operation) || error instanceof RefusedWrite) return;
  if (cycleId !== undefined) activity.countRefused(principal.tenantId, cycleId);
  doorLog.record({
    error,
    principal,
    cycleId: cycleId ?? null,
    apiId: submit.apiId,
    correlationId,
    operation,
    resourceType: resource,
    resourceId: resourceId ?? null,
    body,
  });
}
