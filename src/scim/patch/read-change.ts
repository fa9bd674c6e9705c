/** One operation on an attribute → its canonical form: value read, unassigning told from assigning. RFC 7644 section 3.5.2. */
import { say, ScimError, term } from "../errors.ts";
import { bindElementFilter } from "../filter/bind.ts";
import type { Entry } from "../resource/entries.ts";
import { isDerived, isUnassigned, readElement, readSub, readValue } from "../resource/read-value.ts";
import type { Attribute } from "../schema/attribute.ts";
import { type Located, nameOf } from "../schema/registry.ts";
import type { AttributeChange } from "./operations.ts";

interface Operation {
  readonly kind: "add" | "replace" | "remove";
  readonly hasValue: boolean;
  readonly mustMatch: boolean;
}

/**
 * True for what a client may name but not decide: passwords, which are not kept, and sub-attributes that the server
 * fills in, which Azure sends along.
 */
export function isSilentlyKept({ attribute }: Located, sub: Attribute | undefined): boolean {
  if (attribute.returned === "never") return true;
  return sub !== undefined && attribute.mutability !== "readOnly" && isDerived(sub);
}

/**
 * An empty value unassigns, as Azure's own tests ask for.
 * @throws {ScimError} mutability for what clients cannot write or empty, invalidPath for a filter on a single value
 */
export function readChange(
  { kind, hasValue, mustMatch }: Operation,
  { place, filter, sub, value }: Entry,
): AttributeChange {
  const { attribute, extension } = place;
  assertWritable(kind, { place, filter, sub });
  const target = {
    ...(extension && { extension: extension.key }),
    attribute: attribute.key,
    ...(filter && { filter, ...(mustMatch && { mustMatch }) }),
    ...(sub && { sub: sub.key }),
  };
  const read =
    kind === "remove"
      ? removedValue(place, { filter, sub, value, hasValue })
      : readTarget(place, { filter, sub, value });
  if (kind === "remove" || read === undefined) {
    assertRemovable(place, sub);
    return { kind: "remove", ...target, ...(kind === "remove" && read !== undefined && { value: read }) };
  }
  return { kind, ...target, value: read };
}

type Target = Pick<Entry, "filter" | "sub" | "value">;

function readTarget(place: Located, { filter, sub, value }: Target): unknown {
  if (sub) return readSub(place, sub, value);
  return filter
    ? readElement(place, Array.isArray(value) && value.length === 1 ? value[0] : value)
    : readValue(place, value);
}

/** Of a multi-valued attribute, a remove with a value takes out those values and no others. */
function removedValue(
  place: Located,
  { filter, sub, value, hasValue }: Target & Pick<Operation, "hasValue">,
): unknown {
  if (!hasValue || filter || sub || !place.attribute.multiValued || isUnassigned(value)) return undefined;
  return readValue(place, value);
}

function assertWritable(
  kind: Operation["kind"],
  { place, filter, sub }: Pick<Entry, "place" | "filter" | "sub">,
): void {
  if (place.attribute.mutability === "readOnly") throw readOnly(place);
  if (sub && (kind !== "add" || filter)) assertMutableSub(place, sub);
  if (filter) assertFilterable(place, filter);
}

function assertFilterable(place: Located, filter: NonNullable<Entry["filter"]>): void {
  if (!place.attribute.multiValued) {
    const name = term(nameOf(place));
    const detail = say`${name} has one value, so its path takes no filter in brackets; write ${name} alone.`;
    throw new ScimError("invalidPath", "path-syntax", detail);
  }
  bindElementFilter(place, filter);
}

function assertRemovable(place: Located, sub: Attribute | undefined): void {
  const { attribute } = place;
  if (sub) return;
  if (attribute.required) {
    const detail = say`${term(nameOf(place))} is required and cannot be removed or emptied; replace it with another value.`;
    throw new ScimError("mutability", "required-removed", detail);
  }
  if (attribute.key === "active" && !place.extension) {
    const detail = say`active cannot be removed or emptied; send true to let the user sign in, false to lock the user out.`;
    throw new ScimError("invalidValue", "active-unassigned", detail);
  }
}

/** Which element was which cannot be told afterwards, so it is refused before. */
function assertMutableSub(place: Located, sub: Attribute): void {
  if (sub.mutability !== "immutable" || !place.attribute.multiValued) return;
  const detail = say`${term(nameOf(place, sub))} cannot be changed in place; remove the element and add the new one.`;
  throw new ScimError("mutability", "attribute-immutable", detail);
}

function readOnly(place: Located): ScimError {
  const { key } = place.attribute;
  const fix =
    key === "groups" && !place.extension
      ? "change the group's members instead"
      : "take it out of the mapping";
  const detail = say`${term(nameOf(place))} is kept by the server and cannot be written; ${term(fix)}.`;
  return new ScimError("mutability", "attribute-read-only", detail);
}
