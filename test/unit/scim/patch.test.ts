/** PATCH: every dialect and quirk seen on the wire, the RFC's own rules, and the laws that hold for any resource. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  CORE_MODELS,
  CORE_READING,
  applyPatch,
  memberChanges,
  type MemberChange,
  type Patch,
  readPatch,
  type Resource,
} from "../../../src/scim/index.ts";
import { refusalOf } from "../../support/refusal.ts";

interface UserRow {
  readonly name: string;
  readonly before: Resource;
  readonly operations: readonly object[];
  readonly after: Resource;
}

interface MemberRow {
  readonly name: string;
  readonly operations: readonly object[];
  readonly changes: readonly MemberChange[];
}

const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, "../../fixtures/entra", name), "utf8"));
}

/** As it reaches the worker: through JSON, like everything on the queue. */
function travelled(patch: Patch): Patch {
  return JSON.parse(JSON.stringify(patch)) as Patch;
}

function readUser(...operations: readonly object[]): Patch {
  return travelled(readPatch("User", { schemas: [PATCH_OP], Operations: operations }, CORE_READING));
}

test.each(fixture("patch-user.json") as UserRow[])("$name", ({ before, operations, after }) => {
  const untouched = structuredClone(before);
  const patch = readUser(...operations);

  const patched = applyPatch(CORE_MODELS.User, before, patch);

  expect(patched.resource).toEqual(after);
  expect(before).toEqual(untouched);
  expect(patched.changed.length > 0).toBe(JSON.stringify(before) !== JSON.stringify(after));
  // A write that is delivered twice changes nothing the second time.
  const again = applyPatch(CORE_MODELS.User, patched.resource, patch);
  expect(again.resource).toEqual(after);
});

test.each(fixture("patch-members.json") as MemberRow[])("members: $name", ({ operations, changes }) => {
  const patch = travelled(readPatch("Group", { schemas: [PATCH_OP], Operations: operations }, CORE_READING));
  expect(memberChanges(patch)).toEqual(changes);
});

test("a filter on members that is more than ids is left to whoever has the members", () => {
  const patch = readPatch(
    "Group",
    { Operations: [{ op: "remove", path: 'members[type eq "Group"]' }] },
    CORE_READING,
  );
  expect(memberChanges(patch)).toMatchObject([{ kind: "removeWhere" }]);
});

test("what changed is named, an extension's attribute with its URN", () => {
  const patch = readUser(
    { op: "replace", path: "displayName", value: "B" },
    { op: "add", path: "manager", value: "m" },
    { op: "replace", path: "title", value: "same" },
  );

  const { changed } = applyPatch(CORE_MODELS.User, { userName: "b", title: "same" }, patch);

  expect(changed).toEqual([
    "displayName",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
  ]);
});

const USER_REFUSALS = [
  [[{ op: "move", path: "title", value: "x" }], "invalidSyntax", "operation-unknown"],
  [["add"], "invalidSyntax", "operation-unknown"],
  [[], "invalidSyntax", "operations-missing"],
  [[{ op: "remove" }], "noTarget", "remove-without-path"],
  [[{ op: "replace", path: "title" }], "invalidSyntax", "value-missing"],
  [[{ op: "replace", value: "x" }], "invalidValue", "value-type"],
  [[{ op: "replace", path: 7, value: "x" }], "invalidPath", "path-syntax"],
  [[{ op: "replace", path: "emails[0].value", value: "x" }], "invalidFilter", "filter-syntax"],
  [[{ op: "replace", path: "name..givenName", value: "x" }], "invalidPath", "path-syntax"],
  [[{ op: "replace", path: "shoeSize", value: 4 }], "invalidPath", "path-unknown"],
  [[{ op: "replace", path: "name.shoeSize", value: 4 }], "invalidPath", "path-unknown"],
  [[{ op: "replace", path: "urn:example:Foo:bar", value: 4 }], "invalidPath", "path-unknown"],
  [[{ op: "replace", path: 'title[value eq "x"]', value: "y" }], "invalidPath", "path-syntax"],
  [
    [{ op: "replace", path: 'emails[colour eq "x"].value', value: "y" }],
    "invalidFilter",
    "filter-attribute-unknown",
  ],
  [[{ op: "replace", path: "id", value: "x" }], "mutability", "attribute-read-only"],
  [[{ op: "replace", path: "meta.created", value: "x" }], "mutability", "attribute-read-only"],
  [[{ op: "add", path: "groups", value: [] }], "mutability", "attribute-read-only"],
  [[{ op: "remove", path: "schemas" }], "mutability", "attribute-read-only"],
  [[{ op: "remove", path: "userName" }], "mutability", "required-removed"],
  [[{ op: "replace", path: "userName", value: "" }], "mutability", "required-removed"],
  [[{ op: "replace", value: { userName: null } }], "mutability", "required-removed"],
  [[{ op: "remove", path: "active" }], "invalidValue", "active-unassigned"],
  [[{ op: "replace", path: "active", value: "" }], "invalidValue", "active-unassigned"],
  [[{ op: "replace", path: "active", value: "perhaps" }], "invalidValue", "value-type"],
  [[{ op: "replace", path: "name", value: "Barbara" }], "invalidValue", "value-type"],
  [[{ op: "replace", path: "title", value: { a: 1 } }], "invalidValue", "value-type"],
  [[{ op: "replace", path: "title", value: ["a", "b"] }], "invalidValue", "value-type"],
  [[{ op: "replace", path: "title", value: "a\u0000b" }], "invalidValue", "value-characters"],
  [[{ op: "replace", path: "title", value: "\ud800" }], "invalidValue", "value-characters"],
  [[{ op: "replace", path: "userName", value: "x".repeat(501) }], "invalidValue", "value-too-long"],
] as const;

test.each(USER_REFUSALS)("%j is refused as %s, %s", (operations, scimType, code) => {
  const error = refusalOf(() => readPatch("User", { Operations: operations }, CORE_READING));
  expect([error.scimType, error.code]).toEqual([scimType, code]);
});

test.each([
  [[{ op: "replace", path: 'members[value eq "u1"]', value: { value: "u2" } }], "attribute-immutable"],
  [[{ op: "replace", path: 'members[value eq "u1"].display', value: "x" }], "attribute-immutable"],
  [[{ op: "add", path: "members", value: [{ display: "nobody" }] }], "value-type"],
  [[{ op: "remove", path: "displayName" }], "required-removed"],
])("members: %j is refused as %s", (operations, code) => {
  expect(refusalOf(() => readPatch("Group", { Operations: operations }, CORE_READING)).code).toBe(code);
});

test("a filter that matches nothing and describes no value is noTarget", () => {
  const patch = readUser({ op: "replace", path: 'emails[not (type eq "work")].value', value: "x" });
  expect(refusalOf(() => applyPatch(CORE_MODELS.User, { userName: "b" }, patch))).toMatchObject({
    scimType: "noTarget",
    code: "path-no-target",
  });
});

test("more operations or members than the limit are 413", () => {
  const operations = Array.from({ length: 1_001 }, () => ({ op: "add", path: "title", value: "x" }));
  const members = Array.from({ length: 100_001 }, (_, index) => ({ value: `u${String(index)}` }));

  expect(refusalOf(() => readPatch("User", { Operations: operations }, CORE_READING)).status).toBe(413);
  const half = { op: "add", path: "members", value: members.slice(0, 60_000) };
  expect(refusalOf(() => readPatch("Group", { Operations: [half, half] }, CORE_READING)).status).toBe(413);
  expect(
    refusalOf(() => readPatch("Group", { Operations: [{ ...half, value: members }] }, CORE_READING)).code,
  ).toBe("members-too-many");
});

test("a refusal's detail shows the value to the admin, and hides it from logs", () => {
  const { detail, message } = refusalOf(() =>
    readPatch("User", { Operations: [{ op: "replace", path: "active", value: "perhaps" }] }, CORE_READING),
  );
  expect(detail.text).toContain("perhaps");
  expect(message).not.toContain("perhaps");
});
