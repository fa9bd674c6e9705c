/** Attributes of a tenant's own, Javelo's for most: through every door by which the standard's attributes go. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createUser, ENTERPRISE, patch, PRODUCT, USER } from "../support/provision.ts";
import { filterQuery, type ScimClient } from "../support/scim-client.ts";
import { giveSchema, JAVELO, JAVELO_EXTENSIONS } from "../support/extensions.ts";
import { expectRefusal, found, read, useOneService, userAt } from "./rfc/one-service.ts";

const { tenant, service } = useOneService();

async function javelo(): Promise<{ scim: ScimClient }> {
  const made = await tenant();
  await giveSchema(service().database, made.tenantId, JAVELO_EXTENSIONS);
  return made;
}

const HIRED = "2024-03-01T09:00:00+01:00";

test("discovery shows them beside the standard's, and to their own tenant alone", async () => {
  const { scim } = await javelo();
  const { scim: other } = await tenant();

  const schema = await read(scim, `/Schemas/${JAVELO}`);
  const type = await read(scim, "/ResourceTypes/User");

  expect(schema).toMatchObject({ id: JAVELO, name: "JaveloUser" });
  expect(schema["attributes"]).toContainEqual({
    name: "workTime",
    description: "Working time as a share of full time, such as 0.8.",
    ...{ type: "decimal", multiValued: false, required: false, caseExact: false },
    ...{ mutability: "readWrite", returned: "default", uniqueness: "none" },
  });
  expect(schema).not.toHaveProperty("required");
  expect(type["schemaExtensions"]).toEqual(
    [ENTERPRISE, JAVELO, PRODUCT].map((schema) => ({ schema, required: false })),
  );
  expect((await scim("GET", "/Schemas")).body.totalResults).toBe(5);
  expect((await other("GET", "/Schemas")).body.totalResults).toBe(4);
  expect((await other("GET", `/Schemas/${JAVELO}`)).status).toBe(404);
  expect(JSON.stringify((await other("GET", "/ResourceTypes")).body)).not.toContain("javelo");
});

describe("a POST as Azure sends it, the URN not among its schemas,", () => {
  test.each<[string, object]>([
    ["with an object under the URN", { [JAVELO]: { job: "Nurse", workTime: 0.8, firstHiredOn: HIRED } }],
    [
      "with the URN and the name as one key",
      { [`${JAVELO}:job`]: "Nurse", [`${JAVELO}:workTime`]: 0.8, [`${JAVELO}:firstHiredOn`]: HIRED },
    ],
    [
      "with numbers as text",
      { [JAVELO.toLowerCase()]: { Job: "Nurse", WORKTIME: "0.8", firsthiredon: HIRED } },
    ],
    ["with bare names", { job: "Nurse", workTime: "0.8", firstHiredOn: HIRED }],
  ])("%s is taken", async (_form, more) => {
    const { scim } = await javelo();

    const { status, body } = await scim("POST", "/Users", { schemas: [USER], userName: "ada@x", ...more });

    expect(status).toBe(201);
    expect(body).toMatchObject({
      schemas: [USER, JAVELO],
      [JAVELO]: { job: "Nurse", workTime: 0.8, firstHiredOn: HIRED },
    });
    expect(await read(scim, `/Users/${body.id}`)).toEqual({ ...body });
  });

  test("is refused for a value of another type, with the attribute's full name", async () => {
    const { scim } = await javelo();

    const answer = await scim("POST", "/Users", {
      userName: "a@x",
      [JAVELO]: { firstHiredOn: "2024-03-01" },
    });

    expectRefusal(answer, 400, "invalidValue");
    expect(answer.body.detail).toContain(
      `${JAVELO}:firstHiredOn is of type dateTime, and '2024-03-01' is not`,
    );
  });
});

describe("a PATCH", () => {
  test.each<[string, object, object | undefined]>([
    ["add by URN path", { op: "Add", path: `${JAVELO}:team`, value: "Blue" }, { team: "Blue" }],
    ["replace by URN path", { op: "Replace", path: `${JAVELO}:job`, value: "Doctor" }, { job: "Doctor" }],
    [
      "replace in any letter case",
      { op: "replace", path: `${JAVELO.toUpperCase()}:JOB`, value: "D" },
      { job: "D" },
    ],
    ["replace by a bare name", { op: "Replace", path: "job", value: "Doctor" }, { job: "Doctor" }],
    ["replace by the schema's URN", { op: "replace", path: JAVELO, value: { job: "Cook" } }, { job: "Cook" }],
    [
      "no path, an object under the URN",
      { op: "add", value: { [JAVELO]: { grade: "B2" } } },
      { grade: "B2" },
    ],
    ["no path, one key", { op: "replace", value: { [`${JAVELO}:grade`]: "B2" } }, { grade: "B2" }],
    ["no path, a bare name", { op: "replace", value: { grade: "B2" } }, { grade: "B2" }],
    ["a number as text", { op: "Replace", path: `${JAVELO}:workTime`, value: "0.5" }, { workTime: 0.5 }],
    [
      "an old job's list of one",
      { op: "Replace", path: `${JAVELO}:job`, value: [{ value: "D" }] },
      { job: "D" },
    ],
  ])("%s", async (_form, operation, expected) => {
    const { scim } = await javelo();
    const path = await userAt(scim, { [JAVELO]: { job: "Nurse", status: "active" } });

    const { status, body } = await scim("PATCH", path, patch(operation));

    expect(status).toBe(200);
    expect(body).toMatchObject({ [JAVELO]: { status: "active", ...expected } });
  });

  test("that removes the last value takes the URN out of schemas, one that adds puts it in", async () => {
    const { scim } = await javelo();
    const path = await userAt(scim, { [JAVELO]: { job: "Nurse" } });

    const removed = await scim("PATCH", path, patch({ op: "Remove", path: `${JAVELO}:job` }));
    const added = await scim("PATCH", path, patch({ op: "Add", path: `${JAVELO}:job`, value: "Cook" }));
    const cleared = await scim("PATCH", path, patch({ op: "remove", path: JAVELO }));

    expect([removed.body.schemas, added.body.schemas, cleared.body.schemas]).toEqual([
      [USER],
      [USER, JAVELO],
      [USER],
    ]);
    expect(removed.body).not.toHaveProperty([JAVELO]);
  });

  test("of an attribute that only another tenant has is refused, and in a body it is passed over", async () => {
    const { scim } = await javelo();
    const { scim: other } = await tenant();
    const path = await userAt(other, { [JAVELO]: { job: "Nurse" } });

    expect(await read(other, path)).not.toHaveProperty([JAVELO]);
    const patched = await other(
      "PATCH",
      path,
      patch({ op: "replace", path: `${JAVELO}:job`, value: "Cook" }),
    );
    expectRefusal(patched, 400, "invalidPath");
    expectRefusal(await other("GET", `/Users${filterQuery(`${JAVELO}:job eq "x"`)}`), 400, "invalidFilter");
    expectRefusal(await other("GET", `/Users?sortBy=${JAVELO}:job`), 400, "invalidValue");
    expect((await scim("GET", `/Users${filterQuery(`${JAVELO}:job eq "x"`)}`)).status).toBe(200);
  });
});

test("a PUT replaces them as a whole", async () => {
  const { scim } = await javelo();
  const path = await userAt(scim, { [JAVELO]: { job: "Nurse", team: "Blue" } });

  const { body } = await scim("PUT", path, { userName: "b@x", [JAVELO]: { team: "Red" } });

  expect(body).toMatchObject({ [JAVELO]: { team: "Red" } });
  expect(body).not.toHaveProperty([JAVELO, "job"]);
});

test("filters, sorts, searches and root queries see them", async () => {
  const { scim } = await javelo();
  const people = [
    { job: "Nurse", workTime: 1, firstHiredOn: "2024-03-01T09:00:00+01:00", employeeNumber: "a1" },
    { job: "nurse", workTime: 0.8, firstHiredOn: "2020-01-01T00:00:00Z", employeeNumber: "A1" },
    { job: "Cook", workTime: 0.5, firstHiredOn: "2022-01-01T00:00:00Z" },
  ];
  const ids: string[] = [];
  for (const one of people) ids.push(await createUser(scim, `${randomUUID()}@x`, { [JAVELO]: one }));
  const [ada, bob, eve] = ids;

  expect(await found(scim, `${JAVELO}:job eq "NURSE"`)).toEqual([ada, bob]);
  expect(await found(scim, `job sw "nu" and workTime lt 1`)).toEqual([bob]);
  expect(await found(scim, `${JAVELO}:employeeNumber eq "A1"`)).toEqual([bob]);
  expect(await found(scim, `not (${JAVELO}:employeeNumber pr)`)).toEqual([eve]);
  expect(await found(scim, `${JAVELO}:firstHiredOn ge "2024-03-01T08:00:00Z"`)).toEqual([ada]);
  expect(await found(scim, `${JAVELO}:workTime eq 0.8`)).toEqual([bob]);
  expect(await found(scim, `schemas eq "${JAVELO}"`)).toEqual(ids);
  const sorted = await scim("GET", `/Users?sortBy=${JAVELO}:workTime&sortOrder=descending&attributes=id`);
  expect(sorted.body.Resources.map(({ id }) => id)).toEqual([ada, bob, eve]);
  const filter = `${JAVELO}:job eq "cook"`;
  for (const endpoint of ["/.search", "/Users/.search"]) {
    const { body } = await scim("POST", endpoint, { filter, attributes: [`${JAVELO}:job`] });
    expect(body.Resources).toMatchObject([{ id: eve, [JAVELO]: { job: "Cook" } }]);
  }
  expect((await scim("GET", `/${filterQuery(filter)}`)).body.Resources.map(({ id }) => id)).toEqual([eve]);
});

test("projections name them one by one, or by their schema's URN", async () => {
  const { scim } = await javelo();
  const path = await userAt(scim, { displayName: "Ada", [JAVELO]: { job: "Nurse", team: "Blue" } });
  const shown = async (query: string): Promise<unknown> => (await read(scim, `${path}?${query}`))[JAVELO];

  expect(await shown(`attributes=${JAVELO}:job`)).toEqual({ job: "Nurse" });
  expect(await shown("attributes=job,displayName")).toEqual({ job: "Nurse" });
  expect(await shown(`attributes=${JAVELO}`)).toEqual({ job: "Nurse", team: "Blue" });
  expect(await shown("attributes=displayName")).toBeUndefined();
  expect(await shown(`excludedAttributes=${JAVELO}:job`)).toEqual({ team: "Blue" });
  expect(await shown(`excludedAttributes=${JAVELO.toLowerCase()}`)).toBeUndefined();
});

test("bulk requests write them", async () => {
  const { scim } = await javelo();

  const { body } = await scim("POST", "/Bulk", {
    Operations: [
      { method: "POST", path: "/Users", bulkId: "a", data: { userName: "a@x", [JAVELO]: { job: "Nurse" } } },
      {
        method: "PATCH",
        path: "/Users/bulkId:a",
        data: patch({ op: "add", path: `${JAVELO}:team`, value: "Blue" }),
      },
    ],
  });

  expect(body).toMatchObject({ Operations: [{ status: "201" }, { status: "200" }] });
  const [id] = await found(scim, `${JAVELO}:team eq "blue"`);
  expect(await read(scim, `/Users/${id}`)).toMatchObject({ [JAVELO]: { job: "Nurse", team: "Blue" } });
});
