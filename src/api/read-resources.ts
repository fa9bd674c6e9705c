/** Reads of one user or group, straight from Postgres. RFC 7644 section 3.4.1. */
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  locationOf,
  matchesEtag,
  type Projection,
  render,
  type ResourceType,
  say,
  ScimError,
  type Stored,
  term,
  wants,
  weakEtag,
} from "../scim/index.ts";
import { findResource, type ReadOptions } from "../store/directory-reads.ts";
import { isResourceId } from "../store/members.ts";
import { offeredById } from "./adoption.ts";
import { contextOf, type Exchange, principalOf, tenantDbOf } from "./context.ts";
import { projectionOf } from "./query.ts";
import { sendEmpty, sendResource } from "./respond.ts";

export interface ReadDeps {
  /** Address of the SCIM endpoint as this client reaches it. */
  readonly baseUrl: (request: IncomingMessage) => string;
  /** Members that an answer shows of one group at most; undefined is all. */
  readonly membersMax: number | undefined;
}

/** @throws {ScimError} 404; the answer is 304 when the client has this version already */
export async function readOne(
  { type, id }: { readonly type: ResourceType; readonly id: string },
  { request, response }: Exchange,
  deps: ReadDeps,
): Promise<void> {
  const projection = projectionOf(response);
  assertResourceId(type, id);
  const stored =
    (await findResource(tenantDbOf(response), id, readOptions(type, response, { projection, deps }))) ??
    (type === "User"
      ? await offeredById(id, { db: tenantDbOf(response), principal: principalOf(response) })
      : undefined);
  if (!stored) throw resourceNotFound(type, id);
  const known = request.headers["if-none-match"];
  if (known !== undefined && matchesEtag(known, stored.version)) {
    response.setHeader("ETag", weakEtag(stored.version));
    sendEmpty(response, 304);
    return;
  }
  sendStored(response, 200, { stored, projection, baseUrl: deps.baseUrl(request) });
}

export function sendStored(
  response: ServerResponse,
  status: 200 | 201,
  {
    stored,
    projection,
    baseUrl,
  }: { readonly stored: Stored; readonly projection: Projection; readonly baseUrl: string },
): void {
  sayIfMembersAreCut(response, [stored]);
  if (stored.hasMoreMembers) response.setHeader("Link", `<${membersQuery(stored, baseUrl)}>; rel="related"`);
  sendResource(response, status, {
    body: render(stored, { models: contextOf(response).reading.models, baseUrl, projection }),
    version: stored.version,
    location: locationOf(stored.type, stored.id, baseUrl),
  });
}

/** Asks for the page of users whose group this is: the members of a group that shows only some of them. */
function membersQuery({ id }: Stored, baseUrl: string): string {
  return `${baseUrl}/Users?filter=${encodeURIComponent(`groups.value eq "${id}"`)}&cursor=`;
}

/** SCIM has no way to say within a group that it has more members than it shows, so a header says it. */
export function sayIfMembersAreCut(response: ServerResponse, stored: readonly Stored[]): void {
  const cut = stored.filter(({ hasMoreMembers }) => hasMoreMembers === true);
  const [{ members = [] } = {}] = cut;
  if (cut.length > 0)
    response.setHeader("X-Members-Truncated", `groups=${String(cut.length)}, max=${String(members.length)}`);
}

/** Members of a group, or groups of a user, are read only where the client wants them. */
export function readOptions(
  type: ResourceType,
  response: ServerResponse,
  { projection, deps }: { readonly projection: Projection; readonly deps: Pick<ReadDeps, "membersMax"> },
): ReadOptions {
  const membership = type === "Group" ? "members" : "groups";
  return {
    type,
    tenantId: principalOf(response).tenantId,
    withMembers: wants(projection, type, membership),
    membersMax: deps.membersMax,
  };
}

/** @throws {ScimError} 404 for what cannot be an id of ours, so that Postgres is never asked for it */
export function assertResourceId(type: ResourceType, id: string): void {
  if (!isResourceId(id)) throw resourceNotFound(type, id);
}

export function resourceNotFound(type: ResourceType, id: string): ScimError {
  const match = term(type === "User" ? "userName" : "displayName");
  const detail = say`no ${term(type)} has the id ${id}; it was deleted or never created here, so match it again by ${match}`;
  return new ScimError(404, "resource-not-found", detail);
}
