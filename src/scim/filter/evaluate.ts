/** A filter's answer for one resource or value, in memory: for PATCH, and the oracle that the SQL is tested against. */
import type { MemberView } from "../resource/resource.ts";
import { searchValue } from "../resource/search-document.ts";
import { CORE_MODELS, locate } from "../schema/registry.ts";
import type { Filter } from "./ast.ts";
import {
  bindElementFilter,
  bindFilter,
  type BoundFilter,
  type QueryScope,
  type Range,
  type Source,
} from "./bind.ts";
import { holds } from "./test.ts";

/** A resource as filters see it. */
export interface Candidate {
  readonly id: string;
  /** ISO 8601 in UTC with milliseconds, as is `lastModified`. */
  readonly created: string;
  readonly lastModified: string;
  /** What `searchDocument` returned. */
  readonly search: Readonly<Record<string, unknown>>;
  /** A group's members, or the groups of a user. */
  readonly memberIds: readonly string[];
}

/** @throws {ScimError} invalidFilter when the filter does not fit the resource type */
export function evaluate(filter: Filter, scope: QueryScope, candidate: Candidate): boolean {
  return isMet(bindFilter(filter, scope), candidate, undefined);
}

/** For `remove members[…]`: does this member meet the filter between the brackets? */
export function evaluateMember(filter: Filter, member: MemberView): boolean {
  const place = locate(CORE_MODELS.Group, "members");
  return (
    place !== undefined && isMetBy(bindElementFilter(place, filter), searchValue(place.attribute, member))
  );
}

/** @param element - the value in its search form */
export function isMetBy(filter: BoundFilter, element: unknown): boolean {
  return isMet(filter, undefined, element);
}

function isMet(filter: BoundFilter, candidate: Candidate | undefined, element: unknown): boolean {
  switch (filter.kind) {
    case "constant":
      return filter.value;
    case "and":
      return filter.operands.every((operand) => isMet(operand, candidate, element));
    case "or":
      return filter.operands.some((operand) => isMet(operand, candidate, element));
    case "not":
      return !isMet(filter.operand, candidate, element);
    case "test":
      return holds(filter.test, read(filter.source, candidate, element));
    case "any":
      return valuesIn(filter.range, candidate).some((value) => isMet(filter.filter, candidate, value));
  }
}

function read(source: Source, candidate: Candidate | undefined, element: unknown): unknown {
  switch (source.kind) {
    case "id":
      return candidate?.id;
    case "date":
      return candidate?.[source.column];
    case "document":
      return walk(candidate?.search, source.keys);
    case "element":
      return source.sub === undefined ? element : walk(element, [source.sub]);
  }
}

function valuesIn(range: Range, candidate: Candidate | undefined): readonly unknown[] {
  if (range.kind === "membership") return (candidate?.memberIds ?? []).map((value) => ({ value }));
  const value = walk(candidate?.search, range.keys);
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function walk(value: unknown, keys: readonly string[]): unknown {
  let current = value;
  for (const key of keys) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<string, unknown>)[key];
  }
  return current;
}
