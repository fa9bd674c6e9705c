/** The endpoints of users and of groups, on Node's own HTTP. RFC 7644 section 3.2. */
import type { ResourceType } from "../scim/index.ts";
import { isResourceId } from "../store/members.ts";
import type { BodyReading } from "./body-room.ts";
import { contextOf, type Exchange } from "./context.ts";
import { begin, enter, type EnterDeps } from "./enter.ts";
import { type ListDeps, readList, search } from "./read-lists.ts";
import { readOne } from "./read-resources.ts";
import { fail, type RefusalDeps } from "./refusals.ts";
import { methodNotAllowed } from "./respond.ts";
import { readBytes } from "./scim-body.ts";
import { write, type WriteDeps } from "./write-resources.ts";

export interface ResourceDeps extends WriteDeps, ListDeps {
  readonly bodies: BodyReading;
}

/** What a path names: all resources of a type, or what comes behind them, as it was sent. */
export interface ResourcePlace {
  readonly type: ResourceType;
  readonly id: string | undefined;
}

// Letter case and a slash at the end do not matter, as with all other endpoints.
const PLACE = /^(?:https?:\/\/[^/?]*)?\/scim\/v2\/(users|groups)(?:\/([^/?]+))?\/?(?:\?|$)/i;

/** @param url - path and query; a proxy may send the origin before them */
export function resourcePlaceOf(url: string): ResourcePlace | undefined {
  const match = PLACE.exec(url);
  if (!match) return undefined;
  return { type: match[1]?.toLowerCase() === "users" ? "User" : "Group", id: match[2] };
}

type Methods = Readonly<Record<string, Operation>>;
type Operation = "list" | "create" | "search" | "get" | "replace" | "patch" | "delete";

const COLLECTION: Methods = { GET: "list", HEAD: "list", POST: "create" };
const SEARCH: Methods = { POST: "search" };
const ONE: Methods = { GET: "get", HEAD: "get", PUT: "replace", PATCH: "patch", DELETE: "delete" };
const ALLOWED = new Map([
  [COLLECTION, "GET, POST"],
  [SEARCH, "POST"],
  [ONE, "GET, PUT, PATCH, DELETE"],
]);

export function createResourceEndpoint(
  deps: ResourceDeps & EnterDeps & RefusalDeps,
): (place: ResourcePlace, exchange: Exchange) => void {
  return (place, exchange) => {
    begin(exchange, deps);
    answer(place, exchange, deps).catch((error: unknown) => fail(error, exchange.response, deps));
  };
}

async function answer(
  place: ResourcePlace,
  exchange: Exchange,
  deps: ResourceDeps & EnterDeps,
): Promise<void> {
  await enter(exchange, deps);
  const id = place.id === undefined ? undefined : decoded(place.id);
  const operation = operationOn({ type: place.type, id }, exchange);
  await serve({ type: place.type, id, operation }, exchange, deps);
}

/** @throws {ScimError} 405 */
function operationOn({ type, id }: ResourcePlace, exchange: Exchange): Operation {
  const methods = id === undefined ? COLLECTION : id.toLowerCase() === ".search" ? SEARCH : ONE;
  const operation = methods[exchange.request.method ?? ""];
  const context = contextOf(exchange.response);
  context.resource = type;
  context.operation = operation ?? "other";
  if (id !== undefined && isResourceId(id)) context.resourceId = id;
  return operation ?? refuseMethod(exchange, ALLOWED.get(methods) ?? "");
}

async function serve(
  { type, id, operation }: ResourcePlace & { readonly operation: Operation },
  exchange: Exchange,
  deps: ResourceDeps,
): Promise<void> {
  switch (operation) {
    case "list":
      return readList([type], exchange, deps);
    case "get":
      return readOne({ type, id: id ?? "" }, exchange, deps);
    case "delete":
      return write({ type, operation, id }, exchange, deps);
    case "search":
      await readBytes(exchange, deps.bodies);
      return search([type], exchange, deps);
    case "create":
    case "replace":
    case "patch":
      await readBytes(exchange, deps.bodies);
      return write({ type, operation, id }, exchange, deps);
  }
}

/** @throws {Error} 400 as Express would say it of a path that cannot be decoded */
function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    throw Object.assign(new Error("the path cannot be decoded"), { status: 400 });
  }
}

/** @throws {ScimError} 405 */
export function refuseMethod({ request, response }: Exchange, allowed: string): never {
  response.setHeader("Allow", allowed);
  throw methodNotAllowed(request.method ?? "", allowed);
}
