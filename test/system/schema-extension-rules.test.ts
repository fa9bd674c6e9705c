/** Characteristics of a tenant's own attributes: required, immutable, readOnly, returned, several values. */
import { expect, test } from "vitest";
import { GROUP, patch, USER } from "../support/provision.ts";
import { filterQuery, type ScimClient } from "../support/scim-client.ts";
import { giveSchema, userExtension } from "../support/extensions.ts";
import { expectRefusal, found, read, useOneService, userAt } from "./rfc/one-service.ts";

const { tenant, service } = useOneService();

const URN = "urn:acme:hr-2.0";

async function clientWith(...definition: Parameters<typeof userExtension>): Promise<ScimClient> {
  const { tenantId, scim } = await tenant();
  await giveSchema(service().database, tenantId, userExtension(...definition));
  return scim;
}

test("required: of an extension that is there, and of one that must be", async () => {
  const attributes = [{ name: "badge", required: true }, { name: "desk" }];
  const scim = await clientWith(URN, attributes);
  const strict = await clientWith(URN, attributes, { required: true });

  const path = await userAt(scim);
  const halved = await scim("PATCH", path, patch({ op: "add", path: `${URN}:desk`, value: "7" }));
  expectRefusal(halved, 400, "invalidValue");
  expect(halved.body.detail).toContain(`${URN}:badge is required`);
  expectRefusal(await scim("POST", "/Users", { userName: "b", [URN]: { desk: "7" } }), 400, "invalidValue");
  expectRefusal(await strict("POST", "/Users", { userName: "b" }), 400, "invalidValue");
  const whole = await userAt(strict, { [URN]: { badge: "1" } });
  expectRefusal(await strict("PATCH", whole, patch({ op: "remove", path: URN })), 400, "invalidValue");
  expect((await read(strict, "/ResourceTypes/User"))["schemaExtensions"]).toContainEqual({
    schema: URN,
    required: true,
  });
});

test("immutable: set once, by whatever writes it first", async () => {
  const scim = await clientWith(URN, [{ name: "badge", mutability: "immutable" }, { name: "desk" }]);
  const path = await userAt(scim, { [URN]: { desk: "7" } });
  const write = (value: unknown) =>
    scim("PATCH", path, patch({ op: "replace", path: `${URN}:badge`, value }));

  expect((await write("1")).status).toBe(200);
  expect((await write("1")).status).toBe(200);
  expectRefusal(await write("2"), 400, "mutability");
  expectRefusal(await scim("PATCH", path, patch({ op: "remove", path: `${URN}:badge` })), 400, "mutability");
  expectRefusal(await scim("PUT", path, { userName: "b", [URN]: { badge: "2" } }), 400, "mutability");
  const { body } = await scim("PUT", path, { userName: "b" });
  expect(body).toMatchObject({ schemas: [USER, URN], [URN]: { badge: "1" } });
  expect(body).not.toHaveProperty([URN, "desk"]);
});

test("readOnly, and returned: always, request, never", async () => {
  const attributes = [
    { name: "fixed", mutability: "readOnly" },
    { name: "shown", returned: "always" },
    { name: "asked", returned: "request" },
    { name: "secret", mutability: "writeOnly", returned: "never" },
  ];
  const scim = await clientWith(URN, attributes);
  const part = { fixed: "f", shown: "s", asked: "a", secret: "x" };
  const path = await userAt(scim, { [URN]: part });

  expect(await read(scim, path)).toMatchObject({ [URN]: { shown: "s" } });
  expect((await read(scim, path))[URN]).toEqual({ shown: "s" });
  expect((await read(scim, `${path}?attributes=userName`))[URN]).toEqual({ shown: "s" });
  expect((await read(scim, `${path}?attributes=${URN}`))[URN]).toEqual({ shown: "s", asked: "a" });
  const write = (name: string) =>
    scim("PATCH", path, patch({ op: "add", path: `${URN}:${name}`, value: "y" }));
  expectRefusal(await write("fixed"), 400, "mutability");
  expect((await write("secret")).status).toBe(200);
  expectRefusal(await scim("GET", `/Users${filterQuery(`${URN}:secret eq "y"`)}`), 400, "invalidFilter");
  expectRefusal(await scim("GET", `/Users?sortBy=${URN}:secret`), 400, "invalidValue");
});

test("several values, simple and complex, are added, matched and removed", async () => {
  const scim = await clientWith(URN, [
    { name: "tags", multiValued: true },
    { name: "levels", type: "integer", multiValued: true },
    {
      ...{ name: "skills", type: "complex", multiValued: true },
      subAttributes: [
        { name: "value", description: "Name." },
        { name: "years", description: "How long.", type: "integer" },
      ],
    },
  ]);
  const skills = [{ value: "Java", years: 3 }, { value: "Go" }];
  const path = await userAt(scim, { [URN]: { tags: ["a", "A", "b"], levels: ["1", 2], skills } });
  const change = async (...operations: object[]): Promise<unknown> => {
    expect((await scim("PATCH", path, patch(...operations))).status).toBe(200);
    return (await read(scim, path))[URN];
  };

  expect((await read(scim, path))[URN]).toEqual({ tags: ["a", "b"], levels: [1, 2], skills });
  expect(await change({ op: "add", path: `${URN}:tags`, value: ["B", "c"] })).toMatchObject({
    tags: ["a", "b", "c"],
  });
  expect(await found(scim, `${URN}:tags eq "C" and ${URN}:levels eq 2`)).toHaveLength(1);
  expect(await found(scim, `${URN}:tags[value sw "z"]`)).toEqual([]);
  const removal = { op: "remove", path: `${URN}:tags[value eq "a"]` };
  expect(await change(removal, { op: "remove", path: `${URN}:levels`, value: [2] })).toMatchObject({
    tags: ["b", "c"],
    levels: [1],
  });
  const renamed = { op: "replace", path: `${URN}:tags[value eq "b"]`, value: "d" };
  expect(await change(renamed)).toMatchObject({ tags: ["c", "d"] });
  const aged = { op: "replace", path: `${URN}:skills[value eq "java"].years`, value: "4" };
  expect(await change(aged)).toMatchObject({ skills: [{ value: "Java", years: 4 }, { value: "Go" }] });
  expect(await found(scim, `${URN}:skills[value eq "java" and years gt 3]`)).toHaveLength(1);
  expect(await change({ op: "remove", path: `${URN}:tags` })).not.toHaveProperty("tags");
});

test("a group has its own", async () => {
  const { scim, tenantId } = await tenant();
  const attributes = [
    { name: "costCenter", description: "Who pays." },
    { name: "members", description: "Not the group's members." },
  ];
  const extensions = {
    User: [],
    Group: [{ id: "urn:acme:Group", name: "G", description: "G.", attributes }],
  };
  await giveSchema(service().database, tenantId, extensions);
  const part = { costCenter: "77", members: "many" };

  const { body } = await scim("POST", "/Groups", { displayName: "G", "urn:acme:Group": part });

  expect(body).toMatchObject({ schemas: [GROUP, "urn:acme:Group"], "urn:acme:Group": part });
  expect(await found(scim, 'urn:acme:Group:members eq "MANY"', "/Groups")).toEqual([body.id]);
  expectRefusal(
    await scim("GET", `/Users${filterQuery("urn:acme:Group:costCenter pr")}`),
    400,
    "invalidFilter",
  );
  expect((await scim("GET", `/${filterQuery("urn:acme:Group:costCenter pr")}`)).body.totalResults).toBe(1);
});
