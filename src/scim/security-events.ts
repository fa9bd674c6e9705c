/**
 * What happened to a resource, as the `events` and the subject of a security event token. RFC 9967 section 2; the token
 * itself is RFC 8417, and is signed elsewhere.
 */
import { weakEtag } from "./resource/meta.ts";
import type { Resource, ResourceType, Stored } from "./resource/resource.ts";
import { ENDPOINTS } from "./schema/registry.ts";
import { URNS } from "./urns.ts";

const PROV = "urn:ietf:params:scim:event:prov";

/** RFC 9967 section 2.4. */
export const PROVISIONING_EVENTS = {
  createFull: `${PROV}:create:full`,
  createNotice: `${PROV}:create:notice`,
  patchFull: `${PROV}:patch:full`,
  patchNotice: `${PROV}:patch:notice`,
  putFull: `${PROV}:put:full`,
  putNotice: `${PROV}:put:notice`,
  delete: `${PROV}:delete`,
  activate: `${PROV}:activate`,
  deactivate: `${PROV}:deactivate`,
} as const;

export interface ResourceChange {
  readonly kind: "created" | "updated" | "activated" | "deactivated" | "deleted";
  readonly type: ResourceType;
  readonly id: string;
  readonly externalId: string | null;
  /** After the change; null after a deletion. */
  readonly version: number | null;
  /** Names of attributes, an extension's with their URN: paths of RFC 7644. */
  readonly changed: readonly string[];
  /** The resource as it is now, never older than the change; undefined once it is gone. */
  readonly stored: Stored | undefined;
  /** By a PUT. */
  readonly isReplaced: boolean;
  /** Ids of members that came and went. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** RFC 9967 section 2.1: the subject is `sub_id`, and nothing else names it. */
export function scimSubject({ type, id, externalId }: ResourceChange): object {
  const uri = `/${ENDPOINTS[type]}/${id}`;
  return { format: "scim", uri, ...(externalId !== null && { externalId }), id };
}

/**
 * One change is one token. Activation comes with the change of the attribute, for receivers that know one of both.
 * @param isFull - values are told (`data`), and not just the names of attributes
 */
export function scimEvents(change: ResourceChange, isFull: boolean): Readonly<Record<string, object>> {
  switch (change.kind) {
    case "created":
      return createEvent(change, isFull);
    case "deleted":
      return { [PROVISIONING_EVENTS.delete]: {} };
    case "updated":
      return changeEvent(change, isFull);
    case "activated":
      return { [PROVISIONING_EVENTS.activate]: {}, ...changeEvent(change, isFull) };
    case "deactivated":
      return { [PROVISIONING_EVENTS.deactivate]: {}, ...changeEvent(change, isFull) };
  }
}

function createEvent(change: ResourceChange, isFull: boolean): Readonly<Record<string, object>> {
  const { stored } = change;
  if (!isFull || stored === undefined) return { [PROVISIONING_EVENTS.createNotice]: noticeOf(change) };
  return { [PROVISIONING_EVENTS.createFull]: { version: weakEtag(stored.version), data: bodyOf(stored) } };
}

/**
 * A replaced user is told whole. A group always as a patch: its members may be many, they are told apart, and a PUT
 * without them would leave it with none.
 */
function changeEvent(change: ResourceChange, isFull: boolean): Readonly<Record<string, object>> {
  const { stored, type } = change;
  const isPut = change.isReplaced && type === "User";
  if (!isFull || stored === undefined)
    return {
      [isPut ? PROVISIONING_EVENTS.putNotice : PROVISIONING_EVENTS.patchNotice]: noticeOf(change),
    };
  const version = weakEtag(stored.version);
  if (isPut) return { [PROVISIONING_EVENTS.putFull]: { version, data: bodyOf(stored) } };
  const data = { schemas: [URNS.patchOp], Operations: operationsOf(change, stored.resource) };
  return { [PROVISIONING_EVENTS.patchFull]: { version, data } };
}

function noticeOf({ version, changed }: ResourceChange): object {
  return { ...(version !== null && { version: weakEtag(version) }), attributes: [...changed] };
}

/** Brings a copy of the resource to what it is now. RFC 7644 section 3.5.2. */
function operationsOf({ changed, added, removed }: ResourceChange, resource: Resource): readonly object[] {
  return [
    ...changed
      .filter((path) => path !== "members")
      .map((path) => {
        const value = valueAt(resource, path);
        return value === undefined ? { op: "remove", path } : { op: "replace", path, value };
      }),
    ...removed.map((id) => ({ op: "remove", path: `members[value eq "${id}"]` })),
    ...(added.length === 0 ? [] : [{ op: "add", path: "members", value: added.map((value) => ({ value })) }]),
  ];
}

function valueAt(resource: Resource, path: string): unknown {
  if (!path.toLowerCase().startsWith("urn:")) return resource[path];
  const urn = Object.keys(resource).find((key) => path.startsWith(`${key}:`));
  if (urn === undefined) return undefined;
  return (resource[urn] as Resource | undefined)?.[path.slice(urn.length + 1)];
}

/** Without `meta.location`: a receiver knows where it reads; and without members, which may be many. */
export function bodyOf({ type, id, version, created, lastModified, resource }: Stored): Resource {
  const core = type === "User" ? URNS.user : URNS.group;
  const extensions = Object.keys(resource).filter((name) => name.startsWith("urn:"));
  const meta = { resourceType: type, created, lastModified, version: weakEtag(version) };
  return { schemas: [core, ...extensions], id, ...resource, meta };
}
