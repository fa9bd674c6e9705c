/**
 * One operation on a group's `members` → a change of membership. The bare path with a value is where servers lose
 * whole groups: Azure's `Remove members` with a value means those members, only without a value does it mean all.
 */
import { say, ScimError, term } from "../errors.ts";
import type { Filter } from "../filter/ast.ts";
import { bindElementFilter } from "../filter/bind.ts";
import type { Entry } from "../resource/entries.ts";
import { readMembers } from "../resource/read-members.ts";
import type { MemberRef } from "../resource/resource.ts";
import type { MemberChange } from "./operations.ts";

interface Operation {
  readonly kind: "add" | "replace" | "remove";
  readonly value: unknown;
}

/**
 * @returns undefined for an operation that asks for nothing, such as adding an empty list
 * @throws {ScimError} mutability for a change within a member, which RFC 7643 section 4.2 forbids
 */
export function readMemberChange(
  { kind }: Operation,
  { place, filter, sub, value }: Entry,
): MemberChange | undefined {
  if (filter) bindElementFilter(place, filter);
  if (sub && (kind !== "add" || filter || sub.key !== "value")) throw immutable(sub.name);
  switch (kind) {
    case "add":
      return addition(filter ? namedBy(filter) : readMembers(value));
    case "replace":
      if (filter) throw immutable("value");
      return replacement(readMembers(value));
    case "remove":
      return filter ? removal(filter) : removalByValue(value);
  }
}

function addition(members: readonly MemberRef[]): MemberChange | undefined {
  return members.length === 0 ? undefined : { kind: "add", members };
}

/** Adding to `members[value eq "…"]` names the member in the filter, and may repeat it in the value. */
function namedBy(filter: Filter): readonly MemberRef[] {
  return (idsOf(filter) ?? []).map((value) => ({ value }));
}

function replacement(members: readonly MemberRef[]): MemberChange {
  return members.length === 0 ? { kind: "clear" } : { kind: "replace", members };
}

/** `members[value eq "…"]`, also several joined by `or`, needs no look at the other members. */
function removal(filter: Filter): MemberChange {
  const ids = idsOf(filter);
  return ids ? { kind: "remove", ids } : { kind: "removeWhere", filter };
}

function removalByValue(value: unknown): MemberChange | undefined {
  if (value === undefined || value === null) return { kind: "clear" };
  const ids = readMembers(value).map((member) => member.value);
  return ids.length === 0 ? undefined : { kind: "remove", ids };
}

function idsOf(filter: Filter): readonly string[] | undefined {
  if (filter.kind === "or") {
    const ids = filter.operands.map(idsOf);
    return ids.every((list) => list !== undefined) ? ids.flat() : undefined;
  }
  if (filter.kind !== "compare" || filter.operator !== "eq" || filter.path.name.toLowerCase() !== "value")
    return undefined;
  return typeof filter.value === "string" ? [filter.value] : undefined;
}

function immutable(sub: string): ScimError {
  const detail = say`${term(`members.${sub}`)} cannot be changed in place; remove the member and add the new one.`;
  return new ScimError("mutability", "attribute-immutable", detail);
}
