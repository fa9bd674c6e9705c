/**
 * `sortBy` → one SQL expression that orders as RFC 7644 section 3.4.2.3 says: without letter case where the schema
 * has none, a multi-valued attribute by its primary value or else its first, unassigned last when ascending.
 */
import { say, ScimError } from "../errors.ts";
import type { Attribute } from "../schema/attribute.ts";
import { locate, type Located, nameOf } from "../schema/registry.ts";
import type { AttributePath } from "./ast.ts";
import type { QueryScope } from "./bind.ts";
import { type Bind, child, type SqlColumns } from "./compile-sql.ts";

export interface SortExpression {
  readonly sql: string;
  /** Of the expression, and of the text of a key when it is read back. */
  readonly type: "text" | "numeric" | "timestamptz";
}

/**
 * @returns undefined where only another of the queried types has the attribute: here it is unassigned
 * @throws {ScimError} invalidValue for an attribute that does not exist or has no order
 */
export function compileSort(
  path: AttributePath,
  scope: QueryScope,
  columns: SqlColumns,
  bind: Bind,
): SortExpression | undefined {
  const { models, type, among = [type] } = scope;
  const place = locate(models[type], path.name, path.urn);
  if (place) return expressionOf(place, path, columns, bind);
  if (among.some((other) => locate(models[other], path.name, path.urn))) return undefined;
  throw unsortable(path.urn === undefined ? path.name : `${path.urn}:${path.name}`);
}

function expressionOf(place: Located, path: AttributePath, columns: SqlColumns, bind: Bind): SortExpression {
  const { attribute, extension } = place;
  if (!extension && attribute.key === "id") return { sql: columns.id.text, type: "text" };
  if (!extension && attribute.key === "meta") return metaExpression(place, path, columns);
  const sub = subOf(place, path);
  if (isUnordered(place)) throw unsortable(nameOf(place));
  const keys = [...(extension ? [extension.key] : []), attribute.key];
  const column = sub ? undefined : columns.extracted.get(keys.join("."));
  if (column !== undefined) return { sql: `${column} COLLATE "C"`, type: "text" };
  const value = attribute.multiValued
    ? preferred(child(columns.search, keys, bind), sub)
    : child(columns.search, sub ? [...keys, sub.key] : keys, bind);
  return typed(`(${value} #>> '{}')`, sub ?? attribute);
}

function metaExpression(place: Located, { sub }: AttributePath, columns: SqlColumns): SortExpression {
  const name = sub?.toLowerCase();
  if (name === "created") return { sql: columns.created, type: "timestamptz" };
  if (name === "lastmodified") return { sql: columns.lastModified, type: "timestamptz" };
  throw unsortable(sub === undefined ? nameOf(place) : `${nameOf(place)}.${sub}`);
}

/** The primary value, else the first: the list keeps the order in which values came. */
function preferred(list: string, sub: Attribute | undefined): string {
  const value = (element: string): string =>
    sub ? `${element} -> '${sub.key.replaceAll("'", "''")}'` : element;
  return `COALESCE((SELECT ${value("item.value")} FROM jsonb_array_elements(${list}) AS item (value) WHERE item.value @> '{"primary": true}' LIMIT 1), ${value(`${list} -> 0`)})`;
}

function typed(text: string, { type }: Attribute): SortExpression {
  if (type === "integer" || type === "decimal") return { sql: `${text}::numeric`, type: "numeric" };
  return { sql: `${text} COLLATE "C"`, type: "text" };
}

/** Membership lives in rows, what is never returned must not be guessed from an order, and `schemas` has none. */
function isUnordered({ attribute, extension }: Located): boolean {
  if (attribute.returned === "never") return true;
  return !extension && ["members", "groups", "schemas"].includes(attribute.key);
}

function subOf(place: Located, { sub }: AttributePath): Attribute | undefined {
  const { attribute } = place;
  if (sub === undefined && attribute.type !== "complex") return undefined;
  const found = attribute.subByKey.get(sub?.toLowerCase() ?? "value");
  if (!found) throw unsortable(sub === undefined ? nameOf(place) : `${nameOf(place)}.${sub}`);
  return found;
}

function unsortable(name: string): ScimError {
  const detail = say`sortBy names ${name}, which does not exist here or has no order; name an attribute with one value, such as userName or name.familyName.`;
  return new ScimError("invalidValue", "sort-unsupported", detail);
}
