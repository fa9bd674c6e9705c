/** The requests Entra ID makes of a SCIM service, one function each (RFC 7644 §3.3–3.6). */
import type { Answer, Client } from "./client.ts";
import { RequestFailed } from "./client.ts";
import type { PatchBody } from "./dialect.ts";
import { asResource } from "./mapping.ts";
import type { Resource } from "./mapping.ts";
import type { Operation } from "./stats.ts";

export type Kind = "Users" | "Groups";

export interface Page {
  readonly totalResults: number;
  readonly resources: readonly Resource[];
}

export interface Scim {
  /** Looks for a random id: proves that address and credential work. */
  readonly probe: (kind: Kind, guid: string) => Promise<void>;
  /** The one resource whose attribute has the value, or none. More than one is a failure. */
  readonly match: (kind: Kind, attribute: string, value: string) => Promise<Resource | undefined>;
  /** The resource, or undefined where the service knows it no more. */
  readonly get: (kind: Kind, id: string) => Promise<Resource | undefined>;
  /** The created resource, or undefined on a conflict (409). */
  readonly create: (kind: Kind, body: Resource) => Promise<Resource | undefined>;
  readonly patch: (operation: Operation, target: string, body: PatchBody) => Promise<void>;
  /** Deleting what is gone already is a success: a lost answer is asked for again. */
  readonly remove: (kind: Kind, id: string) => Promise<void>;
  readonly isMember: (groupId: string, userId: string) => Promise<boolean>;
  readonly page: (kind: Kind, startIndex: number, count: number) => Promise<Page>;
}

/** The requests over a client. */
export function createScim(client: Client): Scim {
  const lookUp = (operation: Operation, kind: Kind, filter: string): Promise<Answer> => {
    // Groups are looked up without their members, which may be many.
    const query = kind === "Groups" ? { excludedAttributes: "members", filter } : { filter };
    return client({ operation, method: "GET", path: `/${kind}`, query });
  };
  return {
    probe: async (kind, guid) => {
      const attribute = kind === "Users" ? "userName" : "displayName";
      const { body } = await lookUp("probe", kind, equals(attribute, guid));
      if (body["totalResults"] !== 0) throw new RequestFailed(`probe of /${kind}: totalResults is not 0`);
    },
    match: async (kind, attribute, value) => {
      const operation = kind === "Users" ? "match user" : "match group";
      const found = readPage((await lookUp(operation, kind, equals(attribute, value))).body).resources;
      if (found.length > 1) {
        throw new RequestFailed(
          `DuplicateTargetEntries: ${found.length} /${kind} with ${attribute} "${value}"`,
        );
      }
      return found[0];
    },
    get: async (kind, id) => {
      const operation = kind === "Users" ? "get user" : "get group";
      const answer = await client({ operation, method: "GET", path: `/${kind}/${id}`, tolerate: [404] });
      return answer.status === 404 ? undefined : answer.body;
    },
    create: async (kind, body) => {
      const operation = kind === "Users" ? "create user" : "create group";
      const answer = await client({ operation, method: "POST", path: `/${kind}`, body, tolerate: [409] });
      return answer.status === 409 ? undefined : answer.body;
    },
    patch: async (operation, target, body) => {
      await client({ operation, method: "PATCH", path: target, body });
    },
    remove: async (kind, id) => {
      const operation = kind === "Users" ? "delete user" : "delete group";
      await client({ operation, method: "DELETE", path: `/${kind}/${id}`, tolerate: [404] });
    },
    isMember: async (groupId, userId) => {
      const filter = `${equals("id", groupId)} and ${equals("members", userId)}`;
      const query = { filter, attributes: "id" };
      const { body } = await client({ operation: "check membership", method: "GET", path: "/Groups", query });
      return readPage(body).resources.length > 0;
    },
    page: async (kind, startIndex, count) => {
      const query = { startIndex: String(startIndex), count: String(count) };
      return readPage(
        (await client({ operation: "read back", method: "GET", path: `/${kind}`, query })).body,
      );
    },
  };
}

/** The id a service gave; without one the answer is of no use. */
export function idOf(resource: Resource): string {
  const id = resource["id"];
  if (typeof id !== "string" || id === "")
    throw new RequestFailed("the service returned a resource without id");
  return id;
}

/** A comparison with the value as a JSON string (RFC 7644 §3.4.2.2). */
function equals(attribute: string, value: string): string {
  return `${attribute} eq ${JSON.stringify(value)}`;
}

function readPage(body: Resource): Page {
  const list = body["Resources"] ?? [];
  const total = body["totalResults"];
  if (typeof total !== "number" || !Array.isArray(list)) throw new RequestFailed("not a ListResponse");
  return { totalResults: total, resources: list.map(asResource) };
}
