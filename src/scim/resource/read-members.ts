/** Members of a group as clients name them: objects, or bare ids as in Microsoft's own samples. RFC 7643 section 4.2. */
import { say, ScimError, term } from "../errors.ts";
import { fold, hasForbiddenCharacter } from "./text.ts";
import { fieldOf, isObject } from "./fields.ts";
import { isUnassigned } from "./read-value.ts";
import type { MemberRef } from "./resource.ts";

/** Members that one request may change: the largest group that is promised, and minutes of work at the database. */
export const MEMBERS_MAX = 100_000;

const MEMBER_ID_CHARS_MAX = 200; // Longer than any id of ours, short enough to be quoted.

/**
 * Every member named once, in the order of the request.
 * @throws {ScimError} invalidValue for a member without an id, 413 for too many
 */
export function readMembers(value: unknown): readonly MemberRef[] {
  if (isUnassigned(value)) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  assertMemberCount(list.length);
  const members = new Map<string, MemberRef>();
  list.forEach((item, index) => {
    if (item === null) return;
    const member = readMember(item, index);
    if (!members.has(member.value)) members.set(member.value, member);
  });
  return [...members.values()];
}

/** @throws {ScimError} 413 */
export function assertMemberCount(count: number): void {
  if (count <= MEMBERS_MAX) return;
  const detail = say`The request names ${count} members, at most ${MEMBERS_MAX} are taken at once; split it over several PATCH requests.`;
  throw new ScimError(413, "members-too-many", detail);
}

function readMember(item: unknown, index: number): MemberRef {
  const value = isObject(item) ? fieldOf(item, "value") : item;
  if (
    typeof value !== "string" ||
    value === "" ||
    value.length > MEMBER_ID_CHARS_MAX ||
    hasForbiddenCharacter(value)
  ) {
    const detail = say`${term(`members[${String(index)}].value`)} must be the id of a user or group; send the id that Rollcall answered when it was created.`;
    throw new ScimError("invalidValue", "value-type", detail);
  }
  const type = isObject(item) ? typeOf(fieldOf(item, "type")) : undefined;
  return { value, ...(type && { type }) };
}

function typeOf(value: unknown): MemberRef["type"] {
  const key = typeof value === "string" ? fold(value) : "";
  return key === "user" ? "User" : key === "group" ? "Group" : undefined;
}
