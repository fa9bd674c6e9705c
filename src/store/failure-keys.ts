/**
 * By what a failed write is known again when a later one mends it: its person or group, and what it asked to change.
 * Names travel as hashes, since a list of failures is looked at by people who may not see them.
 */
import { createHash } from "node:crypto";
import { uuidOf } from "../platform/ids.ts";
import { fold } from "../scim/index.ts";

export interface FailureKeys {
  readonly byExternal: string | null;
  readonly byName: string | null;
  /** Lower-case attribute names, `members:<id>` for single members, `*` for the whole resource. */
  readonly touches: readonly string[];
}

export interface FailedRequest {
  readonly tenantId: string;
  readonly operation: string;
  readonly resourceType: string;
  /** Canonical, or as it came where it could not be read. */
  readonly payload: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

// More than this is "about the members"; a later write need not bring the same thousand again.
const MEMBERS_NAMED_MAX = 50;
const WHOLE = "*";

export function keysOfRequest({ tenantId, operation, resourceType, payload }: FailedRequest): FailureKeys {
  if (operation === "patch") return { byExternal: null, byName: null, touches: touchesOf(payload) };
  const body = fieldsOf(fieldsOf(payload)["resource"] ?? payload);
  return { ...keysOfResource({ tenantId, resourceType, resource: body }), touches: [WHOLE] };
}

/** What a resource, as a write left it, is known by. */
export function keysOfResource(of: {
  readonly tenantId: string;
  readonly resourceType: string;
  readonly resource: Fields;
}): Pick<FailureKeys, "byExternal" | "byName"> {
  const hash = (kind: string, value: unknown): string | null =>
    typeof value === "string" && value !== ""
      ? hashOf([of.tenantId, of.resourceType, kind, value].join("\n"))
      : null;
  const name = valueOf(of.resource, of.resourceType === "User" ? "username" : "displayname");
  return {
    byExternal: hash("externalId", valueOf(of.resource, "externalid")),
    byName: hash("name", typeof name === "string" ? fold(name) : undefined),
  };
}

/** What a PATCH asks to change: canonical, or as it came. */
export function touchesOf(payload: unknown): readonly string[] {
  const operations = valueOf(fieldsOf(payload), "operations");
  if (!Array.isArray(operations)) return [];
  return [...new Set(operations.flatMap((operation) => touchesOfOperation(fieldsOf(operation))))].sort();
}

function touchesOfOperation(operation: Fields): readonly string[] {
  const { kind, change, attribute, path, value } = operation;
  if (kind === "members") return touchedMembers(fieldsOf(change));
  if (typeof attribute === "string") return [attribute.toLowerCase()];
  if (typeof path === "string" && path !== "") return [attributeOfPath(path)];
  return Object.keys(fieldsOf(value)).map(attributeOfPath);
}

function touchedMembers({ members, ids }: Fields): readonly string[] {
  const named = Array.isArray(members) ? members.map((member) => fieldsOf(member)["value"]) : ids;
  if (!Array.isArray(named) || named.length === 0 || named.length > MEMBERS_NAMED_MAX) return ["members"];
  return named.map((id) => `members:${String(id).toLowerCase()}`);
}

/** `emails[type eq "work"].value` → `emails`; of an extension's attribute its own name. */
function attributeOfPath(path: string): string {
  const name = /^(?:urn:.*:)?([^.[:]+)/i.exec(path)?.[1] ?? path;
  return name.toLowerCase();
}

function valueOf(fields: Fields, lowerName: string): unknown {
  const name = Object.keys(fields).find((key) => key.toLowerCase() === lowerName);
  return name === undefined ? undefined : fields[name];
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

/** 128 bits of a SHA-256, as a UUID. */
function hashOf(text: string): string {
  return uuidOf(createHash("sha256").update(text).digest("hex").slice(0, 32));
}
