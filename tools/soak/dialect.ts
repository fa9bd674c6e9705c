/** The soak's operations as SCIM requests, and SCIM answers as outputs. RFC 7644 section 3. */
import { z } from "zod";
import type { Content, Input, Output } from "./history.ts";
import type { Attempt, Wire } from "./exchange.ts";

export type Kind = "User" | "Group";

const SCHEMAS = {
  User: "urn:ietf:params:scim:schemas:core:2.0:User",
  Group: "urn:ietf:params:scim:schemas:core:2.0:Group",
} as const;
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** What clients change; anything else in an answer is not compared. */
export const FIELDS = { User: ["title", "active"], Group: ["externalId"] } as const;

/** @param name - userName or displayName of the object */
export function wireOf(kind: Kind, name: string, input: Input): Wire {
  const endpoint = kind === "User" ? "/Users" : "/Groups";
  if (input.kind === "create") {
    return { method: "POST", path: endpoint, body: bodyOf(kind, name, input.content) };
  }
  const path = `${endpoint}/${input.id}`;
  if (input.kind === "read") return { method: "GET", path };
  const ifMatch = input.ifMatch === undefined ? {} : { ifMatch: `W/"${input.ifMatch}"` };
  switch (input.kind) {
    case "delete":
      return { method: "DELETE", path, ...ifMatch };
    case "replace":
      return { method: "PUT", path, body: bodyOf(kind, name, input.content), ...ifMatch };
    case "patch":
      return { method: "PATCH", path, body: patchOf(input), ...ifMatch };
  }
}

function bodyOf(kind: Kind, name: string, { fields, members }: Content): string {
  return JSON.stringify({
    schemas: [SCHEMAS[kind]],
    [kind === "User" ? "userName" : "displayName"]: name,
    ...fields,
    ...(members && { members: members.map((value) => ({ value })) }),
  });
}

function patchOf({ change }: Extract<Input, { kind: "patch" }>): string {
  const { fields = {}, add = [], remove = [] } = change;
  const operations = [
    ...Object.entries(fields).map(([path, value]) => ({ op: "replace", path, value })),
    ...(add.length > 0 ? [{ op: "add", path: "members", value: add.map((value) => ({ value })) }] : []),
    // As Azure removes members: one operation each, found by a filter.
    ...remove.map((value) => ({ op: "remove", path: `members[value eq "${value}"]` })),
  ];
  return JSON.stringify({ schemas: [PATCH_OP], Operations: operations });
}

const Shown = z.object({
  id: z.string(),
  title: z.string().optional(),
  active: z.boolean().optional(),
  externalId: z.string().optional(),
  members: z.array(z.object({ value: z.string() })).optional(),
});

/** @throws {z.ZodError} when a success shows something that is no resource */
export function outputOf(kind: Kind, answer: Extract<Attempt, { kind: "answer" }>): Output {
  const { status, etag, body } = answer;
  if (status >= 300) return { status };
  const version = versionOf(etag);
  const base = { status, ...(version !== undefined && { version }) };
  return body === undefined ? base : { ...base, ...shownOf(kind, body) };
}

/** The id and content that a resource in an answer shows. */
export function shownOf(kind: Kind, body: unknown): { readonly id: string; readonly content: Content } {
  const shown = Shown.parse(body);
  const fields: Record<string, string | boolean> = {};
  for (const name of FIELDS[kind]) {
    const value = shown[name];
    if (value !== undefined) fields[name] = value;
  }
  const members = shown.members?.map(({ value }) => value) ?? [];
  return { id: shown.id, content: kind === "User" ? { fields } : { fields, members: members.sort() } };
}

export function versionOf(etag: string | undefined): number | undefined {
  const version = /^W\/"(\d+)"$/.exec(etag ?? "")?.[1];
  return version === undefined ? undefined : Number(version);
}
