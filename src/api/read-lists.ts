/**
 * Lists and searches, straight from Postgres: of users, of groups, or of both. RFC 7644 sections 3.4.2 and 3.4.3,
 * RFC 9865.
 */
import { listResponse, render, type ResourceType, wants } from "../scim/index.ts";
import { listDirectory, type ListPage, type ListRequest } from "../store/directory-lists.ts";
import { offeredByFilter } from "./adoption.ts";
import { contextOf, type Exchange, principalOf, tenantDbOf } from "./context.ts";
import type { CursorQuery, CursorSeal } from "./cursor.ts";
import { type ListQuery, listQuery, type Parameters, queryParameters, searchParameters } from "./query.ts";
import { type ReadDeps, sayIfMembersAreCut } from "./read-resources.ts";
import { sendJson } from "./respond.ts";
import { readJson } from "./scim-body.ts";

export interface ListDeps extends ReadDeps {
  readonly cursors: CursorSeal;
}

/** GET: the query string says what is wanted. @param types - what is looked through */
export function readList(types: readonly ResourceType[], exchange: Exchange, deps: ListDeps): Promise<void> {
  return answerList(types, queryParameters(exchange.response), { exchange, deps });
}

/** POST to `.search`: the body says it, so that names do not stand in addresses. */
export function search(types: readonly ResourceType[], exchange: Exchange, deps: ListDeps): Promise<void> {
  const body = readJson(exchange.response);
  return answerList(types, searchParameters(body), { exchange, deps });
}

async function answerList(
  types: readonly ResourceType[],
  parameters: Parameters,
  { exchange: { request, response }, deps }: { readonly exchange: Exchange; readonly deps: ListDeps },
): Promise<void> {
  const query = listQuery(parameters, types, contextOf(response).reading);
  if (isProbe(query)) contextOf(response).isProbe = true;
  const { tenantId, hasOffers } = principalOf(response);
  const bound = { tenantId, fingerprint: `${types.join()} ${query.fingerprint}`, count: query.count };
  const { models } = contextOf(response).reading;
  const wanted = requestOf(types, query, { bound, cursors: deps.cursors });
  const listed = await listDirectory(tenantDbOf(response), {
    ...wanted,
    models,
    membersMax: deps.membersMax,
  });
  const page = hasOffers ? await withOffered(listed, { query, types, response }) : listed;
  const rendering = { models, baseUrl: deps.baseUrl(request), projection: query.projection };
  const { totalResults, next } = page;
  sayIfMembersAreCut(response, page.resources);
  const resources = page.resources.map((stored) => render(stored, rendering));
  const hasNext = next !== undefined && query.cursor !== undefined;
  const nextCursor = hasNext ? deps.cursors.seal({ after: next, total: totalResults }, bound) : undefined;
  sendJson(
    response,
    200,
    listResponse({ totalResults, startIndex: query.startIndex, nextCursor, resources }),
  );
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Azure's test of a connection looks for a name that is a random GUID. */
function isProbe({ filter }: ListQuery): boolean {
  if (filter?.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string")
    return false;
  return ["username", "displayname"].includes(filter.path.name.toLowerCase()) && GUID.test(filter.value);
}

/** Where no user meets the filter it may mean somebody whom the product knew before. */
async function withOffered(
  page: ListPage,
  {
    query,
    types,
    response,
  }: {
    readonly query: ListQuery;
    readonly types: readonly ResourceType[];
    readonly response: Exchange["response"];
  },
): Promise<ListPage> {
  if (page.totalResults > 0 || !types.includes("User")) return page;
  const { models } = contextOf(response).reading;
  const user = await offeredByFilter(query.filter, models, {
    db: tenantDbOf(response),
    principal: principalOf(response),
  });
  if (!user) return page;
  const isShown = query.count > 0 && (query.startIndex ?? 1) === 1;
  return { totalResults: 1, resources: isShown ? [user] : [], next: undefined };
}

function requestOf(
  types: readonly ResourceType[],
  { filter, sort, count, startIndex, cursor, projection }: ListQuery,
  { bound, cursors }: { readonly bound: CursorQuery; readonly cursors: CursorSeal },
): Omit<ListRequest, "models" | "membersMax"> {
  const isWanted = (type: ResourceType): boolean =>
    wants(projection, type, type === "Group" ? "members" : "groups");
  const opened = cursor ? cursors.open(cursor, bound) : undefined;
  return {
    tenantId: bound.tenantId,
    types,
    filter,
    sort,
    count,
    from: startIndex === undefined ? { after: opened?.after } : { startIndex },
    withMembers: new Set(types.filter(isWanted)),
    total: opened?.total,
  };
}
