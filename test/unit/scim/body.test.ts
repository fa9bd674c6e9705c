/** Bodies of POST and PUT: what Azure sends is understood, what cannot be kept is refused. RFC 7643 sections 2 to 4. */
import { describe, expect, test } from "vitest";
import { CORE_READING, readBody } from "../../../src/scim/index.ts";
import { refusalOf } from "../../support/refusal.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

function readUser(body: object): unknown {
  return readBody("User", { schemas: [USER], userName: "b@x.com", ...body }, CORE_READING).resource;
}

const PLAIN = { userName: "b@x.com", active: true };

describe("a user", () => {
  test("in any letter case has the schema's own names", () => {
    const body = { USERNAME: "b@x.com", Name: { GIVENNAME: "B" }, EMAILS: [{ Value: "a@x", TYPE: "work" }] };

    expect(readBody("User", body, CORE_READING).resource).toEqual({
      ...PLAIN,
      name: { givenName: "B" },
      emails: [{ value: "a@x", type: "work" }],
    });
  });

  test.each([
    ["booleans as text", { active: "False" }, { active: false }],
    [
      "a boolean within a role",
      { roles: [{ value: "r", primary: "True" }] },
      { roles: [{ value: "r", primary: true }] },
    ],
    ["a number as text", { title: 7 }, { title: "7" }],
    ["nulls", { title: null, addresses: null, active: null, [ENTERPRISE]: { manager: null } }, {}],
    ["empty lists and texts", { roles: [], title: "", name: {}, emails: [{ type: "work", value: "" }] }, {}],
    [
      "the manager as a bare id",
      { [ENTERPRISE]: { manager: "m-1" } },
      { [ENTERPRISE]: { manager: { value: "m-1" } } },
    ],
    [
      "an extension without its URN in schemas",
      { [ENTERPRISE]: { department: "HR" } },
      { [ENTERPRISE]: { department: "HR" } },
    ],
    [
      "an extension's URN in odd case",
      { [ENTERPRISE.toUpperCase()]: { DEPARTMENT: "HR" } },
      { [ENTERPRISE]: { department: "HR" } },
    ],
    [
      "dotted and URN keys",
      { "name.givenName": "K", name: { familyName: "U" }, [`${ENTERPRISE}:costCenter`]: "9" },
      { name: { givenName: "K", familyName: "U" }, [ENTERPRISE]: { costCenter: "9" } },
    ],
    ["one value instead of a list", { emails: { value: "a@x" } }, { emails: [{ value: "a@x" }] }],
    ["a value as bare text", { emails: ["a@x"] }, { emails: [{ value: "a@x" }] }],
    [
      "the same value twice",
      {
        emails: [
          { value: "a@x", type: "work" },
          { value: "a@x", type: "Work", primary: true },
        ],
      },
      { emails: [{ value: "a@x", type: "Work", primary: true }] },
    ],
    [
      "two primary values",
      {
        emails: [
          { value: "1", primary: true },
          { value: "2", primary: true },
        ],
      },
      {
        emails: [
          { value: "1", primary: false },
          { value: "2", primary: true },
        ],
      },
    ],
    [
      "what the server decides",
      { id: "x", meta: { version: "1" }, groups: [{ value: "g" }], password: "secret" },
      {},
    ],
    [
      "names that mean nothing here",
      { shoeSize: 42, "urn:example:X": { a: 1 }, "a.b": 1, "x[": 2, constructor: 1, __proto__x: 2 },
      {},
    ],
  ])("with %s", (_case, body, expected) => {
    expect(readUser(body)).toEqual({ ...PLAIN, ...expected });
  });

  test.each([
    [{ userName: undefined }, "required-missing", /userName is required/],
    [{ userName: "" }, "required-missing", /userName/],
    [{ userName: ["a", "b"] }, "value-type", /userName.*a list of 2/],
    [{ active: "maybe" }, "value-type", /active.*boolean.*maybe/],
    [{ name: "Barbara" }, "value-type", /name.*complex/],
    [{ emails: [{ value: { a: 1 } }] }, "value-type", /emails\.value/],
    [{ [ENTERPRISE]: "x" }, "value-type", /enterprise/],
    [{ [ENTERPRISE]: { manager: { value: ["a", "b"] } } }, "value-type", /manager\.value/],
    [{ x509Certificates: [{ value: "no base64!" }] }, "value-type", /x509Certificates\.value.*binary/],
    [{ title: "a\u0000b" }, "value-characters", /title.*NUL/],
    [{ userName: "x".repeat(501) }, "value-too-long", /501.*500/],
  ])("%j is refused: %s", (body, code, detail) => {
    const error = refusalOf(() => readUser(body));
    expect([error.status, error.scimType, error.code]).toEqual([400, "invalidValue", code]);
    expect(error.detail.text).toMatch(detail);
  });
});

describe("a group", () => {
  test("keeps its members apart, and knows when none were sent", () => {
    const members = [{ value: "u1", type: "User", $ref: null, display: "U" }, "u2"];

    expect(readBody("Group", { displayName: "G", members }, CORE_READING)).toEqual({
      resource: { displayName: "G" },
      members: [{ value: "u1", type: "User" }, { value: "u2" }],
    });
    expect(readBody("Group", { displayName: "G", members: [] }, CORE_READING).members).toEqual([]);
    expect(readBody("Group", { displayName: "G" }, CORE_READING)).not.toHaveProperty("members");
  });

  test("without a name is refused", () => {
    expect(refusalOf(() => readBody("Group", { members: [] }, CORE_READING)).code).toBe("required-missing");
  });
});

test.each([[null], [[]], ["x"], [7]])("%j is no body", (body) => {
  expect(refusalOf(() => readBody("User", body, CORE_READING))).toMatchObject({
    scimType: "invalidSyntax",
    code: "body-not-object",
  });
});

test("a body that nests without end is refused before anything walks it", () => {
  const deep = JSON.parse(`{"title":${"[".repeat(100_000)}${"]".repeat(100_000)}}`) as unknown;
  expect(refusalOf(() => readBody("User", deep, CORE_READING)).code).toBe("body-too-deep");
});
