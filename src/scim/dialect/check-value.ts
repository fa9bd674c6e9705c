/** Refuses values that are not of the type the schema gives, where the dialect wants them so. RFC 7643 sections 2.3 and 2.4. */
import { term, type Term } from "../errors.ts";
import { type Fields, isObject } from "../resource/fields.ts";
import { findSub } from "../resource/read-value.ts";
import type { Attribute } from "../schema/attribute.ts";
import { type Located, nameOf } from "../schema/registry.ts";
import { assertTolerated, type Dialect } from "./tolerances.ts";

/** What a value is for: an attribute, or one of its sub-attributes. */
export interface Target {
  readonly place: Located;
  readonly sub?: Attribute | undefined;
  /** One value of several is meant: by a filter, or because one is added to them. */
  readonly isElement: boolean;
}

/** @throws {ScimError} naming the attribute and the tolerance that the dialect lacks */
export function checkValue(dialect: Dialect, { place, sub, isElement }: Target, value: unknown): void {
  if (value === null || value === undefined) return;
  const { attribute } = place;
  const name = term(nameOf(place, sub));
  if (sub) {
    checkOne(dialect, sub, { value, name });
    return;
  }
  if (!attribute.multiValued || (isElement && !Array.isArray(value))) {
    checkOne(dialect, attribute, { value, name });
    return;
  }
  if (!Array.isArray(value)) {
    assertTolerated(dialect, value === "" ? "empty-text" : "list-of-one", name);
    return;
  }
  for (const element of value) checkOne(dialect, attribute, { value: element, name });
  const primary = value.filter((element) => isObject(element) && element["primary"] === true);
  if (primary.length > 1) assertTolerated(dialect, "several-primary", name);
}

interface Given {
  readonly value: unknown;
  readonly name: Term;
}

function checkOne(dialect: Dialect, attribute: Attribute, { value, name }: Given): void {
  if (value === null) return;
  if (Array.isArray(value)) {
    assertTolerated(dialect, "list-of-one", name);
  } else if (value === "" && attribute.type !== "string") {
    assertTolerated(dialect, "empty-text", name);
  } else if (isObject(value) !== (attribute.type === "complex")) {
    assertTolerated(dialect, "bare-value", name);
  } else if (isObject(value)) {
    checkParts(dialect, attribute, { fields: value, name });
  } else {
    checkType(dialect, attribute, { value, name });
  }
}

function checkParts(
  dialect: Dialect,
  attribute: Attribute,
  { fields, name }: { readonly fields: Fields; readonly name: Term },
): void {
  for (const [key, value] of Object.entries(fields)) {
    const sub = findSub(attribute, key);
    if (!sub) assertTolerated(dialect, "unknown-attributes", `${name.term}.${key}`);
    else if (sub.key !== key.toLowerCase()) assertTolerated(dialect, "role-display-name", name);
    // What the server keeps is not the client's to say, so it matters little how it says it.
    else if (sub.mutability !== "readOnly" && sub.type !== "reference")
      checkOne(dialect, sub, { value, name: term(`${name.term}.${sub.name}`) });
  }
}

function checkType(dialect: Dialect, { type }: Attribute, { value, name }: Given): void {
  switch (type) {
    case "boolean":
      if (typeof value === "string") assertTolerated(dialect, "boolean-text", name);
      return;
    case "integer":
    case "decimal":
      if (typeof value === "string") assertTolerated(dialect, "number-text", name);
      return;
    case "string":
    case "reference":
    case "binary":
      if (typeof value !== "string") assertTolerated(dialect, "number-text", name);
      return;
    case "dateTime":
    case "complex":
      return;
  }
}
