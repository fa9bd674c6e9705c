/** One operation on the values of a multi-valued attribute. RFC 7644 sections 3.5.2.1 to 3.5.2.3, and Azure's habits. */
import { say, ScimError, term } from "../errors.ts";
import type { Filter } from "../filter/ast.ts";
import { bindElementFilter } from "../filter/bind.ts";
import { isMetBy } from "../filter/evaluate.ts";
import { addElements, addValues, findNamed, keepOnePrimary, withoutValues } from "../resource/elements.ts";
import type { Fields } from "../resource/fields.ts";
import { readSub, saysSomething } from "../resource/read-value.ts";
import { searchValue } from "../resource/search-document.ts";
import type { Attribute } from "../schema/attribute.ts";
import { type Located, nameOf } from "../schema/registry.ts";
import type { AttributeChange } from "./operations.ts";

/**
 * @param before - the attribute's values; never changed
 * @returns the values afterwards, undefined when none is left
 * @throws {ScimError} noTarget when the filter matches nothing and names no value that could be made
 */
export function changeElements(place: Located, before: unknown, change: AttributeChange): unknown {
  if (place.attribute.type !== "complex") {
    const values = changeValues(place, Array.isArray(before) ? before : [], change);
    return values.length === 0 ? undefined : values;
  }
  const elements = structuredClone(Array.isArray(before) ? (before as Fields[]) : []);
  const primary = new Set(elements.filter((element) => element["primary"] === true));
  if (change.mustMatch && change.filter && !elements.some(matcher(place, change.filter)))
    throw noMatch(place);
  const after = change.kind === "remove" ? remove(place, elements, change) : write(place, elements, change);
  if (after.length === 0) return undefined;
  return keepOnePrimary(after, primary);
}

/** Simple values: a filter is about each of them as `value`, and what it matches gives way to the new one. */
function changeValues(
  place: Located,
  before: readonly unknown[],
  { kind, filter, value }: AttributeChange,
): readonly unknown[] {
  const { attribute } = place;
  const named: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (filter) {
    const kept = before.filter((item) => !matcher(place, filter)(item));
    if (kind === "remove") return kept;
    if (kept.length === before.length) throw noTarget(place);
    return addValues(attribute, kept, named);
  }
  if (kind === "remove") return value === undefined ? [] : withoutValues(attribute, before, named);
  return addValues(attribute, kind === "add" ? before : [], named);
}

function write(place: Located, elements: Fields[], change: AttributeChange): Fields[] {
  const { kind, filter, value } = change;
  const sub = subOf(place, change);
  if (!filter && !sub)
    return kind === "replace"
      ? (value as Fields[])
      : addElements(place.attribute, elements, value as Fields[]);
  const given: Fields = sub ? { [sub.name]: value } : (value as Fields);
  if (filter) return writeMatching(place, elements, { filter, given });
  // `emails.value` without a filter: a replacement means every value there is, an addition one more.
  if (kind === "replace" && elements.length > 0)
    return elements.map((element) => Object.assign(element, given));
  return addElements(place.attribute, elements, [given]);
}

/**
 * Where nothing matches, the value that the filter describes is made: Azure replaces `emails[type eq "work"].value`
 * of users who never had one, and RFC 7644 section 3.5.2.3 would refuse that.
 */
function writeMatching(
  place: Located,
  elements: Fields[],
  { filter, given }: { readonly filter: Filter; readonly given: Fields },
): Fields[] {
  const matching = elements.filter(matcher(place, filter));
  if (matching.length === 0) {
    const described = describedBy(place, filter);
    if (!described) throw noTarget(place);
    return [...elements, { ...described, ...given }];
  }
  for (const element of matching) Object.assign(element, given);
  return elements;
}

function remove(place: Located, elements: Fields[], change: AttributeChange): Fields[] {
  const { filter, value } = change;
  const sub = subOf(place, change);
  if (Array.isArray(value)) {
    const removed = findNamed(place.attribute, elements, value as Fields[]);
    return elements.filter((element) => !removed.has(element));
  }
  const isMeant = filter ? matcher(place, filter) : () => true;
  if (!sub) return elements.filter((element) => !isMeant(element));
  return elements.flatMap((element) => (isMeant(element) ? withoutSub(element, sub) : [element]));
}

/** Without its value, an element says nothing any more and goes. */
function withoutSub(element: Fields, sub: Attribute): Fields[] {
  const kept = Object.fromEntries(Object.entries(element).filter(([name]) => name !== sub.name));
  return saysSomething(kept) ? [kept] : [];
}

function matcher(place: Located, filter: Filter): (element: unknown) => boolean {
  const bound = bindElementFilter(place, filter);
  return (element) => isMetBy(bound, searchValue(place.attribute, element));
}

/** The sub-attributes that a filter fixes by `eq`; undefined when it is about anything else. */
function describedBy(place: Located, filter: Filter): Fields | undefined {
  if (filter.kind === "and") {
    const parts = filter.operands.map((operand) => describedBy(place, operand));
    return parts.every((part) => part !== undefined) ? (Object.assign({}, ...parts) as Fields) : undefined;
  }
  if (filter.kind !== "compare" || filter.operator !== "eq" || filter.value === null) return undefined;
  const sub = place.attribute.subByKey.get(filter.path.name.toLowerCase());
  return sub && { [sub.name]: readSub(place, sub, filter.value) };
}

function subOf({ attribute }: Located, { sub }: AttributeChange): Attribute | undefined {
  return sub === undefined ? undefined : attribute.subByKey.get(sub);
}

function noTarget(place: Located): ScimError {
  const name = term(nameOf(place));
  const detail = say`No value of ${name} matches the filter in the path, and none can be made from it; use eq terms only, such as type eq "work", or add the value first.`;
  return new ScimError("noTarget", "path-no-target", detail);
}

function noMatch(place: Located): ScimError {
  const detail = say`No value of ${term(nameOf(place))} matches the filter in the path; add the value first.`;
  return new ScimError("noTarget", "path-no-target", detail);
}
