/** Answers: strictly typed, complete, and showing what was asked for. RFC 7643 section 3, RFC 7644 section 3.9. */
import { expect, test } from "vitest";
import {
  CORE_MODELS,
  listResponse,
  matchesEtag,
  parseProjection,
  render,
  ScimError,
  type Stored,
  wants,
  weakEtag,
} from "../../../src/scim/index.ts";
import { changedAttributes } from "../../../src/scim/resource/render.ts";

const BASE = "https://scim.example.com/scim/v2";
const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const TIME = "2026-11-24T09:30:00.000Z";

const user: Stored = {
  type: "User",
  id: "u-1",
  version: 3,
  created: TIME,
  lastModified: TIME,
  resource: {
    userName: "b@x",
    externalId: "e",
    name: { givenName: "B", familyName: "J" },
    emails: [{ value: "a@x", type: "work" }],
    [ENTERPRISE]: { department: "HR", manager: { value: "m-1" } },
  },
  groups: [{ value: "g-1", type: "direct", display: "All" }],
};

const group: Stored = {
  type: "Group",
  id: "g-1",
  version: 1,
  created: TIME,
  lastModified: TIME,
  resource: { displayName: "All" },
  members: [{ value: "u-1", type: "User", display: "b@x" }],
};

const show = (stored: Stored, attributes?: string, excluded?: string): Record<string, unknown> =>
  render(stored, { models: CORE_MODELS, baseUrl: BASE, projection: parseProjection(attributes, excluded) });

test("a user is shown whole, with meta, references and true schemas", () => {
  expect(show(user)).toEqual({
    schemas: [USER, ENTERPRISE],
    id: "u-1",
    ...user.resource,
    [ENTERPRISE]: { department: "HR", manager: { value: "m-1", $ref: `${BASE}/Users/m-1` } },
    groups: [{ value: "g-1", $ref: `${BASE}/Groups/g-1`, type: "direct", display: "All" }],
    meta: {
      resourceType: "User",
      created: TIME,
      lastModified: TIME,
      location: `${BASE}/Users/u-1`,
      version: 'W/"3"',
    },
  });
});

test("a group's members say who they are and where", () => {
  expect(show(group)).toMatchObject({
    members: [{ value: "u-1", $ref: `${BASE}/Users/u-1`, type: "User", display: "b@x" }],
  });
});

const ALWAYS = { schemas: [USER, ENTERPRISE], id: "u-1" };
test.each([
  ["userName", { ...ALWAYS, userName: "b@x" }],
  ["USERNAME, externalid", { ...ALWAYS, userName: "b@x", externalId: "e" }],
  ["name.givenName", { ...ALWAYS, name: { givenName: "B" } }],
  ["name.givenName,name", { ...ALWAYS, name: { givenName: "B", familyName: "J" } }],
  [`${USER}:emails.value`, { ...ALWAYS, emails: [{ value: "a@x" }] }],
  [`${ENTERPRISE}:department`, { ...ALWAYS, [ENTERPRISE]: { department: "HR" } }],
  ["manager.value", { ...ALWAYS, [ENTERPRISE]: { manager: { value: "m-1" } } }],
  [
    ENTERPRISE,
    { ...ALWAYS, [ENTERPRISE]: { department: "HR", manager: { value: "m-1", $ref: `${BASE}/Users/m-1` } } },
  ],
  ['emails[type eq "work"]', { ...ALWAYS, emails: [{ value: "a@x", type: "work" }] }],
  ["id", ALWAYS],
  ["shoeSize,..,password", ALWAYS],
  ["meta.version", { ...ALWAYS, meta: { version: 'W/"3"' } }],
])("attributes=%s shows that and what is always shown", (attributes, expected) => {
  expect(show(user, attributes)).toEqual(expected);
});

test("excludedAttributes hides what it names, but never id and schemas", () => {
  const shown = show(user, undefined, `id,schemas,meta,name.familyName,groups,${ENTERPRISE}`);

  expect(shown).toEqual({
    ...ALWAYS,
    externalId: "e",
    userName: "b@x",
    name: { givenName: "B" },
    emails: [{ value: "a@x", type: "work" }],
  });
});

test("both lists at once are refused", () => {
  expect(() => parseProjection("id", "meta")).toThrow(ScimError);
  expect(parseProjection("", "meta")).not.toHaveProperty("attributes");
});

test.each([
  [undefined, undefined, true],
  [undefined, "members", false],
  [undefined, "Members", false],
  [undefined, "members.display", true],
  ["id", undefined, false],
  ["members", undefined, true],
  ["urn:ietf:params:scim:schemas:core:2.0:Group:members.value", undefined, true],
])("with attributes=%s, excludedAttributes=%s members are wanted: %s", (only, except, expected) => {
  expect(wants(parseProjection(only, except), "Group", "members")).toBe(expected);
});

test("an ETag is weak and compared as such", () => {
  expect(weakEtag(7)).toBe('W/"7"');
  for (const header of ['W/"7"', '"7"', '"1", W/"7"', "*"]) expect(matchesEtag(header, 7)).toBe(true);
  for (const header of ['W/"8"', "7", "", '"77"']) expect(matchesEtag(header, 7)).toBe(false);
});

test("a list says how many there are, also when it is empty", () => {
  expect(listResponse({ totalResults: 0, startIndex: 1, resources: [] })).toEqual({
    schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
    totalResults: 0,
    startIndex: 1,
    itemsPerPage: 0,
    Resources: [],
  });
});

test("the order of keys is no change, the order of values is", () => {
  expect(changedAttributes({ name: { a: 1, b: 2 } }, { name: { b: 2, a: 1 } })).toEqual([]);
  expect(changedAttributes({ emails: [1, 2] }, { emails: [2, 1] })).toEqual(["emails"]);
});
