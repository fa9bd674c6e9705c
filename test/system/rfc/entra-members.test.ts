/** How Azure AD changes a group's members, quirk by quirk, over HTTP: what it sends, and who is in the group then. */
import { expect, test } from "vitest";
import { createGroup, createUser, memberIds, patch } from "../../support/provision.ts";
import type { ScimClient } from "../../support/scim-client.ts";
import { patchAt, read, useOneService } from "./one-service.ts";

const { client } = useOneService();

/** A group, its first two members, and a third user who is none. */
async function crew(scim: ScimClient): Promise<{ readonly group: string; readonly ids: readonly string[] }> {
  const ids: string[] = [];
  for (const name of ["a", "b", "c"]) ids.push(await createUser(scim, `${name}@x.org`));
  const group = await createGroup(scim, "Crew");
  const members = ids.slice(0, 2).map((value) => ({ $ref: null, value }));
  await patchAt(scim, `/Groups/${group}`, { op: "Add", path: "members", value: members });
  expect(await memberIds(scim, group)).toEqual(ids.slice(0, 2).sort());
  return { group, ids };
}

interface MemberRow {
  readonly title: string;
  /** @param ids - of the users a, b and c */
  readonly operations: (ids: readonly string[]) => readonly object[];
  /** Who is in the group afterwards; a and b were before. */
  readonly after: string;
}

const remove = (path: string, value?: unknown) => ({ op: "Remove", path, value });

const MEMBERS: readonly MemberRow[] = [
  {
    title: "6: Remove with the bare path and a value removes those members, never all",
    operations: ([a]) => [remove("members", [{ $ref: null, value: a }])],
    after: "b",
  },
  {
    title: "6: Remove of an empty list removes nobody",
    operations: () => [remove("members", [])],
    after: "ab",
  },
  {
    title: "6: Remove of who is not a member removes nobody",
    operations: ([, , c]) => [remove("members", [{ value: c }])],
    after: "ab",
  },
  {
    title: "6: the compliant dialect removes by a filter",
    operations: ([a]) => [{ op: "remove", path: `members[value eq "${String(a)}"]` }],
    after: "b",
  },
  {
    title: "7: remove with the bare path and no value removes all",
    operations: () => [remove("members")],
    after: "",
  },
  {
    title: "8: a member who is there is not added again",
    operations: ([a, , c]) => [{ op: "Add", path: "members", value: [{ value: a }, { value: c }] }],
    after: "abc",
  },
  {
    title: "8: a member as a bare string",
    operations: ([, , c]) => [{ op: "add", path: "members", value: c }],
    after: "abc",
  },
  {
    title: "9: replace on members replaces them",
    operations: ([, , c]) => [{ op: "replace", path: "members", value: [{ value: c }] }],
    after: "c",
  },
  {
    title: "10: members are added and removed in one PATCH",
    operations: ([a, , c]) => [
      { op: "add", path: "members", value: [{ value: c }] },
      { op: "remove", path: `members[value eq "${String(a)}"]` },
    ],
    after: "bc",
  },
];

test.each(MEMBERS.map((row) => [row.title, row] as const))(
  "Entra %s",
  async (_title, { operations, after }) => {
    const scim = await client();
    const { group, ids } = await crew(scim);
    const body = patch(...operations(ids));
    const names = async () =>
      (await memberIds(scim, group)).map((id) => "abc".charAt(ids.indexOf(id))).sort();

    expect((await scim("PATCH", `/Groups/${group}`, body)).status).toBe(204);
    expect((await names()).join("")).toBe(after);
    const first = await read(scim, `/Groups/${group}`);

    expect((await scim("PATCH", `/Groups/${group}`, body)).status).toBe(204);
    expect(await read(scim, `/Groups/${group}`)).toEqual(first);
  },
);
