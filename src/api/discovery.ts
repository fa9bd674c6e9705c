/** ServiceProviderConfig, ResourceTypes and Schemas. RFC 7644 section 4: parameters are ignored, a filter is 403. */
import type { IncomingMessage } from "node:http";
import { type NextFunction, type Request, type Response, Router } from "express";
import {
  type DiscoveryResource,
  listResponse,
  resourceTypes,
  say,
  schemas,
  ScimError,
  serviceProviderConfig,
  term,
} from "../scim/index.ts";
import type { BodyReading } from "./body-room.ts";
import { contextOf } from "./context.ts";
import { CURSOR_TIMEOUT_SECONDS } from "./cursor.ts";
import { COUNT_DEFAULT, COUNT_MAX, parameter } from "./query.ts";
import { methodNotAllowed, sendJson } from "./respond.ts";

export interface DiscoveryDeps {
  /** Address of the SCIM endpoint as the client reaches it. */
  readonly baseUrl: (request: IncomingMessage) => string;
  readonly bodies: Pick<BodyReading, "bytesMax">;
}

export function discoveryRoutes({ baseUrl, bodies }: DiscoveryDeps): Router {
  const router = Router();
  router.use(["/ServiceProviderConfig", "/ResourceTypes", "/Schemas"], enter);
  router.get("/ServiceProviderConfig", (request, response) => {
    sendJson(
      response,
      200,
      serviceProviderConfig({
        baseUrl: baseUrl(request),
        filterResultsMax: COUNT_MAX,
        pageSizeDefault: COUNT_DEFAULT,
        cursorTimeoutSeconds: CURSOR_TIMEOUT_SECONDS,
        bulkPayloadBytesMax: bodies.bytesMax,
      }),
    );
  });
  const lists = { "/ResourceTypes": resourceTypes, "/Schemas": schemas };
  for (const [path, list] of Object.entries(lists)) {
    router.get(path, (request, response) => {
      const resources = list(contextOf(response).reading.models, baseUrl(request));
      sendJson(response, 200, listResponse({ totalResults: resources.length, startIndex: 1, resources }));
    });
    router.get(`${path}/:id`, (request, response) => {
      sendJson(
        response,
        200,
        find(list(contextOf(response).reading.models, baseUrl(request)), request.params["id"], path),
      );
    });
  }
  return router;
}

function enter(request: Request, response: Response, next: NextFunction): void {
  const context = contextOf(response);
  context.resource = "discovery";
  context.operation = "get";
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.set("Allow", "GET, HEAD");
    throw methodNotAllowed(request.method, "GET");
  }
  if (parameter(response, "filter") !== undefined) {
    throw new ScimError(403, "forbidden", say`discovery endpoints take no filter; read them whole`);
  }
  next();
}

function find(resources: readonly DiscoveryResource[], id: string, path: string): DiscoveryResource {
  const found = resources.find((resource) => resource.id.toLowerCase() === id.toLowerCase());
  if (found) return found;
  const detail = say`${id} is none of ${term(path.slice(1))}; they are ${term(resources.map((resource) => resource.id).join(", "))}`;
  throw new ScimError(404, "resource-not-found", detail);
}
