/**
 * Applies canonical operations to a resource: in order, each to the result of the one before, and all or nothing,
 * since the resource handed in is never changed. RFC 7644 section 3.5.2.
 */
import { isEqual } from "../resource/equal.ts";
import { assertComplete, assertLasting } from "../resource/extension-rules.ts";
import { containerOf } from "../resource/read-body.ts";
import { changedAttributes } from "../resource/render.ts";
import { type Fields, isObject } from "../resource/fields.ts";
import type { Resource } from "../resource/resource.ts";
import { locate, type Located, type Model } from "../schema/registry.ts";
import type { AttributeChange, Patch } from "./operations.ts";
import { changeElements } from "./apply-elements.ts";

export interface Patched {
  readonly resource: Resource;
  /** Names of what differs afterwards; empty when the PATCH changed nothing. */
  readonly changed: readonly string[];
}

/**
 * Membership is left out: it is applied where its rows are.
 * @throws {ScimError} noTarget when a filter matches no value and none can be made from it; mutability or
 *   invalidValue when an extension's attribute would change that must not, or would be missing
 */
export function applyPatch(model: Model, resource: Resource, patch: Patch): Patched {
  const draft = structuredClone(resource) as Fields;
  for (const operation of patch.operations) {
    if (operation.kind === "members") continue;
    const place = locate(model, operation.attribute, operation.extension);
    // An attribute that a newer version of the schema had is passed over, as it would be in a body.
    if (place) applyChange(draft, place, operation);
  }
  const changed = changedAttributes(resource, draft);
  if (changed.length > 0) {
    assertLasting(model, resource, draft);
    assertComplete(model, draft, resource);
  }
  return { resource: draft, changed };
}

function applyChange(draft: Fields, place: Located, change: AttributeChange): void {
  const container = containerOf(draft, place);
  const { name, multiValued } = place.attribute;
  const after = multiValued
    ? changeElements(place, container[name], change)
    : changeSingle(place, container[name], change);
  if (after === undefined) Reflect.deleteProperty(container, name);
  else if (!isEqual(after, container[name])) container[name] = after;
  if (place.extension && Object.keys(container).length === 0) {
    Reflect.deleteProperty(draft, place.extension.id);
  }
}

/** A complex value takes the given sub-attributes and keeps the others. RFC 7644 section 3.5.2.3. */
function changeSingle({ attribute }: Located, before: unknown, change: AttributeChange): unknown {
  const sub = change.sub === undefined ? undefined : attribute.subByKey.get(change.sub);
  const parts: Fields = isObject(before) ? { ...before } : {};
  if (change.kind === "remove") {
    if (!sub) return undefined;
    const kept = Object.fromEntries(Object.entries(parts).filter(([name]) => name !== sub.name));
    return Object.keys(kept).length === 0 ? undefined : kept;
  }
  if (sub) return { ...parts, [sub.name]: change.value };
  return isObject(change.value) ? { ...parts, ...change.value } : change.value;
}
