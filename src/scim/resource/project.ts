/**
 * `attributes` and `excludedAttributes`: which parts of a resource an answer shows. Names are kept as they were
 * asked, since one list serves every resource type; what means nothing for a type shows and hides nothing.
 * RFC 7644 section 3.9, RFC 7643 section 7 (returned).
 */
import { say, ScimError } from "../errors.ts";
import { pathOf } from "../filter/words.ts";
import { CORE_MODELS, locate, type Located, type Model, qualifiedKey } from "../schema/registry.ts";
import type { ResourceType } from "./resource.ts";

/** Lower-cased attribute name or URN → the sub-attributes that were named, in lower case, or the whole. */
type Selection = ReadonlyMap<string, ReadonlySet<string> | "whole">;

export interface Projection {
  readonly attributes?: Selection;
  readonly excludedAttributes?: Selection;
}

/** What of an attribute is shown: all, nothing, only these sub-attributes, or all but these. */
export type Shown =
  "whole" | "nothing" | { readonly only: ReadonlySet<string> } | { readonly except: ReadonlySet<string> };

/** @throws {ScimError} invalidValue when both are given: they exclude each other */
export function parseProjection(
  attributes: string | undefined,
  excludedAttributes: string | undefined,
): Projection {
  const only = parseNames(attributes);
  const except = parseNames(excludedAttributes);
  if (only && except) {
    const detail = say`attributes and excludedAttributes exclude each other; send one of them.`;
    throw new ScimError("invalidValue", "projection-both", detail);
  }
  return { ...(only && { attributes: only }), ...(except && { excludedAttributes: except }) };
}

/** Does the answer show the membership, so that it must be read? No extension has a say in that. */
export function wants(projection: Projection, type: ResourceType, attribute: "members" | "groups"): boolean {
  const model = CORE_MODELS[type];
  const place = locate(model, attribute);
  return place !== undefined && shownOf(projection, model, place) !== "nothing";
}

export function shownOf(projection: Projection, model: Model, place: Located): Shown {
  const { returned } = place.attribute;
  if (returned === "never") return "nothing";
  if (returned === "always") return "whole";
  if (projection.attributes) {
    const asked = selected(projection.attributes, model, place);
    return asked === undefined ? "nothing" : asked === "whole" ? "whole" : { only: asked };
  }
  if (returned === "request") return "nothing";
  const excluded = projection.excludedAttributes && selected(projection.excludedAttributes, model, place);
  return excluded === undefined ? "whole" : excluded === "whole" ? "nothing" : { except: excluded };
}

/** A complex value as far as it is shown; undefined when nothing of it is left. */
export function project(value: Readonly<Record<string, unknown>>, shown: Shown): object | undefined {
  if (shown === "whole") return value;
  if (shown === "nothing") return undefined;
  const isKept = (name: string): boolean =>
    "only" in shown ? shown.only.has(name.toLowerCase()) : !shown.except.has(name.toLowerCase());
  const kept = Object.entries(value).filter(([name]) => isKept(name));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function selected(
  selection: Selection,
  model: Model,
  place: Located,
): ReadonlySet<string> | "whole" | undefined {
  const { attribute, extension } = place;
  const schema = extension ?? model.core;
  const whole = extension && selection.get(extension.key);
  if (whole) return whole;
  const qualified = selection.get(`${schema.key}:${attribute.key}`);
  const bare = isNamed(model, place) ? selection.get(attribute.key) : undefined;
  if (!qualified || !bare) return qualified ?? bare;
  return qualified === "whole" || bare === "whole" ? "whole" : new Set([...qualified, ...bare]);
}

/** A bare name means the core's attribute where both have it. */
function isNamed(model: Model, place: Located): boolean {
  return locate(model, place.attribute.name)?.attribute === place.attribute;
}

function parseNames(list: string | undefined): Selection | undefined {
  if (list === undefined || list.trim() === "") return undefined;
  const selection = new Map<string, Set<string> | "whole">();
  // Microsoft's collection asks for `emails[type eq "work"]`, which is taken as the whole attribute.
  for (const name of list.replace(/\[[^\]]*\]/g, "").split(",")) add(selection, name.trim());
  return selection;
}

/** What is no attribute name selects nothing: the answer then holds what is always returned. */
function add(selection: Map<string, Set<string> | "whole">, word: string): void {
  // A schema's URN may end in what is no attribute name.
  if (/^urn:/i.test(word)) selection.set(word.toLowerCase(), "whole");
  let path;
  try {
    path = pathOf(word, 0, { kind: "path", text: word });
  } catch (error) {
    if (error instanceof ScimError) return;
    throw error;
  }
  const key = qualifiedKey(path.name, path.urn);
  const before = selection.get(key);
  if (path.sub === undefined || before === "whole") selection.set(key, "whole");
  else selection.set(key, new Set([...(before ?? []), path.sub.toLowerCase()]));
}
