/** The PATCH bodies of both dialects, as they were observed on the wire. */
import { expect, test } from "vitest";
import {
  addMembersPatch,
  attributePatch,
  createDialects,
  managerPatch,
  removeMembersPatch,
} from "../../../tools/azure-ad/dialect.ts";
import type { Change } from "../../../tools/azure-ad/dialect.ts";

const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const schemas = ["urn:ietf:params:scim:api:messages:2.0:PatchOp"];

const disable: Change[] = [{ kind: "replace", path: "active", value: false }];
const several: Change[] = [
  { kind: "replace", path: 'emails[type eq "work"].value', value: "k@x" },
  { kind: "replace", path: "displayName", value: "B" },
  { kind: "add", path: "name.givenName", value: "K" },
  { kind: "replace", path: `${ENTERPRISE}:employeeNumber`, value: "A" },
];

test("disabling says the word False in legacy and the boolean in compliant", () => {
  expect(attributePatch("legacy", disable)).toEqual({
    schemas,
    Operations: [{ op: "Replace", path: "active", value: "False" }],
  });
  expect(attributePatch("compliant", disable)).toEqual({
    schemas,
    Operations: [{ op: "replace", path: "active", value: false }],
  });
});

test("re-enabling says the word True in legacy", () => {
  const { Operations } = attributePatch("legacy", [{ kind: "replace", path: "active", value: true }]);

  expect(Operations).toEqual([{ op: "Replace", path: "active", value: "True" }]);
});

test("one attribute that the target lacks is an add with a path", () => {
  const change: Change[] = [{ kind: "add", path: "nickName", value: "Babs" }];

  expect(attributePatch("legacy", change).Operations).toEqual([
    { op: "Add", path: "nickName", value: "Babs" },
  ]);
  expect(attributePatch("compliant", change).Operations).toEqual([
    { op: "add", path: "nickName", value: "Babs" },
  ]);
});

test("several attributes are one operation each in legacy", () => {
  expect(attributePatch("legacy", several).Operations).toEqual([
    { op: "Replace", path: 'emails[type eq "work"].value', value: "k@x" },
    { op: "Replace", path: "displayName", value: "B" },
    { op: "Add", path: "name.givenName", value: "K" },
    { op: "Replace", path: `${ENTERPRISE}:employeeNumber`, value: "A" },
  ]);
});

test("several attributes are merged without a path in compliant, filtered ones kept apart", () => {
  expect(attributePatch("compliant", several).Operations).toEqual([
    { op: "replace", path: 'emails[type eq "work"].value', value: "k@x" },
    {
      op: "replace",
      value: { displayName: "B", "name.givenName": "K", [`${ENTERPRISE}:employeeNumber`]: "A" },
    },
  ]);
});

test("the other address has its capital V in legacy alone", () => {
  const change: Change[] = [{ kind: "add", path: 'emails[type eq "other"].value', value: "a@x" }];

  expect(attributePatch("legacy", change).Operations[0]?.path).toBe('emails[type eq "other"].Value');
  expect(attributePatch("compliant", change).Operations[0]?.path).toBe('emails[type eq "other"].value');
});

test("the manager is a bare id under the extension's path", () => {
  expect(managerPatch("legacy", "add", "u1").Operations).toEqual([
    { op: "Add", path: `${ENTERPRISE}:manager`, value: "u1" },
  ]);
  expect(managerPatch("compliant", "replace", "u1").Operations).toEqual([
    { op: "replace", path: `${ENTERPRISE}:manager`, value: "u1" },
  ]);
});

test("members are added with a null reference in legacy and without in compliant", () => {
  expect(addMembersPatch("legacy", ["u1", "u2"]).Operations).toEqual([
    {
      op: "Add",
      path: "members",
      value: [
        { $ref: null, value: "u1" },
        { $ref: null, value: "u2" },
      ],
    },
  ]);
  expect(addMembersPatch("compliant", ["u1"]).Operations).toEqual([
    { op: "add", path: "members", value: [{ value: "u1" }] },
  ]);
});

test("members are removed by value in legacy and by filter in compliant", () => {
  expect(removeMembersPatch("legacy", ["u1", "u2"]).Operations).toEqual([
    {
      op: "Remove",
      path: "members",
      value: [
        { $ref: null, value: "u1" },
        { $ref: null, value: "u2" },
      ],
    },
  ]);
  expect(removeMembersPatch("compliant", ["u1", "u2"]).Operations).toEqual([
    { op: "remove", path: 'members[value eq "u1"]' },
    { op: "remove", path: 'members[value eq "u2"]' },
  ]);
});

test("mixed alternates between the dialects", () => {
  const next = createDialects("mixed");

  expect([next(), next(), next()]).toEqual(["legacy", "compliant", "legacy"]);
});
