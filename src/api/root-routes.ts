/** Queries over all resource types at once, at the endpoint itself. RFC 7644 section 3.4.2.1. */
import { type NextFunction, type Request, type Response, Router } from "express";
import { RESOURCE_TYPES, say, ScimError } from "../scim/index.ts";
import { contextOf } from "./context.ts";
import { readList, search } from "./read-lists.ts";
import { refuseMethod, type ResourceDeps } from "./resources.ts";
import { readBytes } from "./scim-body.ts";

export function rootRoutes(deps: ResourceDeps): Router {
  const router = Router();
  const as = (operation: string) => (_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).operation = operation;
    next();
  };
  router
    .route("/")
    .get(as("list"), (request, response) => readList(RESOURCE_TYPES, { request, response }, deps))
    .all(as("other"), (request, response) => refuseMethod({ request, response }, "GET"));
  router
    .route("/.search")
    .post(as("search"), async (request, response) => {
      await readBytes({ request, response }, deps.bodies);
      await search(RESOURCE_TYPES, { request, response }, deps);
    })
    .all(as("other"), (request, response) => refuseMethod({ request, response }, "POST"));
  router.all("/Me", as("other"), () => {
    throw new ScimError(
      501,
      "not-implemented",
      say`/Me is not offered: a token speaks for a tenant's identity provider and not for one person; use /Users/{id}`,
    );
  });
  return router;
}
