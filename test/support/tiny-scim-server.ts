/**
 * A SCIM service in memory, just enough for Azure AD's client to provision against: what the simulator is tested
 * with. Faults can be injected per request; what was received is kept for the test to look at.
 */
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { applyPatch } from "./tiny-scim-patch.ts";

export type Json = Record<string, unknown>;

export interface SeenRequest {
  readonly method: string;
  /** As on the wire, encoded. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json | undefined;
}

/**
 * `pretend`: acknowledged, not applied. `drop`: the connection ends before, `drop-after`: after it was applied.
 */
export type Fault =
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string }
  | { readonly kind: "pretend" | "drop" | "drop-after" };

export interface TinyScimServer {
  readonly url: string;
  readonly users: Map<string, Json>;
  readonly groups: Map<string, Json>;
  readonly seen: readonly SeenRequest[];
  readonly close: () => Promise<void>;
}

export interface TinyScimOptions {
  /** Decides, before a request is applied, whether it meets a fault. May also tamper with what is stored. */
  readonly fault?: (request: SeenRequest, server: TinyScimServer) => Fault | undefined;
}

export const TINY_TOKEN = "tiny-token";
const LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/** Less than clients ask for, so that they must go on paging. */
const PAGE_MAX = 30;

/** Starts the service on a free port. */
export async function startTinyScimServer({ fault }: TinyScimOptions = {}): Promise<TinyScimServer> {
  const seen: SeenRequest[] = [];
  const users = new Map<string, Json>();
  const groups = new Map<string, Json>();
  const server = createServer((incoming, response) => {
    void receive(incoming).then((request) => {
      seen.push(request);
      const met = fault?.(request, tiny);
      if (met?.kind === "status") {
        if (met.retryAfter !== undefined) response.setHeader("Retry-After", met.retryAfter);
        answer(response, { status: met.status, body: { detail: "injected" } });
        return;
      }
      const isApplied = met === undefined || met.kind === "drop-after";
      const reply = isApplied ? handle({ users, groups, nextId }, request) : { status: 204 };
      if (met === undefined || met.kind === "pretend") answer(response, reply);
      else incoming.socket.destroy();
    });
  });
  let ids = 0;
  const nextId = (): string => `id-${(ids += 1)}`;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const tiny: TinyScimServer = {
    url: `http://127.0.0.1:${port}/scim/v2`,
    users,
    groups,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return tiny;
}

interface Stores {
  readonly users: Map<string, Json>;
  readonly groups: Map<string, Json>;
  readonly nextId: () => string;
}

interface Reply {
  readonly status: number;
  readonly body?: Json;
}

function handle(stores: Stores, request: SeenRequest): Reply {
  if (request.headers.authorization !== `Bearer ${TINY_TOKEN}`) return { status: 401, body: {} };
  const { pathname, searchParams } = new URL(request.url, "http://127.0.0.1");
  const [, kind, id] = /^\/scim\/v2\/(Users|Groups)(?:\/([^/]+))?$/.exec(pathname) ?? [];
  if (kind === undefined) return { status: 404, body: {} };
  const store = kind === "Users" ? stores.users : stores.groups;
  if (id !== undefined) return handleOne(stores, store, id, request);
  return request.method === "POST" ? create(stores, store, request.body ?? {}) : list(store, searchParams);
}

function handleOne(stores: Stores, store: Map<string, Json>, id: string, request: SeenRequest): Reply {
  const resource = store.get(id);
  if (resource === undefined) return { status: 404, body: { detail: `no ${id}` } };
  if (request.method === "GET") return { status: 200, body: resource };
  if (request.method === "PATCH") applyPatch(resource, request.body ?? {});
  else {
    store.delete(id);
    for (const group of stores.groups.values()) {
      group["members"] = membersOf(group).filter(({ value }) => value !== id);
    }
  }
  return { status: 204 };
}

function create(stores: Stores, store: Map<string, Json>, body: Json): Reply {
  const userName = lower(body["userName"]);
  const isTaken = [...store.values()].some((other) => lower(other["userName"]) === userName);
  if (userName !== "" && isTaken) return { status: 409, body: { scimType: "uniqueness" } };
  const resource = { ...body, id: stores.nextId() };
  store.set(resource.id, resource);
  return { status: 201, body: resource };
}

function list(store: Map<string, Json>, query: URLSearchParams): Reply {
  const terms = query.get("filter")?.split(" and ") ?? [];
  const found = [...store.values()].filter((resource) => terms.every((term) => meets(resource, term)));
  const startIndex = Number(query.get("startIndex") ?? 1);
  const count = Math.min(Number(query.get("count") ?? PAGE_MAX), PAGE_MAX);
  const withoutMembers = query.get("excludedAttributes") === "members";
  const Resources = found.slice(startIndex - 1, startIndex - 1 + count).map((resource) => {
    return withoutMembers ? { ...resource, members: undefined } : resource;
  });
  const body = {
    schemas: [LIST_URN],
    totalResults: found.length,
    startIndex,
    itemsPerPage: Resources.length,
    Resources,
  };
  return { status: 200, body };
}

function meets(resource: Json, term: string): boolean {
  const [, attribute = "", literal = '""'] = /^(\w+) eq (".*")$/.exec(term) ?? [];
  const value = JSON.parse(literal) as string;
  if (attribute === "members") return membersOf(resource).some((member) => member.value === value);
  if (attribute === "userName") return lower(resource["userName"]) === value.toLowerCase();
  return resource[attribute] === value;
}

/** The members of a stored group. */
export function membersOf(group: Json): { value: string }[] {
  return (group["members"] ?? []) as { value: string }[];
}

function lower(value: unknown): string {
  return typeof value === "string" ? value.toLowerCase() : "";
}

async function receive(incoming: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString("utf8");
  return {
    method: incoming.method ?? "",
    url: incoming.url ?? "",
    headers: incoming.headers,
    body: text === "" ? undefined : (JSON.parse(text) as Json),
  };
}

function answer(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { "Content-Type": "application/scim+json" });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
