/** The routes of one resource type. RFC 7644 section 3.2. */
import { type NextFunction, type Request, type Response, Router } from "express";
import { RESOURCE_TYPES, type ResourceType, say, ScimError } from "../scim/index.ts";
import { isResourceId } from "../store/members.ts";
import { contextOf } from "./context.ts";
import { type ListDeps, readList, search } from "./read-lists.ts";
import { readOne } from "./read-resources.ts";
import { methodNotAllowed } from "./respond.ts";
import { readBytes } from "./scim-body.ts";
import { write, type WriteDeps } from "./write-resources.ts";

export interface ResourceDeps extends WriteDeps, ListDeps {
  /** BODY_BYTES_MAX. */
  readonly bodyBytesMax: number;
}

export function resourceRoutes(type: ResourceType, deps: ResourceDeps): Router {
  const router = Router({ mergeParams: true });
  const body = readBytes(deps.bodyBytesMax);
  const as = (operation: string) => (request: Request, response: Response, next: NextFunction) => {
    const context = contextOf(response);
    const id = request.params["id"];
    context.resource = type;
    context.operation = operation;
    if (typeof id === "string" && isResourceId(id)) context.resourceId = id;
    next();
  };
  router
    .route("/")
    .get(as("list"), (request, response) => readList([type], { request, response }, deps))
    .post(as("create"), body, (request, response) => write(type, "create", { request, response }, deps))
    .all(as("other"), refuseMethod("GET, POST"));
  router
    .route("/.search")
    .post(as("search"), body, (request, response) => search([type], { request, response }, deps))
    .all(as("other"), refuseMethod("POST"));
  router
    .route("/:id")
    .get(as("get"), (request, response) => readOne(type, { request, response }, deps))
    .put(as("replace"), body, (request, response) => write(type, "replace", { request, response }, deps))
    .patch(as("patch"), body, (request, response) => write(type, "patch", { request, response }, deps))
    .delete(as("delete"), (request, response) => write(type, "delete", { request, response }, deps))
    .all(as("other"), refuseMethod("GET, PUT, PATCH, DELETE"));
  return router;
}

/** Queries over all resource types at once, at the endpoint itself. RFC 7644 section 3.4.2.1. */
export function rootRoutes(deps: ResourceDeps): Router {
  const router = Router();
  const as = (operation: string) => (_request: Request, response: Response, next: NextFunction) => {
    contextOf(response).operation = operation;
    next();
  };
  const body = readBytes(deps.bodyBytesMax);
  router
    .route("/")
    .get(as("list"), (request, response) => readList(RESOURCE_TYPES, { request, response }, deps))
    .all(as("other"), refuseMethod("GET"));
  router
    .route("/.search")
    .post(as("search"), body, (request, response) => search(RESOURCE_TYPES, { request, response }, deps))
    .all(as("other"), refuseMethod("POST"));
  router.all("/Me", as("other"), () => {
    throw new ScimError(
      501,
      "not-implemented",
      say`/Me is not offered: a token speaks for a tenant's identity provider and not for one person; use /Users/{id}`,
    );
  });
  return router;
}

function refuseMethod(allowed: string) {
  return (request: Request, response: Response): void => {
    response.set("Allow", allowed);
    throw methodNotAllowed(request.method, allowed);
  };
}
