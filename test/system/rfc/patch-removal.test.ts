/** What RFC 7644 section 3.5.2 states about removing, refusing and addressing in a PATCH, over HTTP. */
import { expect, test } from "vitest";
import { createGroup, createUser, ENTERPRISE, GROUP, memberIds, USER } from "../../support/provision.ts";
import { expectRefusal, patchAt, read, useOneService, userAt } from "./one-service.ts";

const { client } = useOneService();

test("RFC 82: a filter removes what it matches, and the attribute with its last value", async () => {
  const scim = await client();
  const path = await userAt(scim, {
    emails: [
      { type: "work", value: "w@x.org" },
      { type: "home", value: "h@x.org" },
    ],
    phoneNumbers: [{ value: "1" }, { value: "2" }],
  });

  const one = await patchAt(scim, path, { op: "remove", path: 'emails[type eq "work"]' });
  const last = await patchAt(scim, path, { op: "remove", path: 'emails[type eq "home"]' });
  const all = await patchAt(scim, path, { op: "remove", path: "phoneNumbers" });

  expect(one.body.emails).toEqual([{ type: "home", value: "h@x.org" }]);
  expect(last.body).not.toHaveProperty("emails");
  expect(all.body).not.toHaveProperty("phoneNumbers");
});

test("RFC 82: values are removed by value, with letter case only where the schema says so", async () => {
  const scim = await client();
  const path = await userAt(scim, {
    emails: [{ type: "work", value: "ann@x.org" }, { value: "bob@x.org" }],
    photos: [{ value: "https://x.org/A" }],
  });

  const { body } = await patchAt(
    scim,
    path,
    { op: "remove", path: "emails", value: [{ value: "ANN@x.org" }] },
    { op: "remove", path: "photos", value: [{ value: "https://x.org/a" }] },
  );

  expect(body).toMatchObject({ emails: [{ value: "bob@x.org" }], photos: [{ value: "https://x.org/A" }] });
});

test("RFC 82: an address, which has no value, is removed only as the whole it is", async () => {
  const scim = await client();
  const paris = { type: "work", locality: "Paris", country: "FR" };
  const path = await userAt(scim, { addresses: [{ type: "home", locality: "Rome" }, paris] });
  const removeAt = (address: object) =>
    patchAt(scim, path, { op: "remove", path: "addresses", value: [address] });

  const kept = await removeAt({ locality: "Oslo" });
  const removed = await removeAt({ locality: "Rome" });

  expect(kept.body).toHaveProperty("addresses", [{ type: "home", locality: "Rome" }, paris]);
  expect(removed.body).toHaveProperty("addresses", [paris]);
});

test("RFC 82: a bare path with a value removes those members, without one all of them", async () => {
  const scim = await client();
  const group = await createGroup(scim, "Crew");
  const ids = await Promise.all(["a", "b", "c"].map((name) => createUser(scim, `${name}@contoso.com`)));
  const [ann = ""] = ids;
  await patchAt(scim, `/Groups/${group}`, {
    op: "add",
    path: "members",
    value: ids.map((value) => ({ value })),
  });

  // The RFC knows no value here and would remove everyone; Azure AD means the one it names.
  await patchAt(scim, `/Groups/${group}`, { op: "remove", path: "members", value: [{ value: ann }] });
  expect(await memberIds(scim, group)).toEqual(ids.filter((id) => id !== ann).sort());

  await patchAt(scim, `/Groups/${group}`, { op: "remove", path: "members" });
  expect(await memberIds(scim, group)).toEqual([]);
});

test("RFC 83: removing a member who is not there succeeds and changes nothing", async () => {
  const scim = await client();
  const [ann, bob] = [await createUser(scim, "ann@contoso.com"), await createUser(scim, "bob@contoso.com")];
  const group = await createGroup(scim, "Crew");
  await patchAt(scim, `/Groups/${group}`, { op: "add", path: "members", value: [{ value: ann }] });
  const before = await read(scim, `/Groups/${group}`);

  const answer = await patchAt(scim, `/Groups/${group}`, {
    op: "remove",
    path: `members[value eq "${bob}"]`,
  });

  expect(answer.status).toBe(204);
  expect(await read(scim, `/Groups/${group}`)).toEqual(before);
});

test("RFC 84: what is required or read-only cannot be removed", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const group = `/Groups/${await createGroup(scim, "Crew")}`;

  for (const name of ["userName", "id", "meta", "schemas", "groups"]) {
    expectRefusal(await patchAt(scim, path, { op: "remove", path: name }), 400, "mutability");
  }
  expectRefusal(await patchAt(scim, group, { op: "remove", path: "displayName" }), 400, "mutability");
});

test("RFC 85: what is read-only or immutable cannot be changed; what was never set can be", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const [ann, bob] = [await createUser(scim, "ann@contoso.com"), await createUser(scim, "bob@contoso.com")];
  const group = await createGroup(scim, "Crew");
  const at = `/Groups/${group}`;

  expectRefusal(await patchAt(scim, path, { op: "replace", path: "id", value: "x" }), 400, "mutability");
  const created = { op: "replace", path: "meta.created", value: "2020-01-01T00:00:00Z" };
  expectRefusal(await patchAt(scim, path, created), 400, "mutability");

  const first = await patchAt(scim, at, { op: "add", path: "members", value: [{ value: ann }] });
  expect(first.status).toBe(204);
  const swap = { op: "replace", path: `members[value eq "${ann}"].value`, value: bob };
  expectRefusal(await patchAt(scim, at, swap), 400, "mutability");
  expect(await memberIds(scim, group)).toEqual([ann]);
});

test("RFC 86: a new primary value takes the mark from the old one", async () => {
  const scim = await client();
  const path = await userAt(scim, { emails: [{ value: "old@x.org", type: "work", primary: true }] });

  const added = await patchAt(scim, path, {
    op: "add",
    path: "emails",
    value: [{ value: "new@x.org", type: "home", primary: true }],
  });
  const back = await patchAt(scim, path, {
    op: "replace",
    path: 'emails[type eq "work"].primary',
    value: true,
  });

  expect(added.body.emails).toEqual([
    { value: "old@x.org", type: "work", primary: false },
    { value: "new@x.org", type: "home", primary: true },
  ]);
  expect(back.body.emails).toEqual([
    { value: "old@x.org", type: "work", primary: true },
    { value: "new@x.org", type: "home", primary: false },
  ]);
});

test("RFC 87: a path into an extension adds its URN to schemas, and emptying it takes the URN away", async () => {
  const scim = await client();
  const path = await userAt(scim);

  const added = await patchAt(scim, path, { op: "add", path: `${ENTERPRISE}:costCenter`, value: "4130" });
  const removed = await patchAt(scim, path, { op: "remove", path: `${ENTERPRISE}:costCenter` });

  expect(added.body.schemas).toEqual([USER, ENTERPRISE]);
  expect(added.body[ENTERPRISE]).toEqual({ costCenter: "4130" });
  expect(removed.body.schemas).toEqual([USER]);
});

test.each([
  ["invalidPath", { op: "replace", path: "name..givenName", value: "x" }],
  ["invalidPath", { op: "replace", path: "shoeSize", value: 42 }],
  ["invalidFilter", { op: "replace", path: 'emails[type xx "work"].value', value: "x" }],
  ["invalidFilter", { op: "remove", path: 'emails[colour eq "red"]' }],
  ["invalidValue", { op: "replace", path: "active", value: "perhaps" }],
  ["invalidValue", { op: "replace", path: "name", value: ["x"] }],
])("RFC 88: the fault is told apart as %s: %j", async (scimType, operation) => {
  const scim = await client();
  expectRefusal(await patchAt(scim, await userAt(scim), operation), 400, scimType);
});

test("RFC 88: a userName that another has is 409 uniqueness, by PATCH and by PUT", async () => {
  const scim = await client();
  await createUser(scim, "taken@contoso.com");
  const path = await userAt(scim);
  const before = await read(scim, path);

  const patched = await patchAt(scim, path, { op: "replace", path: "userName", value: "TAKEN@contoso.com" });
  const put = await scim("PUT", path, { schemas: [USER], userName: "Taken@contoso.com" });

  expectRefusal(patched, 409, "uniqueness");
  expectRefusal(put, 409, "uniqueness");
  expect(await read(scim, path)).toEqual(before);
});

test("RFC 89: a path may hold a filter, a sub-attribute and the schema's URN", async () => {
  const scim = await client();
  const path = await userAt(scim, { emails: [{ type: "work", value: "w@x.org" }] });

  const { body } = await patchAt(
    scim,
    path,
    { op: "replace", path: `${USER}:emails[type eq "work"].display`, value: "Office" },
    { op: "add", path: `${USER}:name.givenName`, value: "Ann" },
  );

  expect(body).toMatchObject({
    emails: [{ type: "work", value: "w@x.org", display: "Office" }],
    name: { givenName: "Ann" },
  });
});

test("RFC 89: a path has no array index", async () => {
  const scim = await client();
  const path = await userAt(scim, { emails: [{ type: "work", value: "w@x.org" }] });

  // Between brackets a filter is read, and a number is none: hence invalidFilter.
  expectRefusal(await patchAt(scim, path, { op: "remove", path: "emails[0]" }), 400, "invalidFilter");
  expectRefusal(await patchAt(scim, path, { op: "remove", path: "emails.0" }), 400, "invalidPath");
  expect((await read(scim, path))["emails"]).toEqual([{ type: "work", value: "w@x.org" }]);
});

test("RFC 89: a path into the core schema of another type names nothing", async () => {
  const scim = await client();
  const wrong = { op: "replace", path: `${GROUP}:displayName`, value: "x" };
  expectRefusal(await patchAt(scim, await userAt(scim), wrong), 400, "invalidPath");
});
