/**
 * The api: what happens to a request. Users, groups and login checks, which are nearly all requests there are, are
 * served by Node's own HTTP; whatever else goes through Express (docs/decisions/0027).
 */
import type { RequestListener } from "node:http";
import express, {
  type ErrorRequestHandler,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  Router,
} from "express";
import type { DatabasePool } from "../store/database.ts";
import { asyncRequestRoutes } from "./async-requests.ts";
import { bearerOf } from "./bearer.ts";
import { bulk, type BulkRuns, type RefusedOperation } from "./bulk.ts";
import { contextOf } from "./context.ts";
import { discoveryRoutes } from "./discovery.ts";
import { begin, enter, type EnterDeps } from "./enter.ts";
import { type HealthDeps, healthRoutes } from "./health.ts";
import { isTurnedBack, turnBack } from "./plain-http.ts";
import { TOKEN_PATH, tokenEndpoint, type TokenEndpointDeps } from "./oauth/token-endpoint.ts";
import { createLoginCheck, isLoginCheck } from "./product/login-check.ts";
import { type ProductDeps, productRoutes } from "./product/routes.ts";
import { fail, recordRefusal, type RefusalDeps } from "./refusals.ts";
import { createResourceEndpoint, type ResourceDeps, resourcePlaceOf } from "./resources.ts";
import { endpointNotFound, methodNotAllowed } from "./respond.ts";
import { rootRoutes } from "./root-routes.ts";
import { readBytes } from "./scim-body.ts";
import { wellKnownRoutes } from "./well-known.ts";

export interface ApiDeps
  extends TokenEndpointDeps, EnterDeps, HealthDeps, ProductDeps, RefusalDeps, ResourceDeps {
  readonly db: DatabasePool;
  /** DISCOVERY_PUBLIC. */
  readonly discoveryPublic: boolean;
}

export function createApi(deps: ApiDeps): RequestListener {
  const app = createApp(deps);
  const resources = createResourceEndpoint(deps);
  const loginCheck = createLoginCheck(deps);
  return (request, response) => {
    const { url = "/" } = request;
    const place = resourcePlaceOf(url);
    if (isTurnedBack(request)) turnBack({ request, response }, deps);
    else if (place) resources(place, { request, response });
    else if (isLoginCheck(url)) loginCheck(request, response);
    else void app(request, response);
  };
}

function createApp(deps: ApiDeps): express.Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", "simple");
  app.use("/health", healthRoutes(deps));
  app.use((request: Request, response: Response, next: NextFunction) => {
    begin({ request, response }, deps);
    next();
  });
  app.use("/scim/v2", scimRoutes(deps));
  app.use("/v1", productRoutes(deps));
  app.use(TOKEN_PATH, tokenEndpoint(deps));
  app.use("/.well-known", wellKnownRoutes(deps));
  app.use((request: Request) => {
    throw endpointNotFound(request.path);
  });
  app.use(failing(deps));
  return app;
}

/** Express takes for an error handler whatever has four parameters. */
function failing(deps: RefusalDeps): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) next(error);
    else fail(error, response, deps);
  };
}

/** All below it but users and groups. */
function scimRoutes(deps: ApiDeps): Router {
  const router = Router();
  // RFC 7643 section 5: how to authenticate should be readable before one can.
  if (deps.discoveryPublic) router.use(anonymously(discoveryRoutes(deps)));
  router.use(async (request: Request, response: Response, next: NextFunction) => {
    await enter({ request, response }, deps);
    next();
  });
  router.use(discoveryRoutes(deps));
  router.use(rootRoutes(deps));
  router.use("/Bulk", bulkRoutes(deps));
  router.use("/AsyncRequests", asyncRequestRoutes(deps));
  return router;
}

/** Who brings a token asks for what its own tenant has. */
function anonymously(handler: RequestHandler): RequestHandler {
  return (request, response, next) => {
    if ("failure" in bearerOf(request.headers.authorization)) void handler(request, response, next);
    else next();
  };
}

/** Each operation that was refused before it was queued is recorded like a request of its own. */
function bulkRoutes(deps: ApiDeps): Router {
  const router = Router();
  const bulkRuns: BulkRuns = new Map();
  router.use((_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).operation = "bulk";
    next();
  });
  router.post("/", async (request, response) => {
    const onRefused = (refused: RefusedOperation): void => recordRefusal(refused, response, deps);
    await readBytes({ request, response }, deps.bodies);
    await bulk({ request, response }, { ...deps, bulkRuns, onRefused });
  });
  router.all("/", (request: Request, response: Response) => {
    response.set("Allow", "POST");
    throw methodNotAllowed(request.method, "POST");
  });
  return router;
}
