/**
 * What a read asks for, from a query string or from the body of a search: names without regard to letter case,
 * unknown ones ignored. RFC 7644 sections 3.4.2 and 3.4.3.
 */
import { parse } from "node:querystring";
import type { ServerResponse } from "node:http";
import {
  type AttributePath,
  type Filter,
  parseAttributePath,
  parseProjection,
  type Projection,
  readFilter,
  type Reading,
  type ResourceType,
  say,
  ScimError,
  term,
} from "../scim/index.ts";
import { contextOf } from "./context.ts";

/** The value of a parameter by its name: undefined when it is absent, "" when it is there without a value. */
export type Parameters = (name: string) => string | undefined;

export interface ListQuery {
  readonly filter: Filter | undefined;
  readonly sort: { readonly path: AttributePath; readonly isDescending: boolean } | undefined;
  readonly count: number;
  /** 1-based; undefined where the client pages by cursor. */
  readonly startIndex: number | undefined;
  /** "" asks for the first page. */
  readonly cursor: string | undefined;
  readonly projection: Projection;
  /** What must stay the same from page to page besides the count, as one text. */
  readonly fingerprint: string;
}

/** Resources that an answer holds when the client does not say how many. */
export const COUNT_DEFAULT = 100;
/** Published in ServiceProviderConfig, as are the others. */
export const COUNT_MAX = 1_000;
const START_INDEX_MAX = 2_147_483_647;
// Spellings met in the field, besides the standard's.
const ALIASES: Readonly<Record<string, string>> = {
  startIndex: "start_index",
  sortBy: "sort_by",
  sortOrder: "sort_order",
};

/**
 * @param types - what is looked through
 * @throws {ScimError} 400 when a parameter's value is not allowed
 */
export function listQuery(
  parameters: Parameters,
  types: readonly ResourceType[],
  reading: Reading,
): ListQuery {
  const valueOf = (name: string): string | undefined =>
    parameters(name) || parameters(ALIASES[name] ?? "") || undefined;
  const cursor = parameters("cursor");
  const startIndex = integer("startIndex", valueOf("startIndex")) ?? 1;
  const given = ["filter", "sortBy", "sortOrder", "attributes", "excludedAttributes"].map(valueOf);
  return {
    filter: readFilter(parameters("filter"), types, reading),
    sort: sortOf(valueOf("sortBy"), valueOf("sortOrder")),
    count: countOf(valueOf("count"), cursor !== undefined),
    startIndex: cursor === undefined ? Math.min(Math.max(startIndex, 1), START_INDEX_MAX) : undefined,
    cursor,
    projection: parseProjection(valueOf("attributes"), valueOf("excludedAttributes")),
    fingerprint: JSON.stringify(given),
  };
}

/** @throws {ScimError} 400 when both parameters are there */
export function projectionOf(response: ServerResponse): Projection {
  const parameters = queryParameters(response);
  return parseProjection(
    parameters("attributes") || undefined,
    parameters("excludedAttributes") || undefined,
  );
}

const NO_PARAMETERS: Parameters = () => undefined;

/** Reads the parameters of a query string; of one that stands twice, the first. */
export function queryParameters(response: ServerResponse): Parameters {
  const { target } = contextOf(response);
  const start = target.indexOf("?");
  if (start === -1) return NO_PARAMETERS;
  const byKey = new Map<string, string>();
  for (const [name, value] of Object.entries(parse(target.slice(start + 1)))) {
    const first: unknown = Array.isArray(value) ? value[0] : value;
    const key = name.toLowerCase();
    if (typeof first === "string" && !byKey.has(key)) byKey.set(key, first);
  }
  return (name) => byKey.get(name.toLowerCase());
}

/** @returns the parameter's value; undefined when it is absent or empty */
export function parameter(response: ServerResponse, name: string): string | undefined {
  return queryParameters(response)(name) || undefined;
}

/** Reads the members of a SearchRequest; lists of names become the text that a query string would hold. */
export function searchParameters(body: unknown): Parameters {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    const detail = say`The body of a search must be one JSON object, a SearchRequest.`;
    throw new ScimError("invalidSyntax", "body-not-object", detail);
  }
  const byKey = new Map(
    Object.entries(body).map(([name, value]) => [name.toLowerCase(), textOf(name, value)]),
  );
  return (name) => byKey.get(name.toLowerCase());
}

function textOf(name: string, value: unknown): string | undefined {
  if (value === null || name.toLowerCase() === "schemas") return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value.join(",");
  const detail = say`${name} must be a text, a number or a list of texts.`;
  throw new ScimError("invalidValue", "query-parameter", detail);
}

function sortOf(by: string | undefined, order: string | undefined): ListQuery["sort"] {
  const direction = order?.trim().toLowerCase() ?? "ascending";
  if (direction !== "ascending" && direction !== "descending") {
    const detail = say`sortOrder must be ascending or descending, not ${direction}.`;
    throw new ScimError("invalidValue", "query-parameter", detail);
  }
  return by === undefined
    ? undefined
    : { path: parseAttributePath(by), isDescending: direction === "descending" };
}

/** RFC 9865 section 2.1: with a cursor a count beyond the limit is refused, without one it is cut to it. */
function countOf(text: string | undefined, withCursor: boolean): number {
  const count = integer("count", text) ?? COUNT_DEFAULT;
  if (withCursor && (count < 0 || count > COUNT_MAX)) {
    const detail = say`count is ${count}; with a cursor it must be 0 to ${COUNT_MAX}.`;
    throw new ScimError("invalidCount", "count-invalid", detail);
  }
  return Math.min(Math.max(count, 0), COUNT_MAX);
}

function integer(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^[+-]?\d{1,15}$/.test(text.trim())) return Number(text);
  const detail = say`${term(name)} must be a whole number, not ${text}.`;
  throw new ScimError("invalidValue", "query-parameter", detail);
}
