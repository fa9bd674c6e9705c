/**
 * Every tolerance by its name, over HTTP, with each dialect: those that have it take what a client sends, to the
 * effect that is stated; the others refuse it with the standard's error and change nothing.
 */
import { expect, test } from "vitest";
import { DIALECT_NAMES, type Dialect } from "../../src/scim/index.ts";
import { TOLERANCES, type Tolerance, type ToleranceName } from "../../src/scim/dialect/tolerances.ts";
import { ENTERPRISE, GROUP, memberIds, patch, USER } from "../support/provision.ts";
import { filterQuery, type ScimAnswer, type ScimClient } from "../support/scim-client.ts";
import { expectRefusal, idIn, patchAt, read, replaceAt, useOneService, userAt } from "./rfc/one-service.ts";

const { service } = useOneService();

interface Row {
  readonly title: `${ToleranceName}: ${string}`;
  /** Of the user that is written, besides userName. */
  readonly before?: object;
  /** @param at - the user's path, whose id is also that of the manager */
  readonly send: (scim: ScimClient, at: string) => Promise<ScimAnswer>;
  /** What the user has afterwards where the dialect takes it; of a query, what its answer has. */
  readonly after: object;
}

const WORK = { type: "work", value: "w@x.org" };
const HOME = { type: "home", value: "h@x.org" };
const AT_LARGE = { op: "replace", path: "title", value: "Guide" };
const sends =
  (...operations: readonly object[]) =>
  (scim: ScimClient, at: string) =>
    patchAt(scim, at, ...operations);
const puts =
  (body: object, schemas: readonly string[] = [USER]) =>
  (scim: ScimClient, at: string) =>
    replaceAt(scim, at, { schemas, ...body });
const asks = (filter: string) => (scim: ScimClient) => scim("GET", `/Users${filterQuery(filter)}`);
const managedBy = { [ENTERPRISE]: { manager: { value: expect.any(String) as string } } };

const ROWS: readonly Row[] = [
  {
    title: "schemas: a body without schemas",
    send: async (scim, at) => scim("PUT", at, { userName: `${idIn(at)}@x.org`, title: "Guide" }),
    after: { title: "Guide" },
  },
  {
    title: "schemas: a schema that nobody knows",
    send: puts({ title: "Guide" }, [USER, `${ENTERPRISE}er`]),
    after: { title: "Guide" },
  },
  {
    title: "schemas: an extension that schemas does not list",
    send: puts({ [ENTERPRISE]: { department: "HR" } }),
    after: { [ENTERPRISE]: { department: "HR" } },
  },
  {
    title: "schemas: a PATCH without schemas",
    send: (scim, at) => scim("PATCH", at, { Operations: [AT_LARGE] }),
    after: { title: "Guide" },
  },
  {
    title: "unknown-attributes: in a body",
    send: puts({ title: "Guide", shoeSize: 47 }),
    after: { title: "Guide" },
  },
  {
    title: "unknown-attributes: in an extension and in a complex value",
    send: puts({ [ENTERPRISE]: { department: "HR", desk: 4 }, name: { givenName: "B", rune: "x" } }, [
      USER,
      ENTERPRISE,
    ]),
    after: { [ENTERPRISE]: { department: "HR" }, name: { givenName: "B" } },
  },
  {
    title: "unknown-attributes: in a value without a path",
    send: sends({ op: "replace", value: { title: "Guide", shoeSize: 47 } }),
    after: { title: "Guide" },
  },
  {
    title: "extra-keys: in a PATCH",
    send: (scim, at) => scim("PATCH", at, { ...patch(AT_LARGE), id: "x" }),
    after: { title: "Guide" },
  },
  {
    title: "extra-keys: in an operation",
    send: sends({ ...AT_LARGE, name: "x" }),
    after: { title: "Guide" },
  },
  {
    title: "flattened-names: dotted",
    send: sends({ op: "replace", value: { "name.givenName": "B" } }),
    after: { name: { givenName: "B" } },
  },
  {
    title: "flattened-names: with a URN",
    send: sends({ op: "replace", value: { [`${ENTERPRISE}:department`]: "HR" } }),
    after: { [ENTERPRISE]: { department: "HR" } },
  },
  {
    title: "flattened-names: with a filter",
    send: sends({ op: "add", value: { 'emails[type eq "work"].value': "w@x.org" } }),
    after: { emails: [WORK] },
  },
  {
    title: "bare-extension-names: in a path",
    send: sends({ op: "add", path: "department", value: "HR" }),
    after: { [ENTERPRISE]: { department: "HR" } },
  },
  {
    title: "bare-extension-names: in a filter",
    before: { schemas: [USER, ENTERPRISE], [ENTERPRISE]: { department: "HR" } },
    send: asks('department eq "HR"'),
    after: { totalResults: 1 },
  },
  {
    title: "role-display-name: in a value",
    send: sends({ op: "add", path: "roles", value: [{ value: "a", displayName: "Admin" }] }),
    after: { roles: [{ value: "a", display: "Admin" }] },
  },
  {
    title: "boolean-text: active",
    send: sends({ op: "replace", path: "active", value: "False" }),
    after: { active: false },
  },
  {
    title: "boolean-text: a primary value",
    send: sends({ op: "add", path: "emails", value: [{ ...WORK, primary: "True" }] }),
    after: { emails: [{ ...WORK, primary: true }] },
  },
  {
    title: "number-text: a number for text",
    send: sends({ op: "replace", path: "title", value: 7 }),
    after: { title: "7" },
  },
  {
    title: "list-of-one: for one value",
    send: sends({ op: "replace", path: "title", value: ["Guide"] }),
    after: { title: "Guide" },
  },
  {
    title: "list-of-one: one value for a list",
    send: sends({ op: "replace", path: "emails", value: WORK }),
    after: { emails: [WORK] },
  },
  {
    title: "list-of-one: a list of objects without a path",
    send: sends({ op: "replace", value: [{ title: "Guide" }, { nickName: "B" }] }),
    after: { title: "Guide", nickName: "B" },
  },
  {
    title: "bare-value: the manager's id",
    send: (scim, at) =>
      patchAt(scim, at, {
        op: "add",
        path: `${ENTERPRISE}:manager`,
        value: idIn(at),
      }),
    after: managedBy,
  },
  {
    title: "bare-value: an e-mail address",
    send: sends({ op: "replace", path: "emails", value: ["w@x.org"] }),
    after: { emails: [{ value: "w@x.org" }] },
  },
  {
    title: "bare-value: an object for text",
    send: sends({ op: "replace", path: "title", value: { value: "Guide" } }),
    after: { title: "Guide" },
  },
  {
    title: "empty-text: no e-mail addresses",
    before: { title: "Guide", emails: [WORK] },
    send: sends({ op: "replace", path: "emails", value: "" }),
    after: { title: "Guide" },
  },
  {
    title: "several-primary: the last one is",
    send: puts({
      emails: [
        { ...WORK, primary: true },
        { ...HOME, primary: true },
      ],
    }),
    after: {
      emails: [
        { ...WORK, primary: false },
        { ...HOME, primary: true },
      ],
    },
  },
  {
    title: "read-only: without a path",
    send: sends({ op: "replace", value: { id: "x", groups: [], meta: {}, title: "Guide" } }),
    after: { title: "Guide" },
  },
  {
    title: "read-only: the manager's displayName",
    send: sends({ op: "replace", path: `${ENTERPRISE}:manager.displayName`, value: "x" }, AT_LARGE),
    after: { title: "Guide" },
  },
  {
    title: "operation-case: Replace",
    send: sends({ ...AT_LARGE, op: "Replace" }),
    after: { title: "Guide" },
  },
  {
    title: "empty-path: with an object of attributes",
    send: sends({ op: "replace", path: "", value: { title: "Guide" } }),
    after: { title: "Guide" },
  },
  {
    title: "value-path-creates: by replace",
    before: { emails: [HOME] },
    send: sends({ op: "replace", path: 'emails[type eq "work"].value', value: "w@x.org" }),
    after: { emails: [HOME, WORK] },
  },
  {
    title: "value-path-creates: by add",
    before: { emails: [HOME] },
    send: sends({ op: "add", path: 'emails[type eq "work"].value', value: "w@x.org" }),
    after: { emails: [HOME, WORK] },
  },
  {
    title: "unquoted-text: in a filter",
    before: { title: "Guide" },
    send: asks("title eq Guide"),
    after: { totalResults: 1 },
  },
  {
    title: "unquoted-text: in a path",
    before: { emails: [HOME] },
    send: sends({ op: "replace", path: "emails[type eq home].value", value: "n@x.org" }),
    after: { emails: [{ type: "home", value: "n@x.org" }] },
  },
  {
    title: "filter-value-type: a boolean as text",
    before: { active: false },
    send: asks('active eq "False"'),
    after: { totalResults: 1 },
  },
  {
    title: "filter-value-type: in a path",
    before: { emails: [{ ...HOME, primary: true }] },
    send: sends({ op: "replace", path: 'emails[primary eq "True"].value', value: "n@x.org" }),
    after: { emails: [{ type: "home", value: "n@x.org", primary: true }] },
  },
  {
    title: "empty-filter: finds everybody",
    send: (scim) => scim("GET", "/Users?filter="),
    after: { totalResults: 1 },
  },
];

async function setUp(dialect: Dialect, before: object): Promise<{ scim: ScimClient; at: string }> {
  const { scim } = await service().addTenant(dialect);
  return { scim, at: await userAt(scim, before) };
}

test.each(ROWS.map((row) => [row.title, row] as const))("Tolerance %s", async (title, row) => {
  const name = title.slice(0, title.indexOf(":")) as ToleranceName;
  const { dialects, refusal }: Tolerance = TOLERANCES[name];
  for (const dialect of DIALECT_NAMES) {
    const { scim, at } = await setUp(dialect, row.before ?? {});
    const was = await read(scim, at);

    const answer = await row.send(scim, at);

    if (dialects.includes(dialect)) {
      expect([dialect, answer.status, answer.body]).toEqual([dialect, 200, answer.body]);
      const isQuery = "totalResults" in row.after;
      expect(isQuery ? answer.body : await read(scim, at)).toMatchObject(row.after);
    } else {
      expect([dialect, answer.status]).toEqual([dialect, 400]);
      expectRefusal(answer, 400, refusal);
      expect(await read(scim, at)).toEqual(was);
    }
  }
});

test("Tolerance remove-by-value: members with a value are those members; to the letter, all", async () => {
  for (const dialect of DIALECT_NAMES) {
    const { scim } = await setUp(dialect, {});
    const ids = [idIn(await userAt(scim)), idIn(await userAt(scim))];
    const [ann = "", bob = ""] = ids;
    const members = ids.map((value) => ({ value }));
    const { body } = await scim("POST", "/Groups", { schemas: [GROUP], displayName: "Crew", members });

    await patchAt(scim, `/Groups/${body.id}`, { op: "remove", path: "members", value: [{ value: ann }] });

    const tolerant: readonly Dialect[] = TOLERANCES["remove-by-value"].dialects;
    expect([dialect, await memberIds(scim, body.id)]).toEqual([
      dialect,
      tolerant.includes(dialect) ? [bob] : [],
    ]);
  }
});

test("every tolerance has a row", () => {
  const named = new Set(ROWS.map(({ title }) => title.slice(0, title.indexOf(":"))));

  expect([...named, "remove-by-value"].sort()).toEqual(Object.keys(TOLERANCES).sort());
});
