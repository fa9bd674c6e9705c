/** What a connection's dialect decides besides its tolerances, and what no dialect refuses, over HTTP. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { DIALECT_NAMES, DIALECTS, type Dialect } from "../../src/scim/index.ts";
import { ENTERPRISE, GROUP, USER } from "../support/provision.ts";
import { filterQuery, type ScimClient } from "../support/scim-client.ts";
import { expectRefusal, idIn, patchAt, read, replaceAt, useOneService, userAt } from "./rfc/one-service.ts";

const { service } = useOneService();

const HOME = { type: "home", value: "h@x.org" };
const TITLE = { op: "replace", path: "title", value: "Guide" };

async function setUp(dialect: Dialect, before: object): Promise<{ scim: ScimClient; at: string }> {
  const { scim } = await service().addTenant(dialect);
  return { scim, at: await userAt(scim, before) };
}

test("a PATCH is answered as the dialect has it, and with a body where attributes were asked for", async () => {
  for (const dialect of DIALECT_NAMES) {
    const { scim, at } = await setUp(dialect, {});
    const { body } = await scim("POST", "/Groups", { schemas: [GROUP], displayName: "Crew" });
    const group = `/Groups/${body.id}`;
    const rename = { op: "replace", path: "displayName", value: "Crew 2" };
    const { User, Group } = DIALECTS[dialect].patchAnswers;

    expect([dialect, (await patchAt(scim, at, TITLE)).status]).toEqual([dialect, User]);
    expect([dialect, (await patchAt(scim, group, rename)).status]).toEqual([dialect, Group]);
    const asked = await patchAt(scim, `${group}?attributes=displayName`, rename);
    expect([asked.status, asked.body.displayName]).toEqual([200, "Crew 2"]);
  }
});

test("a PUT without active, or with null, leaves a user locked out in every dialect; true lets in", async () => {
  for (const dialect of DIALECT_NAMES) {
    const { scim, at } = await setUp(dialect, { active: false });

    for (const body of [{ title: "a" }, { title: "b", active: null }]) {
      const answer = await replaceAt(scim, at, body);
      expect([answer.status, answer.body.active]).toEqual([200, false]);
      expect(await read(scim, at)).toMatchObject({ title: body.title, active: false });
    }
    expect((await replaceAt(scim, at, { active: true })).body.active).toBe(true);
    expect((await replaceAt(scim, at, { title: "c" })).body.active).toBe(true);
  }
});

test("what the standard allows, every dialect takes", async () => {
  for (const dialect of DIALECT_NAMES) {
    const { scim, at } = await setUp(dialect, { emails: [{ ...HOME, primary: true }] });
    const manager = { value: idIn(at), $ref: at, displayName: "B" };
    const body = { title: null, emails: [], [ENTERPRISE]: { manager, department: "HR" }, id: "x", meta: {} };
    const whole = { ...body, schemas: [ENTERPRISE, USER], groups: [], password: "p", NICKNAME: "B" };
    const put = await replaceAt(scim, at, whole);
    expect([dialect, put.status, put.body]).toMatchObject([dialect, 200, { nickName: "B" }]);

    const patched = await patchAt(
      scim,
      at,
      { op: "add", path: "emails", value: { type: "work", value: "w@x.org" } },
      { op: "add", value: { phoneNumbers: [{ value: "1" }], [ENTERPRISE]: { costCenter: "9" } } },
      { op: "replace", path: 'emails[type eq "work" and value co "@x"].value', value: "n@x.org" },
      { op: "replace", path: `${ENTERPRISE}:department`, value: "IT" },
      { op: "replace", path: "NAME.givenName", value: "B" },
      { op: "remove", path: 'phoneNumbers[value eq "1"]' },
    );
    expect([dialect, patched.status, patched.body]).toMatchObject([
      dialect,
      200,
      { emails: [{ value: "n@x.org" }], name: { givenName: "B" }, [ENTERPRISE]: { department: "IT" } },
    ]);
    expect(patched.body).not.toHaveProperty("phoneNumbers");
    const filter = `emails[type eq "work"] and NOT (${ENTERPRISE}:department eq "HR")`;
    const found = await scim("GET", `/Users${filterQuery(filter)}`);
    expect([dialect, found.body.totalResults]).toEqual([dialect, 1]);
  }
});

test("a connection's dialect is its own: another of the same tenant speaks another", async () => {
  const lenient = await service().addTenant();
  const strict = await service().addTenant("strict");
  const body = { schemas: [USER], userName: `${randomUUID()}@x.org`, active: "True" };

  expect((await lenient.scim("POST", "/Users", body)).status).toBe(201);
  const refused = await strict.scim("POST", "/Users", body);
  expectRefusal(refused, 400, "invalidValue");
  expect(refused.body.detail).toMatch(/^active: a boolean is true or false .* strict; entra .*boolean-text/);
});

test("a bulk request's operations are read by the same dialect", async () => {
  const { scim } = await service().addTenant("strict");
  const data = { schemas: [USER], userName: "b@x.org", active: "True" };
  const { body } = await scim("POST", "/Bulk", {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    Operations: [{ method: "POST", path: "/Users", bulkId: "1", data }],
  });

  expect(body).toMatchObject({ Operations: [{ status: "400", response: { scimType: "invalidValue" } }] });
  expect((await scim("GET", "/Users")).body.totalResults).toBe(0);
});
