/**
 * Lists of users, of groups, or of both: filtered, sorted, and cut into pages by number (RFC 7644 section 3.4.2.4) or
 * by what came last (RFC 9865). A page that continues costs the same wherever it begins, since it is a range of an
 * index and not a number of rows to pass over.
 */
import {
  type AttributePath,
  compileSort,
  compileSql,
  type Filter,
  type Models,
  type QueryScope,
  type ResourceType,
  type SortExpression,
  type Stored,
} from "../scim/index.ts";
import { COLUMNS } from "./columns.ts";
import type { Database } from "./database.ts";
import { heldColumn, type RawRow, TABLES, toStored, withMembership } from "./directory-reads.ts";

export interface ListRequest {
  readonly tenantId: string;
  /** The tenant's. */
  readonly models: Models;
  readonly types: readonly ResourceType[];
  readonly filter: Filter | undefined;
  readonly sort: Sort | undefined;
  readonly count: number;
  readonly from: { readonly startIndex: number } | { readonly after: Mark | undefined };
  /** Types whose members, or groups, are read as well. */
  readonly withMembers: ReadonlySet<ResourceType>;
  /** Of one group; undefined is all. */
  readonly membersMax?: number | undefined;
  /** The number of matches, where an earlier page has counted them. */
  readonly total?: number | undefined;
}

export interface Sort {
  readonly path: AttributePath;
  readonly isDescending: boolean;
}

/** Where a page ended: the last resource's id, and its sort key as text, null where it has none. */
export interface Mark {
  readonly id: string;
  readonly key: string | null;
}

export interface ListPage {
  readonly resources: readonly Stored[];
  readonly totalResults: number;
  /** Where the next page begins; undefined on the last one. */
  readonly next: Mark | undefined;
}

type Row = RawRow & { readonly type: ResourceType; readonly sort_key: string | null };

/**
 * A page of the resources that meet the filter, in the order asked for, or in the order of their creation.
 * @throws {ScimError} invalidFilter or invalidValue when filter or sort name what cannot be used
 */
export async function listDirectory(db: Database, request: ListRequest): Promise<ListPage> {
  const rows = request.count === 0 ? [] : await readRows(db, request);
  const page = rows.slice(0, request.count);
  const last = page.at(-1);
  const isWhole = rows.length <= request.count && isFirst(request) && request.count > 0;
  const totalResults = isWhole ? rows.length : (request.total ?? (await countAll(db, request)));
  return {
    resources: await stored(db, request, page),
    totalResults,
    next: last && rows.length > request.count ? { id: last.id, key: last.sort_key } : undefined,
  };
}

function isFirst({ from }: ListRequest): boolean {
  return "startIndex" in from ? from.startIndex === 1 : from.after === undefined;
}

/** One row more than the page holds, to know whether another page follows. */
async function readRows(db: Database, request: ListRequest): Promise<readonly Row[]> {
  const values: unknown[] = [request.tenantId];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const offset = "startIndex" in request.from ? request.from.startIndex - 1 : 0;
  const limit = bind(request.count + 1);
  const branches = branchesOf(request, bind);
  const order = orderOf(request, branches);
  const [first, ...others] = branches;
  const selects =
    first && others.length === 0
      ? `${first.sql} ORDER BY ${order}`
      : `SELECT r.type, r.id, r.version, r.created_at, r.updated_at, r.resource, r.held, r.sort_key, r.sort_value
           FROM (${branches.map(({ sql }) => `(${sql} ORDER BY ${order} LIMIT ${limit} + ${bind(offset)}::int)`).join(" UNION ALL ")}) r
          ORDER BY ${order}`;
  // An offset that is a parameter makes Postgres think little of a plan that is to serve again.
  const text = `${selects} LIMIT ${limit}${offset === 0 ? "" : ` OFFSET ${bind(offset)}`}`;
  const name = lookUpName(request);
  return db.query<Row>(name === undefined ? text : { name, text, isLookUp: true }, values);
}

/**
 * The look-ups that a client matches by are most of all lists, and each is one text whatever is looked up: Postgres
 * plans it once a connection. Filters of other shapes are as many as clients think of, and keep no plan.
 */
function lookUpName({ types, filter, sort, from, withMembers }: ListRequest): string | undefined {
  const [type, another] = types;
  if (type === undefined || another !== undefined || sort) return undefined;
  if (!("startIndex" in from) || from.startIndex !== 1) return undefined;
  const column = filter && lookedUpBy(filter);
  if (column === undefined || !COLUMNS[type].extracted.has(column)) return undefined;
  return `look-up-${type}-${column}${withMembers.has(type) ? "-with-members" : ""}`;
}

function lookedUpBy(filter: Filter): string | undefined {
  if (filter.kind !== "compare" || filter.operator !== "eq" || typeof filter.value !== "string")
    return undefined;
  const { urn, name, sub } = filter.path;
  return urn === undefined && sub === undefined ? name.toLowerCase() : undefined;
}

interface Branch {
  readonly sql: string;
  readonly expression: SortExpression | undefined;
}

function branchesOf(request: ListRequest, bind: (value: unknown) => string): readonly Branch[] {
  const expressions = request.types.map((type) => {
    const scope = scopeOf(request, type);
    return { scope, expression: request.sort && compileSort(request.sort.path, scope, COLUMNS[type], bind) };
  });
  // Where a type lacks the attribute its key is NULL, of the type that the others' keys have.
  const keyType = expressions.find(({ expression }) => expression)?.expression?.type ?? "text";
  return expressions.map(({ scope, expression }) => {
    const key = expression ?? { sql: `NULL::${keyType}`, type: keyType };
    return { sql: branchSql(request, { scope, key }, bind), expression };
  });
}

/** The matches of one type. `sort_value` orders; `sort_key` is the same as text, for the next page's mark. */
function branchSql(
  request: ListRequest,
  { scope, key }: { readonly scope: QueryScope; readonly key: SortExpression },
  bind: (value: unknown) => string,
): string {
  const after = afterOf(request, key, bind);
  const held = heldColumn(scope.type, request.withMembers.has(scope.type));
  return `SELECT '${scope.type}' AS type, r.id, r.version, r.created_at, r.updated_at, r.resource, ${held},
                 (${key.sql})::text AS sort_key, ${key.sql} AS sort_value
            FROM ${TABLES[scope.type]} r
           WHERE ${conditionOf(request, scope, bind)}${after}`;
}

function scopeOf({ models, types }: ListRequest, type: ResourceType): QueryScope {
  return { models, type, among: types };
}

function conditionOf(request: ListRequest, scope: QueryScope, bind: (value: unknown) => string): string {
  const filter = request.filter && compileSql(request.filter, scope, COLUMNS[scope.type], bind);
  return `r.tenant_id = $1${filter === undefined ? "" : ` AND ${filter}`}`;
}

/** Ids are UUIDv7, so their order is that of creation, and it is stable; it also breaks ties of a sort. */
function orderOf({ sort }: ListRequest, branches: readonly Branch[]): string {
  if (!sort || branches.every(({ expression }) => expression === undefined)) return "id";
  // Postgres puts NULL last when ascending and first when descending, as RFC 7644 section 3.4.2.3 asks.
  return sort.isDescending ? "sort_value DESC, id" : "sort_value, id";
}

/** What comes after the mark, in the same order. */
function afterOf(
  { from, sort }: ListRequest,
  expression: SortExpression,
  bind: (value: unknown) => string,
): string {
  if ("startIndex" in from || from.after === undefined) return "";
  const { id, key } = from.after;
  const later = `r.id > ${bind(id)}::uuid`;
  if (!sort) return ` AND ${later}`;
  const value = expression.sql;
  const isNull = `(${value}) IS NULL`;
  if (key === null)
    return sort.isDescending
      ? ` AND ((${isNull} AND ${later}) OR NOT ${isNull})`
      : ` AND ${isNull} AND ${later}`;
  const mark = `${bind(key)}::${expression.type}`;
  const beyond = `(${value}) ${sort.isDescending ? "<" : ">"} ${mark}`;
  const same = `((${value}) = ${mark} AND ${later})`;
  return ` AND (${beyond} OR ${same}${sort.isDescending ? "" : ` OR ${isNull}`})`;
}

async function countAll(db: Database, request: ListRequest): Promise<number> {
  const values: unknown[] = [request.tenantId];
  const bind = (value: unknown): string => `$${values.push(value)}`;
  const counts = request.types.map((type) => {
    const where = conditionOf(request, scopeOf(request, type), bind);
    return `(SELECT count(*) FROM ${TABLES[type]} r WHERE ${where})`;
  });
  const rows = await db.query<{ total: number }>(`SELECT (${counts.join(" + ")})::float8 AS total`, values);
  return rows[0]?.total ?? 0;
}

/** The rows as resources, each type's membership read at once, in the order of the rows. */
async function stored(db: Database, request: ListRequest, rows: readonly Row[]): Promise<readonly Stored[]> {
  const byId = new Map<string, Stored>();
  for (const type of request.types) {
    const withMembers = request.withMembers.has(type);
    const ofType = rows.filter((row) => row.type === type).map(toStored({ type, withMembers }));
    const options = { type, tenantId: request.tenantId, withMembers, membersMax: request.membersMax };
    for (const resource of await withMembership(db, ofType, options)) byId.set(resource.id, resource);
  }
  return rows.flatMap(({ id }) => byId.get(id) ?? []);
}
