/**
 * What holds of an extension's attributes beyond their types: which must be there (RFC 7643 sections 6 and 7), and
 * which stay as they are once they are set (RFC 7643 section 7, RFC 7644 sections 3.5.1 and 3.5.2).
 */
import { say, ScimError, term } from "../errors.ts";
import type { Attribute, Schema } from "../schema/attribute.ts";
import { type Located, type Model, nameOf } from "../schema/registry.ts";
import { isEqual } from "./equal.ts";
import { fitting, fittingPart } from "./fitting.ts";
import { type Fields, isObject } from "./fields.ts";
import type { Resource } from "./resource.ts";

/**
 * @param before - the resource before a PATCH: what it lacked of an extension that the PATCH leaves alone, it may lack
 * @throws {ScimError} invalidValue naming the attribute that is missing
 */
export function assertComplete(model: Model, resource: Resource, before?: Resource): void {
  for (const extension of model.demanding) {
    if (before && isEqual(before[extension.id], resource[extension.id])) continue;
    const part = fittingPart(extension, resource);
    if (!part && !extension.required) continue;
    for (const attribute of extension.attributes) {
      assertThere(model, { attribute, extension }, part?.[attribute.name]);
    }
  }
}

/**
 * The resource that a PUT asks for, with what the client left out but cannot empty.
 * @returns the same resource where nothing is kept
 */
export function keepLasting(model: Model, before: Resource, after: Resource): Resource {
  let kept = after;
  for (const { attribute, extension } of model.lasting) {
    const value = partOf(before, extension)?.[attribute.name];
    if (!extension || !isSetOnce(attribute) || value === undefined) continue;
    const part = partOf(kept, extension);
    if (part?.[attribute.name] !== undefined) continue;
    kept = { ...kept, [extension.id]: { ...part, [attribute.name]: value } };
  }
  return kept;
}

/** @throws {ScimError} mutability naming an attribute that was set before and is now another */
export function assertLasting(model: Model, before: Resource, after: Resource): void {
  for (const place of model.lasting) {
    const { attribute, extension } = place;
    const old = fitting(attribute, partOf(before, extension)?.[attribute.name]);
    if (old === undefined) continue;
    const value = fitting(attribute, partOf(after, extension)?.[attribute.name]);
    if (isSetOnce(attribute) && !isEqual(old, value)) throw setOnce(nameOf(place));
    if (isObject(old) && isObject(value)) assertLastingSubs(place, old, value);
  }
}

function assertLastingSubs(place: Located, old: Fields, value: Fields): void {
  for (const sub of place.attribute.subAttributes) {
    const before = old[sub.name];
    if (sub.mutability !== "immutable" || before === undefined || isEqual(before, value[sub.name])) continue;
    throw setOnce(nameOf(place, sub));
  }
}

function isSetOnce({ mutability }: Attribute): boolean {
  return mutability === "immutable" || mutability === "readOnly";
}

function partOf(resource: Resource, extension: Schema | undefined): Fields | undefined {
  const part = extension && resource[extension.id];
  return isObject(part) ? part : undefined;
}

function assertThere(model: Model, place: Located, value: unknown): void {
  if (value === undefined) {
    if (place.attribute.required) throw missing(model, nameOf(place));
    return;
  }
  const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
  for (const sub of place.attribute.subAttributes) {
    const isLacking = (element: unknown): boolean => isObject(element) && element[sub.name] === undefined;
    if (sub.required && elements.some(isLacking)) throw missing(model, nameOf(place, sub));
  }
}

function missing(model: Model, name: string): ScimError {
  const detail = say`${term(name)} is required, and the ${term(model.type)} has none; map it to a source attribute that always has a value.`;
  return new ScimError("invalidValue", "required-missing", detail);
}

function setOnce(name: string): ScimError {
  const detail = say`${term(name)} is set once and cannot change; in the mapping choose to apply it during object creation only.`;
  return new ScimError("mutability", "attribute-set-once", detail);
}
