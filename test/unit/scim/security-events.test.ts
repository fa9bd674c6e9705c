/** What happened to a resource, in the words of RFC 9967. */
import { expect, test } from "vitest";
import { type ResourceChange, scimEvents, scimSubject, type Stored } from "../../../src/scim/index.ts";

const PROV = "urn:ietf:params:scim:event:prov";
const CORE = "urn:ietf:params:scim:schemas:core:2.0";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

const dates = { created: "2026-11-24T09:00:00.000Z", lastModified: "2026-11-24T10:00:00.000Z" };
const ada: Stored = {
  ...{ type: "User", id: "u-1", version: 5, ...dates },
  resource: { userName: "ada@x", title: "Dr", active: true, [ENTERPRISE]: { department: "R" } },
};
const staff: Stored = { type: "Group", id: "g-1", version: 7, ...dates, resource: { displayName: "Staff" } };

function change(more: Partial<ResourceChange>): ResourceChange {
  return {
    ...{ kind: "updated", type: "User", id: "u-1", externalId: "e-1", version: 4, changed: [], stored: ada },
    ...{ isReplaced: false, added: [], removed: [] },
    ...more,
  };
}

test("RFC 9967 section 2.1: the subject is the resource's path, with the ids that are known", () => {
  expect(scimSubject(change({}))).toEqual({
    ...{ format: "scim", uri: "/Users/u-1", externalId: "e-1", id: "u-1" },
  });
  expect(scimSubject(change({ type: "Group", id: "g-1", externalId: null }))).toEqual({
    ...{ format: "scim", uri: "/Groups/g-1", id: "g-1" },
  });
});

const whole = {
  ...{ schemas: [`${CORE}:User`, ENTERPRISE], id: "u-1", ...ada.resource },
  meta: { resourceType: "User", ...dates, version: 'W/"5"' },
};

test.each<[string, Partial<ResourceChange>, boolean, object]>([
  ["a creation", { kind: "created" }, true, { "create:full": { version: 'W/"5"', data: whole } }],
  [
    "a creation, names alone",
    { kind: "created", version: 1, changed: ["userName"] },
    false,
    { "create:notice": { version: 'W/"1"', attributes: ["userName"] } },
  ],
  [
    "a creation of what is gone by now",
    { kind: "created", version: 1, changed: ["userName"], stored: undefined },
    true,
    { "create:notice": { version: 'W/"1"', attributes: ["userName"] } },
  ],
  [
    "a PUT",
    { isReplaced: true, changed: ["title"] },
    true,
    { "put:full": { version: 'W/"5"', data: whole } },
  ],
  [
    "a PUT, names alone",
    { isReplaced: true, changed: ["title"] },
    false,
    { "put:notice": { version: 'W/"4"', attributes: ["title"] } },
  ],
  [
    "a PATCH, with what was taken away and what an extension has",
    { changed: ["title", "nickName", `${ENTERPRISE}:department`, `${ENTERPRISE}:division`] },
    true,
    {
      "patch:full": {
        version: 'W/"5"',
        data: {
          schemas: [PATCH],
          Operations: [
            { op: "replace", path: "title", value: "Dr" },
            { op: "remove", path: "nickName" },
            { op: "replace", path: `${ENTERPRISE}:department`, value: "R" },
            { op: "remove", path: `${ENTERPRISE}:division` },
          ],
        },
      },
    },
  ],
  [
    "a PUT of a group, whose members a PUT would take away",
    { type: "Group", id: "g-1", isReplaced: true, stored: staff, changed: ["displayName"] },
    true,
    {
      "patch:full": {
        version: 'W/"7"',
        data: {
          schemas: [PATCH],
          Operations: [{ op: "replace", path: "displayName", value: "Staff" }],
        },
      },
    },
  ],
  [
    "members that came and went",
    { type: "Group", stored: staff, changed: ["members"], added: ["a", "b"], removed: ["c"] },
    true,
    {
      "patch:full": {
        version: 'W/"7"',
        data: {
          schemas: [PATCH],
          Operations: [
            { op: "remove", path: 'members[value eq "c"]' },
            { op: "add", path: "members", value: [{ value: "a" }, { value: "b" }] },
          ],
        },
      },
    },
  ],
  [
    "a deactivation, names alone",
    { kind: "deactivated", changed: ["active"] },
    false,
    { deactivate: {}, "patch:notice": { version: 'W/"4"', attributes: ["active"] } },
  ],
  [
    "an activation",
    { kind: "activated", changed: ["active"] },
    true,
    {
      activate: {},
      "patch:full": {
        version: 'W/"5"',
        data: { schemas: [PATCH], Operations: [{ op: "replace", path: "active", value: true }] },
      },
    },
  ],
  ["a deletion", { kind: "deleted", version: null, stored: undefined }, true, { delete: {} }],
])("RFC 9967 section 2.4: %s", (_what, more, isFull, events) => {
  const named = Object.fromEntries(Object.entries(events).map(([name, event]) => [`${PROV}:${name}`, event]));
  expect(scimEvents(change(more), isFull)).toEqual(named);
});
