/**
 * A stored value as far as it fits its attribute. Schemas of a tenant change while what was written under an earlier
 * version stays: what no longer fits is kept in the row and neither shown nor found.
 */
import type { Attribute, AttributeType, Schema } from "../schema/attribute.ts";
import { normalizeDateTime } from "./date-time.ts";
import { type Fields, isObject } from "./fields.ts";
import type { Resource } from "./resource.ts";

/** The attributes that a resource has of an extension, by their names; undefined when it has none. */
export function fittingPart(extension: Schema, resource: Resource): Fields | undefined {
  return fittingFields(extension.attributes, resource[extension.id]);
}

/** @returns undefined for what does not fit at all */
export function fitting(attribute: Attribute, value: unknown): unknown {
  if (!attribute.multiValued) return fittingOne(attribute, value);
  if (!Array.isArray(value)) return undefined;
  const elements = value.map((item) => fittingOne(attribute, item)).filter((item) => item !== undefined);
  return elements.length === 0 ? undefined : elements;
}

function fittingFields(attributes: readonly Attribute[], fields: unknown): Fields | undefined {
  if (!isObject(fields)) return undefined;
  const found: Fields = {};
  let isEmpty = true;
  for (const attribute of attributes) {
    if (!Object.hasOwn(fields, attribute.name)) continue;
    const value = fitting(attribute, fields[attribute.name]);
    if (value === undefined) continue;
    found[attribute.name] = value;
    isEmpty = false;
  }
  return isEmpty ? undefined : found;
}

function fittingOne(attribute: Attribute, value: unknown): unknown {
  if (attribute.type === "complex") return fittingFields(attribute.subAttributes, value);
  return isOfType[attribute.type](value) ? value : undefined;
}

const isText = (value: unknown): boolean => typeof value === "string";

const isOfType: Readonly<Record<Exclude<AttributeType, "complex">, (value: unknown) => boolean>> = {
  string: isText,
  reference: isText,
  binary: isText,
  boolean: (value) => typeof value === "boolean",
  integer: Number.isSafeInteger,
  decimal: (value) => typeof value === "number",
  dateTime: (value) => typeof value === "string" && normalizeDateTime(value) !== undefined,
};
