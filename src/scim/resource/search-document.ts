/**
 * The form in which a resource is searched: what the filter compiler's SQL and the evaluation in memory both look
 * at, so that they cannot disagree. Names in lower case; strings without letter case folded; times in UTC.
 */
import type { Attribute } from "../schema/attribute.ts";
import type { Model } from "../schema/registry.ts";
import type { Resource } from "./resource.ts";
import { normalizeDateTime } from "./date-time.ts";
import type { Fields } from "./fields.ts";
import { fittingPart } from "./fitting.ts";
import { fold } from "./text.ts";

/** Stored as jsonb beside the resource. Without id, meta, schemas, members, groups and password. */
export function searchDocument(model: Model, resource: Resource): Record<string, unknown> {
  const found: Fields = {};
  for (const name of Object.keys(resource)) {
    const key = name.toLowerCase();
    const extension = model.extensionByKey.get(key);
    if (extension) {
      const part = fittingPart(extension, resource);
      const inner = part && searchFields(extension.byKey, part);
      if (inner) found[key] = inner;
      continue;
    }
    const attribute = model.located.get(key)?.attribute;
    if (attribute) assign(found, attribute, resource[name]);
  }
  return found;
}

/** One value of an attribute: a multi-valued attribute's element, or a single value. */
export function searchValue(attribute: Attribute, value: unknown): unknown {
  if (value === null || value === undefined) return undefined;
  if (attribute.type === "complex") return searchFields(attribute.subByKey, value as Fields);
  if (typeof value !== "string") return value;
  if (attribute.type === "dateTime") return normalizeDateTime(value) ?? value;
  return attribute.caseExact ? value : fold(value);
}

function searchFields(attributes: ReadonlyMap<string, Attribute>, fields: Fields): Fields | undefined {
  const found: Fields = {};
  let isEmpty = true;
  for (const name of Object.keys(fields)) {
    const attribute = attributes.get(name.toLowerCase());
    if (attribute && assign(found, attribute, fields[name])) isEmpty = false;
  }
  return isEmpty ? undefined : found;
}

function assign(target: Fields, attribute: Attribute, value: unknown): boolean {
  const comparable =
    attribute.multiValued && Array.isArray(value)
      ? searchList(attribute, value)
      : searchValue(attribute, value);
  if (comparable === undefined) return false;
  target[attribute.key] = comparable;
  return true;
}

function searchList(attribute: Attribute, values: readonly unknown[]): unknown[] | undefined {
  const found = values.map((value) => searchValue(attribute, value)).filter((value) => value !== undefined);
  return found.length === 0 ? undefined : found;
}
