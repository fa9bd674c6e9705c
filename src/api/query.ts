/** Query parameters of reads: names without regard to letter case, unknown ones ignored. RFC 7644 section 3.4.2. */
import type { Request } from "express";
import {
  type Filter,
  parseFilter,
  parseProjection,
  type Projection,
  say,
  ScimError,
  term,
} from "../scim/index.ts";

export interface ListQuery {
  readonly filter: Filter | undefined;
  /** 1-based. */
  readonly startIndex: number;
  readonly count: number;
  readonly projection: Projection;
}

const COUNT_DEFAULT = 100;
/** Published in ServiceProviderConfig. */
export const COUNT_MAX = 1_000;
const START_INDEX_MAX = 2_147_483_647;

/** @throws {ScimError} 400 when a parameter's value is not allowed */
export function listQuery(request: Request): ListQuery {
  const filter = parameter(request, "filter");
  return {
    filter: filter === undefined ? undefined : parseFilter(filter),
    startIndex: Math.min(Math.max(integer(request, "startIndex") ?? 1, 1), START_INDEX_MAX),
    count: Math.min(Math.max(integer(request, "count") ?? COUNT_DEFAULT, 0), COUNT_MAX),
    projection: projectionOf(request),
  };
}

/** @throws {ScimError} 400 when both parameters are there */
export function projectionOf(request: Request): Projection {
  return parseProjection(parameter(request, "attributes"), parameter(request, "excludedAttributes"));
}

/** @returns the parameter's first value; undefined when it is absent or empty */
export function parameter(request: Request, name: string): string | undefined {
  const key = name.toLowerCase();
  for (const [given, value] of Object.entries(request.query)) {
    if (given.toLowerCase() !== key) continue;
    const first: unknown = Array.isArray(value) ? value[0] : value;
    return typeof first === "string" && first !== "" ? first : undefined;
  }
  return undefined;
}

function integer(request: Request, name: string): number | undefined {
  const text = parameter(request, name);
  if (text === undefined) return undefined;
  if (/^[+-]?\d{1,15}$/.test(text.trim())) return Number(text);
  throw new ScimError(
    "invalidValue",
    "query-parameter",
    say`${term(name)} must be a whole number, not ${text}`,
  );
}
