/**
 * Compiles a filter to one SQL condition. Pure: text and bound values out, no database in. Names come from the
 * schema and columns from the caller's map, so nothing a client writes can become SQL.
 *
 * Every leaf is true or false, never NULL, so NOT means what it says. Equality on the search document becomes
 * containment, which one GIN index (jsonb_path_ops) serves for every attribute.
 */
import type { Filter } from "./ast.ts";
import { bindFilter, type BoundFilter, type QueryScope, type Range, type Source } from "./bind.ts";
import type { Comparable, OrderTest, SubstringTest, Test } from "./test.ts";

/** A column that holds a resource's id. */
export interface IdColumn {
  /** The id as text, for comparisons other than eq. */
  readonly text: string;
  /** The condition "is this id": one that an index serves, never NULL, and FALSE for what cannot be an id. */
  equals(value: string, bind: Bind): string;
}

/** What the caller's statement has. Expressions stand as they are; comparisons are added. */
export interface SqlColumns {
  readonly id: IdColumn;
  /** timestamptz in whole milliseconds, as is `lastModified`. */
  readonly created: string;
  readonly lastModified: string;
  /** jsonb, what `searchDocument` returned. Never NULL. */
  readonly search: string;
  /**
   * Attributes with an indexed column of their own, by lower-cased name ("username", "name.givenname"): the same
   * value as in the search document, NULL when unassigned.
   */
  readonly extracted: ReadonlyMap<string, string>;
  /** Rows of group membership: a group's members, a user's groups. */
  readonly membership: {
    /** Id of the other side, within `exists`. */
    readonly value: IdColumn;
    /** `EXISTS (SELECT … WHERE <rows of this resource> AND (condition))` */
    exists(condition: string): string;
  };
}

/** Takes a value and returns the placeholder that stands for it, such as `$3`; it may stand several times. */
export type Bind = (value: unknown) => string;

/** @throws {ScimError} invalidFilter when the filter does not fit the resource types */
export function compileSql(filter: Filter, scope: QueryScope, columns: SqlColumns, bind: Bind): string {
  return write(bindFilter(filter, scope), { columns, bind, element: undefined });
}

/** Where the writer stands: within an `any`, `element` is the value or row in hand. */
interface Context {
  readonly columns: SqlColumns;
  readonly bind: Bind;
  readonly element: "row" | { readonly jsonb: string } | undefined;
}

function write(filter: BoundFilter, context: Context): string {
  switch (filter.kind) {
    case "constant":
      return filter.value ? "TRUE" : "FALSE";
    case "and":
    case "or":
      return `(${filter.operands.map((operand) => write(operand, context)).join(` ${filter.kind.toUpperCase()} `)})`;
    case "not":
      return `NOT ${write(filter.operand, context)}`;
    case "test":
      return writeTest(filter.source, filter.test, context);
    case "any":
      return writeAny(filter.range, filter.filter, context);
  }
}

function writeTest(source: Source, test: Test, context: Context): string {
  const { columns, bind, element } = context;
  switch (source.kind) {
    case "id":
      return compareId(columns.id, test, bind);
    case "date":
      return compareDate(columns[source.column], test, bind);
    case "document": {
      const column = columns.extracted.get(source.keys.join("."));
      return column === undefined
        ? compareJson(columns.search, source.keys, test, bind)
        : compareColumn(column, test, bind);
    }
    case "element":
      if (element === "row") return compareId(columns.membership.value, test, bind);
      return compareJson(
        element?.jsonb ?? "NULL::jsonb",
        source.sub === undefined ? [] : [source.sub],
        test,
        bind,
      );
  }
}

function writeAny(range: Range, filter: BoundFilter, context: Context): string {
  const { columns, bind } = context;
  if (filter.kind === "constant" && !filter.value) return "FALSE";
  if (range.kind === "membership")
    return columns.membership.exists(write(filter, { ...context, element: "row" }));
  const contained = containedBy(filter);
  if (contained !== undefined) {
    const value = range.isMultiValued ? [contained] : contained;
    return `(${columns.search} @> ${bind(JSON.stringify(nest(range.keys, value)))}::jsonb)`;
  }
  // Only now: Postgres refuses a statement with a bound value that stands nowhere in it.
  const list = child(columns.search, range.keys, bind);
  if (filter.kind === "constant") return `(${list} IS NOT NULL)`;
  const from = range.isMultiValued ? `jsonb_array_elements(${list})` : `(SELECT ${list})`;
  const inner = write(filter, { ...context, element: { jsonb: "item.value" } });
  const isThere = range.isMultiValued ? "" : "item.value IS NOT NULL AND ";
  return `EXISTS (SELECT 1 FROM ${from} AS item (value) WHERE ${isThere}${inner})`;
}

/** What a value must contain, when the filter asks for nothing but equality; undefined when it asks for more. */
function containedBy(filter: BoundFilter): Comparable | Record<string, Comparable> | undefined {
  const terms = filter.kind === "and" ? filter.operands : [filter];
  const wanted: Record<string, Comparable> = {};
  for (const term of terms) {
    if (term.kind !== "test" || term.source.kind !== "element" || term.test.operator !== "eq")
      return undefined;
    const { sub } = term.source;
    if (sub === undefined) return terms.length === 1 ? term.test.value : undefined;
    if (Object.hasOwn(wanted, sub) && wanted[sub] !== term.test.value) return undefined;
    wanted[sub] = term.test.value;
  }
  return wanted;
}

/** `json` is never NULL here: the search document, or a value that is there. */
function compareJson(json: string, keys: readonly string[], test: Test, bind: Bind): string {
  if (test.operator === "pr") return `(${child(json, keys, bind)} IS NOT NULL)`;
  if (test.operator === "eq") return `(${json} @> ${bind(JSON.stringify(nest(keys, test.value)))}::jsonb)`;
  const path = child(json, keys, bind);
  if (typeof test.value === "string")
    return `COALESCE(${compareText(`(${path} #>> '{}')`, test, bind)}, FALSE)`;
  const number = `CASE jsonb_typeof(${path}) WHEN 'number' THEN (${path})::numeric END`;
  return `COALESCE(${compareScalar(number, test, bind)}, FALSE)`;
}

/** An index serves a bare comparison only, hence the second term and not COALESCE. */
function compareColumn(column: string, test: Test, bind: Bind): string {
  return test.operator === "pr"
    ? `(${column} IS NOT NULL)`
    : `(${compareScalar(column, test, bind)} AND ${column} IS NOT NULL)`;
}

function compareId(column: IdColumn, test: Test, bind: Bind): string {
  if (test.operator === "pr") return "TRUE";
  return test.operator === "eq"
    ? `(${column.equals(String(test.value), bind)})`
    : `(${compareText(column.text, test, bind)})`;
}

function compareDate(column: string, test: Test, bind: Bind): string {
  if (test.operator === "pr") return "TRUE";
  return `(${column} ${orderSign(test)} ${bind(test.value)}::timestamptz)`;
}

function compareScalar(sql: string, test: SubstringTest | OrderTest, bind: Bind): string {
  if (typeof test.value === "string") return compareText(sql, test, bind);
  const type = typeof test.value === "number" ? "numeric" : "boolean";
  return `${sql} ${orderSign(test)} ${bind(test.value)}::${type}`;
}

function compareText(text: string, test: SubstringTest | OrderTest, bind: Bind): string {
  const value = `${bind(test.value)}::text`;
  switch (test.operator) {
    case "eq":
      return `${text} = ${value}`;
    case "co":
      return `strpos(${text}, ${value}) > 0`;
    case "sw":
      return `starts_with(${text}, ${value})`;
    case "ew":
      return `right(${text}, length(${value})) = ${value}`;
    case "gt":
    case "ge":
    case "lt":
    case "le":
      return `${text} COLLATE "C" ${ORDERING[test.operator]} ${value}`;
  }
}

const ORDERING = { eq: "=", gt: ">", ge: ">=", lt: "<", le: "<=" } as const;

/** Only texts have substrings: binding refuses co, sw and ew on any other type. */
function orderSign({ operator }: SubstringTest | OrderTest): string {
  if (operator === "co" || operator === "sw" || operator === "ew") {
    throw new Error(`The operator ${operator} was bound to a value without text.`);
  }
  return ORDERING[operator];
}

export function child(json: string, keys: readonly string[], bind: Bind): string {
  if (keys.length === 0) return json;
  return `(${[json, ...keys.map((key) => literal(key, bind))].join(" -> ")})`;
}

/** Plain names stand in the text, so that statements repeat and are cached; anything else is bound. */
function literal(key: string, bind: Bind): string {
  return /^[a-z][a-z0-9]*$/.test(key) ? `'${key}'` : `${bind(key)}::text`;
}

function nest(keys: readonly string[], value: unknown): unknown {
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}
