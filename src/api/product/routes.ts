/** /v1: what the product itself asks. Every route runs with the tenant of its product key in the context. */
import { type NextFunction, type Request, type Response, Router } from "express";
import type { Logger } from "../../platform/logger.ts";
import type { DatabasePool } from "../../store/database.ts";
import { contextOf } from "../context.ts";
import { authenticateProduct, type ProductAuthDeps, productOf } from "./authenticate.ts";
import { eventRoutes } from "./event-feed.ts";
import type { EventFeedDeps } from "./event-page.ts";
import { existingUserRoutes } from "./existing-users.ts";
import { named } from "./named.ts";
import { ProblemError, sendProblem } from "./problem.ts";
import { reconciliationRoutes } from "./reconciliations.ts";
import { roleMappingRoutes } from "./role-mappings.ts";
import { securityEventRoutes } from "./security-events.ts";
import { webhookRoutes } from "./webhooks.ts";

export interface ProductDeps extends ProductAuthDeps, EventFeedDeps {
  readonly db: DatabasePool;
  readonly logger: Logger;
}

export function productRoutes(deps: ProductDeps): Router {
  const router = Router();
  router.use((_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).resource = "product";
    next();
  });
  router.use(authenticateProduct(deps));
  router.get("/", named("tenant"), (_request, response) => {
    response.json({ tenant: productOf(response).tenantSlug });
  });
  router.use("/events", eventRoutes(deps));
  router.use("/existing-users", existingUserRoutes());
  router.use("/reconciliations", reconciliationRoutes(deps));
  router.use("/role-mappings", roleMappingRoutes());
  router.use("/security-events", securityEventRoutes(deps));
  router.use("/webhooks", webhookRoutes(deps));
  router.use((request: Request) => {
    const detail = `there is no endpoint ${request.method} ${request.baseUrl}${request.path}; docs/product-api.md lists those there are`;
    throw new ProblemError(404, "endpoint-not-found", detail);
  });
  router.use((error: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else sendProblem(response, error, deps.logger);
  });
  return router;
}
