/**
 * How Azure AD writes users by PATCH, quirk by quirk, over HTTP: each row is what was there, what Azure sends, and the
 * whole user that the answer and a later read must show.
 */
import { expect, test } from "vitest";
import { createUser, ENTERPRISE, patch, USER } from "../../support/provision.ts";
import type { ScimBody } from "../../support/scim-client.ts";
import { useOneService } from "./one-service.ts";

const { client } = useOneService();

interface Row {
  readonly title: string;
  /** Attributes besides userName and active. */
  readonly before?: object;
  readonly operations: readonly object[];
  readonly after: object;
}

const WORK = { type: "work", value: "w@x.org" };
const HOME = { type: "home", value: "h@x.org" };
const MANAGER = `${ENTERPRISE}:manager`;
const managedBy = (id: string) => ({
  [ENTERPRISE]: { manager: { value: id, $ref: expect.stringMatching(`/scim/v2/Users/${id}$`) as string } },
});
const AZURE_ROLE = "WindowsAzureActiveDirectoryRole";

const replace = (path: string, value: unknown) => ({ op: "Replace", path, value });
const add = (path: string, value: unknown) => ({ op: "Add", path, value });
const pathless = (value: object) => ({ op: "replace", value });

const WRITES: readonly Row[] = [
  {
    title: "1: operations in any case",
    operations: [add("title", "Guide"), { op: "REPLACE", path: "nickName", value: "Babs" }],
    after: { title: "Guide", nickName: "Babs" },
  },
  ...["False", "false", "FALSE", false].map((value) => ({
    title: `2: active is turned off by ${JSON.stringify(value)}`,
    operations: [replace("active", value)],
    after: { active: false },
  })),
  {
    title: '2: active is turned on by "True"',
    before: { active: false },
    operations: [replace("active", "True")],
    after: { active: true },
  },
  { title: "3: active is written by Add", operations: [add("active", "False")], after: { active: false } },
  {
    title: "11: a work email that is not there is created by Replace",
    before: { emails: [HOME] },
    operations: [replace('emails[type eq "work"].value', "w@x.org")],
    after: { emails: [HOME, WORK] },
  },
  {
    title: "11: a work email that is not there is created by Add",
    operations: [add('emails[type eq "work"].value', "w@x.org")],
    after: { emails: [WORK] },
  },
  {
    title: "11: a work email that is there is changed and keeps its other parts",
    before: { emails: [{ ...WORK, primary: true }, HOME] },
    operations: [replace('emails[type eq "work"].value', "n@x.org")],
    after: { emails: [{ type: "work", value: "n@x.org", primary: true }, HOME] },
  },
  {
    title: "12: phone numbers of each kind are created",
    operations: ["work", "mobile", "fax"].map((type) => add(`phoneNumbers[type eq "${type}"].value`, type)),
    after: { phoneNumbers: ["work", "mobile", "fax"].map((type) => ({ type, value: type })) },
  },
  {
    title: "12: the parts of an address make one address",
    operations: [
      add('addresses[type eq "work"].streetAddress', "Main 1"),
      add('addresses[type eq "work"].locality', "Paris"),
      replace('addresses[type eq "work"].postalCode', "75001"),
      replace('addresses[type eq "other"].Formatted', "Main 2"),
    ],
    after: {
      addresses: [
        { type: "work", streetAddress: "Main 1", locality: "Paris", postalCode: "75001" },
        { type: "other", formatted: "Main 2" },
      ],
    },
  },
  {
    title: "12: a sub-attribute in capitals",
    operations: [replace('emails[type eq "other"].Value', "o@x.org")],
    after: { emails: [{ type: "other", value: "o@x.org" }] },
  },
  {
    title: "13: the primary value is changed",
    before: { emails: [HOME, { ...WORK, primary: true }] },
    operations: [replace("emails[primary eq true].value", "p@x.org")],
    after: { emails: [HOME, { type: "work", value: "p@x.org", primary: true }] },
  },
  {
    title: "13: a boolean is compared with text, and what it describes is created",
    operations: [add('roles[primary eq "True"].value', "Admin")],
    after: { roles: [{ primary: true, value: "Admin" }] },
  },
  {
    title: "15: dotted keys without a path",
    before: { name: { givenName: "B", middleName: "M" } },
    operations: [pathless({ displayName: "Kim", "name.givenName": "K", "name.familyName": "U" })],
    after: { displayName: "Kim", name: { givenName: "K", middleName: "M", familyName: "U" } },
  },
  {
    title: "16: keys with a URN without a path",
    operations: [pathless({ [`${ENTERPRISE}:department`]: "HR", [`${ENTERPRISE}:employeeNumber`]: "7" })],
    after: { [ENTERPRISE]: { department: "HR", employeeNumber: "7" } },
  },
  {
    title: "16: an extension's object without a path",
    before: { [ENTERPRISE]: { division: "East" } },
    operations: [pathless({ [ENTERPRISE]: { department: "HR" } })],
    after: { [ENTERPRISE]: { division: "East", department: "HR" } },
  },
  {
    title: "17: a URN in the path",
    operations: [add(`${ENTERPRISE}:department`, "HR"), add(`${USER}:name.givenName`, "K")],
    after: { [ENTERPRISE]: { department: "HR" }, name: { givenName: "K" } },
  },
  {
    title: "19: the manager as a bare id by Add",
    operations: [add(MANAGER, "m-1")],
    after: managedBy("m-1"),
  },
  {
    title: "19: the manager as a bare id by Replace",
    before: { [ENTERPRISE]: { manager: { value: "m-1" } } },
    operations: [replace(MANAGER, "m-2")],
    after: managedBy("m-2"),
  },
  {
    title: "20: the manager as a list, without URN",
    operations: [add("manager", [{ $ref: "http://example.com/scim/Users/m-1", value: "m-1" }])],
    after: managedBy("m-1"),
  },
  ...["", null, [], { value: "" }, { value: { value: "" } }].map((value) => ({
    title: `21: the manager is cleared by ${JSON.stringify(value)}`,
    before: { [ENTERPRISE]: { manager: { value: "m-1" } } },
    operations: [replace(MANAGER, value)],
    after: {},
  })),
  {
    title: "21: the manager is removed with a value",
    before: { [ENTERPRISE]: { manager: { value: "m-1" }, department: "HR" } },
    operations: [{ op: "Remove", path: MANAGER, value: [{ value: "m-1" }] }],
    after: { [ENTERPRISE]: { department: "HR" } },
  },
  {
    title: "24: a role as JSON within a string",
    operations: [add("roles", [{ value: '{"id":"1","value":"25","displayName":"Role1234"}' }])],
    after: { roles: [{ value: '{"id":"1","value":"25","displayName":"Role1234"}' }] },
  },
  {
    title: "25: roles are added and none is taken away",
    before: { roles: [{ primary: false, type: AZURE_ROLE, value: "Admin" }] },
    operations: [add("roles", [{ primary: false, type: AZURE_ROLE, value: "User" }])],
    after: { roles: ["Admin", "User"].map((value) => ({ primary: false, type: AZURE_ROLE, value })) },
  },
  {
    title: "26: roles are replaced as a whole list",
    before: { roles: [{ type: AZURE_ROLE, value: "User" }] },
    operations: [
      {
        op: "replace",
        path: "roles",
        value: [{ primary: false, type: AZURE_ROLE, display: "Admin", value: "Admin" }],
      },
    ],
    after: { roles: [{ primary: false, type: AZURE_ROLE, display: "Admin", value: "Admin" }] },
  },
  {
    title: "27: a role's displayName is its display",
    operations: [add("roles", [{ value: "Admin", displayName: "Administrator" }])],
    after: { roles: [{ value: "Admin", display: "Administrator" }] },
  },
  {
    title: "29: what is not mentioned stays",
    before: { title: "Guide", emails: [WORK] },
    operations: [replace("displayName", "B")],
    after: { title: "Guide", emails: [WORK], displayName: "B" },
  },
  ...["", null].flatMap((value) => [
    {
      title: `30: an attribute is cleared by ${JSON.stringify(value)}`,
      before: { title: "Guide", nickName: "B" },
      operations: [{ op: "replace", path: "title", value }],
      after: { nickName: "B" },
    },
    {
      title: `30: several are cleared without a path by ${JSON.stringify(value)}`,
      before: { title: "Guide", name: { givenName: "B" }, [ENTERPRISE]: { department: "HR" } },
      operations: [pathless({ title: value, "name.givenName": value, [`${ENTERPRISE}:department`]: value })],
      after: {},
    },
    {
      title: `31: the work email is cleared by ${JSON.stringify(value)}, the other stays`,
      before: { emails: [{ ...WORK, primary: true }, HOME] },
      operations: [{ op: "replace", path: 'emails[type eq "work"].value', value }],
      after: { emails: [HOME] },
    },
  ]),
  {
    title: '31: a value in an object is cleared by {"value":""}',
    before: { title: "Guide" },
    operations: [replace("title", { value: "" })],
    after: {},
  },
  {
    title: "32: the externalId is replaced",
    before: { externalId: "e-1" },
    operations: [replace("externalId", "e-2")],
    after: { externalId: "e-2" },
  },
  {
    title: "33: the userName is replaced",
    operations: [replace("userName", "new@x.org")],
    after: { userName: "new@x.org" },
  },
  {
    title: "33: the userName is replaced without a path",
    operations: [pathless({ userName: "new@x.org" })],
    after: { userName: "new@x.org" },
  },
  {
    title: "35: extra keys in an operation are passed over",
    operations: [{ ...add("title", "Guide"), name: "addTitle", id: "1" }],
    after: { title: "Guide" },
  },
  {
    title: "37: what the server keeps is passed over when it comes along",
    operations: [
      add(`${MANAGER}.displayName`, "Boss"),
      pathless({ id: "x", groups: [], meta: {}, title: "Guide" }),
    ],
    after: { title: "Guide" },
  },
  {
    title: "38: numbers where text is wanted become text",
    operations: [
      add(`${ENTERPRISE}:employeeNumber`, 701984),
      add('phoneNumbers[type eq "work"].value', 5551234),
    ],
    after: {
      [ENTERPRISE]: { employeeNumber: "701984" },
      phoneNumbers: [{ type: "work", value: "5551234" }],
    },
  },
  {
    title: "38: of two primary values the last wins",
    operations: [
      add("emails", [
        { ...WORK, primary: true },
        { ...HOME, primary: "True" },
      ]),
    ],
    after: {
      emails: [
        { ...WORK, primary: false },
        { ...HOME, primary: true },
      ],
    },
  },
  {
    title: "39: names in odd case in paths",
    operations: [replace("DISPLAYNAME", "B"), add('Emails[Type eq "work"].VALUE', "w@x.org")],
    after: { displayName: "B", emails: [WORK] },
  },
];

/** The user without what the server adds to it. */
function contentOf(body: ScimBody): object {
  const { schemas, id, meta, ...content } = body;
  expect([schemas.includes(ENTERPRISE), id.length, typeof meta]).toEqual([ENTERPRISE in body, 36, "object"]);
  return content;
}

test.each(WRITES.map((row) => [row.title, row] as const))("Entra %s", async (_title, row) => {
  const { before = {}, operations, after } = row;
  const scim = await client();
  const path = `/Users/${await createUser(scim, "b@x.org", before)}`;

  const { status, body } = await scim("PATCH", path, patch(...operations));

  expect(status).toBe(200);
  expect(contentOf(body)).toEqual({ userName: "b@x.org", active: true, ...after });
  expect((await scim("GET", path)).body).toEqual(body);
  // Azure AD sends again what it is not sure of: the second time nothing changes.
  expect((await scim("PATCH", path, patch(...operations))).body).toEqual(body);
});
