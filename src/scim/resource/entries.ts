/**
 * An object of attributes → one entry for each thing it says. Names may stand as the RFC has them (extensions under
 * their URN) or as Azure sends them: `name.givenName`, `urn:…:enterprise:2.0:User:department`, any letter case.
 * Serves bodies and the values of PATCH operations without a path. RFC 7643 sections 2.1 and 3.3.
 */
import { say, ScimError, term } from "../errors.ts";
import { parsePath } from "../filter/parse-path.ts";
import type { Filter } from "../filter/ast.ts";
import { locate, type Located, type Model } from "../schema/registry.ts";
import type { Attribute, Schema } from "../schema/attribute.ts";
import { type Fields, isObject } from "./fields.ts";
import { findSub, isUnassigned } from "./read-value.ts";

export interface Entry {
  readonly place: Located;
  /** From a filtered key such as `emails[type eq "work"].value`. */
  readonly filter: Filter | undefined;
  readonly sub: Attribute | undefined;
  readonly value: unknown;
}

/**
 * What the object says, in its order. Names that mean nothing here are left out: clients send attributes of schemas
 * that only they know.
 * @throws {ScimError} invalidValue when an extension is not an object
 */
export function entriesOf(model: Model, body: Readonly<Fields>): readonly Entry[] {
  const entries: Entry[] = [];
  for (const name of Object.keys(body)) {
    const value = body[name];
    // Most names are plain; a schema's is a URN.
    const plain = name.includes(":") ? undefined : model.located.get(name.toLowerCase());
    if (plain) {
      entries.push({ place: plain, filter: undefined, sub: undefined, value });
      continue;
    }
    const schema = schemaOf(model, name);
    if (schema) entries.push(...entriesOfSchema(model, schema, value));
    else addEntry(entries, targetOf(model, name), value);
  }
  return entries;
}

function addEntry(entries: Entry[], target: Omit<Entry, "value"> | undefined, value: unknown): void {
  if (target) entries.push({ place: target.place, filter: target.filter, sub: target.sub, value });
}

/** The schema that a name is the URN of. */
export function schemaOf(model: Model, name: string): Schema | undefined {
  const key = name.toLowerCase();
  return key === model.core.key ? model.core : model.extensionByKey.get(key);
}

/** An extension's attributes, as the object under its URN; nothing, when it is unassigned. */
export function entriesOfSchema(model: Model, schema: Schema, value: unknown): readonly Entry[] {
  if (isUnassigned(value)) return [];
  if (!isObject(value)) {
    const detail = say`${term(schema.id)} must be an object of its attributes; ${String(value)} is not.`;
    throw new ScimError("invalidValue", "value-type", detail);
  }
  const entries: Entry[] = [];
  for (const name of Object.keys(value))
    addEntry(entries, targetOf(model, `${schema.id}:${name}`), value[name]);
  return entries;
}

/** @returns undefined for a name that cannot be read or that means nothing here */
export function targetOf(model: Model, name: string): Omit<Entry, "value"> | undefined {
  // Most names are plain, and plain names need no parser.
  const plain = model.located.get(name.toLowerCase());
  if (plain) return { place: plain, filter: undefined, sub: undefined };
  if (!/[.:[]/.test(name)) return undefined;
  try {
    const path = parsePath(name);
    const place = locate(model, path.name, path.urn);
    const sub = place && path.sub !== undefined ? findSub(place.attribute, path.sub) : undefined;
    if (!place || (path.sub !== undefined && !sub)) return undefined;
    return { place, filter: path.filter, sub };
  } catch (error) {
    if (error instanceof ScimError) return undefined;
    throw error;
  }
}
