/** What is stored → what a client sees: strictly typed, complete meta, `schemas` kept true. RFC 7643 sections 3 and 3.1. */
import { type Attribute } from "../schema/attribute.ts";
import { locate, type Located, type Model, type Models } from "../schema/registry.ts";
import { URNS } from "../urns.ts";
import { isEqual } from "./equal.ts";
import { fittingPart } from "./fitting.ts";
import { locationOf, metaOf } from "./meta.ts";
import { project, type Projection, shownOf } from "./project.ts";
import type { Fields } from "./fields.ts";
import type { Resource, Stored } from "./resource.ts";

export interface Rendering {
  /** The attributes that the resource's tenant has. */
  readonly models: Models;
  /** Address of the SCIM endpoint, without a slash at its end. */
  readonly baseUrl: string;
  readonly projection: Projection;
}

export function render(stored: Stored, { models, baseUrl, projection }: Rendering): Record<string, unknown> {
  const model = models[stored.type];
  const resource: Resource = {
    ...stored.resource,
    meta: metaOf(stored, baseUrl),
    ...(stored.members && {
      members: stored.members.map((member) => withReference(member, member.type, baseUrl)),
    }),
    ...(stored.groups && { groups: stored.groups.map((group) => withReference(group, "Group", baseUrl)) }),
  };
  const parts = model.extensions.flatMap((extension) => {
    const part = fittingPart(extension, stored.resource);
    return part ? [{ extension, part }] : [];
  });
  const shown: Fields = {
    schemas: [model.core.id, ...parts.map(({ extension }) => extension.id)],
    id: stored.id,
  };
  const show = (target: Fields, source: Resource, place: Located): void => {
    const value = source[place.attribute.name];
    if (value === undefined) return;
    const seen = showValue(model, place, { value, projection, baseUrl });
    if (seen !== undefined) target[place.attribute.name] = seen;
  };
  for (const place of model.shown) show(shown, resource, place);
  for (const { extension, part } of parts) {
    const projected: Fields = {};
    for (const attribute of extension.attributes) show(projected, part, { attribute, extension });
    if (Object.keys(projected).length > 0) shown[extension.id] = projected;
  }
  const meta = locate(model, "meta");
  if (meta) show(shown, resource, meta);
  return shown;
}

export interface ListResponse {
  readonly schemas: readonly string[];
  readonly totalResults: number;
  readonly startIndex?: number;
  readonly itemsPerPage: number;
  /** Absent on the last page, and where the client pages by index. */
  readonly nextCursor?: string;
  readonly Resources: readonly object[];
}

/** RFC 7644 section 3.4.2, RFC 9865 section 2. `Resources` is there even when empty: Azure reads it. */
export function listResponse(page: {
  readonly totalResults: number;
  readonly startIndex?: number | undefined;
  readonly nextCursor?: string | undefined;
  readonly resources: readonly object[];
}): ListResponse {
  const { totalResults, startIndex, nextCursor, resources } = page;
  return {
    schemas: [URNS.listResponse],
    totalResults,
    ...(startIndex !== undefined && { startIndex }),
    itemsPerPage: resources.length,
    ...(nextCursor !== undefined && { nextCursor }),
    Resources: resources,
  };
}

/**
 * Names of the attributes that differ, an extension's with their URN.
 * @returns an empty list when a write changed nothing, and so makes no new version
 */
export function changedAttributes(before: Resource, after: Resource): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name) => {
    const [left, right] = [before[name], after[name]];
    if (isEqual(left, right)) return [];
    if (!name.toLowerCase().startsWith("urn:")) return [name];
    const [inner, outer] = [left ?? {}, right ?? {}];
    return changedAttributes(inner as Resource, outer as Resource).map((attribute) => `${name}:${attribute}`);
  });
}

function showValue(
  model: Model,
  place: Located,
  {
    value,
    projection,
    baseUrl,
  }: { readonly value: unknown; readonly projection: Projection; readonly baseUrl: string },
): unknown {
  const shown = shownOf(projection, model, place);
  if (shown === "nothing") return undefined;
  const { attribute } = place;
  if (attribute.type !== "complex") return value;
  const one = (item: unknown): object | undefined =>
    project(complete(attribute, item as Fields, baseUrl), shown);
  if (!Array.isArray(value)) return one(value);
  const elements = value.map(one).filter((element) => element !== undefined);
  return elements.length === 0 ? undefined : elements;
}

/** Adds the `$ref` that the value's own type decides, such as a manager's. */
function complete(attribute: Attribute, value: Fields, baseUrl: string): Fields {
  const [type, ...others] = attribute.subByKey.get("$ref")?.referenceTypes ?? [];
  if ((type !== "User" && type !== "Group") || others.length > 0) return value;
  if (typeof value["value"] !== "string") return value;
  return withReference({ ...value, value: value["value"] }, type, baseUrl);
}

function withReference(value: { readonly value: string }, type: "User" | "Group", baseUrl: string): Fields {
  const { value: id, ...rest } = value;
  return { value: id, $ref: locationOf(type, id, baseUrl), ...rest };
}
