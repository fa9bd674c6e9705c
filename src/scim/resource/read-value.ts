/**
 * A client's value → its canonical form, guided by the schema alone. Reading is as lenient as Azure AD is loose:
 * booleans and numbers may come as text, one value as a list of one, a reference as its bare id. What remains is
 * strictly typed, since answers must be. Undefined is unassigned: null, "" and [] all mean it (RFC 7643 section 2.5).
 */
import type { ErrorCode } from "../error-codes.ts";
import { type Detail, say, ScimError, term } from "../errors.ts";
import type { Attribute } from "../schema/attribute.ts";
import { type Located, nameOf } from "../schema/registry.ts";
import { addElements, addValues, keepOnePrimary } from "./elements.ts";
import { normalizeDateTime } from "./date-time.ts";
import { fieldOf, type Fields, isObject } from "./fields.ts";
import { hasForbiddenCharacter } from "./text.ts";

/** References to resources of ours are made from the `value` beside them when they are shown. */
const OWN_REFERENCES: ReadonlySet<string> = new Set(["User", "Group"]);
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * The whole value of an attribute.
 * @throws {ScimError} invalidValue naming attribute, rule and value
 */
export function readValue(place: Located, value: unknown): unknown {
  const { attribute } = place;
  if (!attribute.multiValued) return readSingle(place, value);
  if (isUnassigned(value)) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const elements = list.map((item) => readElement(place, item)).filter((item) => item !== undefined);
  if (elements.length === 0) return undefined;
  return attribute.type === "complex"
    ? keepOnePrimary(addElements(attribute, [], elements as Fields[]))
    : addValues(attribute, [], elements);
}

/** One value of a multi-valued attribute, or the value of a single-valued one. */
export function readElement(place: Located, value: unknown): unknown {
  const { attribute } = place;
  if (isUnassigned(value)) return undefined;
  return attribute.type === "complex" ? readComplex(place, value) : readSimple(place, undefined, value);
}

/** The value of a sub-attribute. */
export function readSub(place: Located, sub: Attribute, value: unknown): unknown {
  return readSimple(place, sub, unwrap(value));
}

/** True for a sub-attribute that clients do not decide: kept by the server, or made from others when shown. */
export function isDerived(sub: Attribute): boolean {
  if (sub.mutability === "readOnly") return true;
  return sub.name === "$ref" && (sub.referenceTypes ?? []).some((type) => OWN_REFERENCES.has(type));
}

/** Finds a sub-attribute; roles from Azure say `displayName` where the schema says `display`. */
export function findSub(attribute: Attribute, name: string): Attribute | undefined {
  const key = name.toLowerCase();
  return (
    attribute.subByKey.get(key) ?? (key === "displayname" ? attribute.subByKey.get("display") : undefined)
  );
}

export function isUnassigned(value: unknown): boolean {
  return (
    value === undefined || value === null || value === "" || (Array.isArray(value) && value.length === 0)
  );
}

/** Old Azure jobs send one value as a list of one. */
function readSingle(place: Located, value: unknown): unknown {
  if (!Array.isArray(value))
    return readElement(place, place.attribute.type === "complex" ? value : unwrap(value));
  const [first, ...more] = value as unknown[];
  if (more.length > 0) throw wrongType(place.attribute, value, nameOf(place));
  return readSingle(place, first);
}

/** `{"$ref": null, "value": "Babs"}` where "Babs" is meant. */
function unwrap(value: unknown): unknown {
  const inner = isObject(value) ? fieldOf(value, "value") : undefined;
  return inner === undefined ? value : inner;
}

function readComplex(place: Located, value: unknown): Fields | undefined {
  const { attribute } = place;
  const main = attribute.subByKey.get("value");
  if (!isObject(value)) {
    if (!main || Array.isArray(value)) throw wrongType(attribute, value, nameOf(place));
    const read = readSimple(place, main, value);
    return read === undefined ? undefined : { [main.name]: read };
  }
  const found: Fields = {};
  for (const name of Object.keys(value)) {
    const sub = findSub(attribute, name);
    if (!sub || isDerived(sub)) continue;
    const read = readSub(place, sub, value[name]);
    if (read !== undefined) found[sub.name] = read;
  }
  return saysSomething(found) ? found : undefined;
}

/** `{"type": "work", "primary": true}` labels a value that is not there. */
export function saysSomething(element: Readonly<Fields>): boolean {
  return Object.keys(element).some((name) => name !== "type" && name !== "primary");
}

/** Of the attribute, or of a part of it. */
function readSimple(place: Located, sub: Attribute | undefined, value: unknown): unknown {
  if (isUnassigned(value)) return undefined;
  const read = simpleOf(sub ?? place.attribute, value);
  if (read === undefined) throw wrongType(sub ?? place.attribute, value, nameOf(place, sub));
  if (typeof read === "string") assertStorable(read, sub ?? place.attribute, { place, sub });
  return read;
}

/** @returns undefined for what is not of the attribute's type */
function simpleOf(attribute: Attribute, value: unknown): boolean | number | string | undefined {
  switch (attribute.type) {
    case "boolean":
      return booleanOf(value);
    case "integer":
    case "decimal":
      return numberOf(value, attribute.type === "integer");
    case "dateTime":
      return dateTimeOf(value);
    case "string":
    case "reference":
    case "binary":
      return textOf(value, attribute);
    case "complex":
      return undefined;
  }
}

function booleanOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  const text = typeof value === "string" ? value.trim().toLowerCase() : "";
  return text === "true" ? true : text === "false" ? false : undefined;
}

function numberOf(value: unknown, isInteger: boolean): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return undefined;
  return isInteger && !Number.isSafeInteger(number) ? undefined : number;
}

function dateTimeOf(value: unknown): string | undefined {
  return typeof value === "string" && normalizeDateTime(value) !== undefined ? value : undefined;
}

/** Numbers and booleans stand for their text: Azure's expressions make an employeeId a number. */
function textOf(value: unknown, { type }: Attribute): string | undefined {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "string") return undefined;
  return type === "binary" && !BASE64.test(value) ? undefined : value;
}

function assertStorable(text: string, { charsMax }: Attribute, { place, sub }: Named): void {
  if (hasForbiddenCharacter(text)) {
    const detail = say`${term(nameOf(place, sub))} holds a NUL character or broken Unicode, which cannot be stored: ${printable(text)}; remove it in the source.`;
    throw invalidValue("value-characters", detail);
  }
  if (text.length > charsMax) {
    const detail = say`${term(nameOf(place, sub))} is ${text.length} characters long, at most ${charsMax} are allowed: ${text}; shorten it in the source or by an expression in the mapping.`;
    throw invalidValue("value-too-long", detail);
  }
}

/** What an error names; its name is made only then. */
interface Named {
  readonly place: Located;
  readonly sub: Attribute | undefined;
}

function wrongType(attribute: Attribute, value: unknown, name: string): ScimError {
  const type = term(attribute.type === "complex" ? "complex (an object of sub-attributes)" : attribute.type);
  const detail = say`${term(name)} is of type ${type}, and ${shown(value)} is not; correct the mapping or its expression.`;
  return invalidValue("value-type", detail);
}

function invalidValue(code: ErrorCode, detail: Detail): ScimError {
  return new ScimError("invalidValue", code, detail);
}

/** An object or a list is named by its kind: its parts would tell the admin less. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${String(value.length)}`;
  return isObject(value) ? "an object" : String(value);
}

function printable(text: string): string {
  return text.replaceAll("\0", "␀").replace(/\p{Surrogate}/gu, "�");
}
