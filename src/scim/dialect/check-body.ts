/** Refuses, in a body or in a value without a path, names and `schemas` that the dialect does not take. RFC 7643 sections 3 and 3.3. */
import { term } from "../errors.ts";
import { schemaOf, targetOf } from "../resource/entries.ts";
import { fieldOf, type Fields, isObject } from "../resource/fields.ts";
import type { Schema } from "../schema/attribute.ts";
import { nameOf, type Model } from "../schema/registry.ts";
import { checkValue } from "./check-value.ts";
import { assertTolerated, type Dialect, toleratesAll } from "./tolerances.ts";

/** @throws {ScimError} naming what the dialect of the connection does not take */
export function checkBody(dialect: Dialect, model: Model, body: Readonly<Fields>): void {
  if (toleratesAll(dialect)) return;
  if (!isListOf(fieldOf(body, "schemas"), schemasOf(model, body)))
    assertTolerated(dialect, "schemas", term("schemas"));
  checkAttributes(dialect, model, { fields: body, isPatch: false });
}

/** Every attribute that an object names. @param isPatch - what is read-only is then refused and not passed over */
export function checkAttributes(
  dialect: Dialect,
  model: Model,
  { fields, isPatch }: { readonly fields: Readonly<Fields>; readonly isPatch: boolean },
): void {
  for (const [name, value] of Object.entries(fields)) {
    const schema = schemaOf(model, name);
    if (schema === model.core) assertTolerated(dialect, "flattened-names", term(schema.id));
    if (schema) {
      checkSchemaValue(dialect, model, { schema, value });
      continue;
    }
    const target = targetOf(model, name);
    if (!target) {
      assertTolerated(dialect, "unknown-attributes", name);
      continue;
    }
    const { place, sub, filter } = target;
    if (/[.:[]/.test(name)) assertTolerated(dialect, "flattened-names", term(nameOf(place, sub)));
    else if (place.extension) assertTolerated(dialect, "bare-extension-names", term(nameOf(place)));
    if (place.attribute.mutability === "readOnly") {
      if (isPatch) assertTolerated(dialect, "read-only", term(nameOf(place)));
    } else {
      checkValue(dialect, { place, sub, isElement: filter !== undefined }, value);
    }
  }
}

/** The object under a schema's URN. What is no object is the reader's to refuse. */
export function checkSchemaValue(
  dialect: Dialect,
  model: Model,
  { schema, value }: { readonly schema: Schema; readonly value: unknown },
): void {
  if (value === "") assertTolerated(dialect, "empty-text", term(schema.id));
  if (!isObject(value)) return;
  for (const [name, inner] of Object.entries(value)) {
    const place = model.located.get(`${schema.key}:${name.toLowerCase()}`);
    if (place) checkValue(dialect, { place, isElement: false }, inner);
    else assertTolerated(dialect, "unknown-attributes", name);
  }
}

interface Listed {
  readonly needed: readonly string[];
  readonly known: readonly string[];
}

function schemasOf(model: Model, body: Readonly<Fields>): Listed {
  const used = Object.keys(body).flatMap((name) => model.extensionByKey.get(name.toLowerCase())?.key ?? []);
  return {
    needed: [model.core.key, ...used],
    known: [model.core.key, ...model.extensions.map(({ key }) => key)],
  };
}

/** True for a list of URNs that holds all that are needed, none that is not known, and each once. */
export function isListOf(value: unknown, { needed, known }: Listed): boolean {
  if (!Array.isArray(value)) return false;
  const keys = value.map((urn) => (typeof urn === "string" ? urn.toLowerCase() : ""));
  return (
    new Set(keys).size === keys.length &&
    keys.every((key) => known.includes(key)) &&
    needed.every((key) => keys.includes(key))
  );
}
