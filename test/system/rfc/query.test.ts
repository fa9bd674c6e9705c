/** What RFC 7644 section 3.4.2 states about lists and filters, statement by statement, over HTTP. */
import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createGroup, createUser, ENTERPRISE, USER } from "../../support/provision.ts";
import { filterQuery, type ScimBody, type ScimClient } from "../../support/scim-client.ts";
import { expectRefusal, found, patchAt, read, useOneService, userAt } from "./one-service.ts";

const { client } = useOneService();

const LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/** userNames of what a filter finds, without their domain: what a test's people are called. */
async function named(scim: ScimClient, filter: string): Promise<string[]> {
  const { status, body } = await scim("GET", `/Users${filterQuery(filter)}&attributes=userName`);
  expect([filter, status]).toEqual([filter, 200]);
  const users = body.Resources as readonly (ScimBody & { readonly userName: string })[];
  return users.map(({ userName }) => userName.replace("@contoso.com", ""));
}

/** Refused, and so not passed over: RFC 7644 would rather have an error than more than was asked for. */
async function expectInvalid(scim: ScimClient, ...filters: readonly string[]): Promise<void> {
  for (const filter of filters) {
    const answer = await scim("GET", `/Users${filterQuery(filter)}`);
    expect([filter, answer.body.scimType]).toEqual([filter, "invalidFilter"]);
    expectRefusal(answer, 400, "invalidFilter");
  }
}

async function people(scim: ScimClient, users: Readonly<Record<string, object>>): Promise<void> {
  for (const [name, more] of Object.entries(users)) await createUser(scim, `${name}@contoso.com`, more);
}

test("RFC 47: what matches nothing is 200 with an empty list", async () => {
  const scim = await client();
  await people(scim, { ann: {} });

  for (const filter of [`userName eq "${randomUUID()}"`, 'title eq "none"', "active eq false"]) {
    const { status, body } = await scim("GET", `/Users${filterQuery(filter)}`);
    expect(status).toBe(200);
    expect(body).toEqual({ schemas: [LIST], totalResults: 0, startIndex: 1, itemsPerPage: 0, Resources: [] });
  }
});

test("RFC 48: a page says where it starts and how much it holds", async () => {
  const scim = await client();
  await people(scim, { a: {}, b: {}, c: {} });

  const { body } = await scim("GET", "/Users?startIndex=2&count=1");

  expect(body).toMatchObject({ schemas: [LIST], totalResults: 3, startIndex: 2, itemsPerPage: 1 });
  expect(body.Resources).toHaveLength(1);
});

test.each([
  ["startIndex=0&count=2", [3, 1, 2]],
  ["startIndex=-5&count=1", [3, 1, 1]],
  ["startIndex=3&count=2", [3, 3, 1]],
  ["startIndex=4", [3, 4, 0]],
  ["count=0", [3, 1, 0]],
  ["count=-1", [3, 1, 0]],
  ["count=2", [3, 1, 2]],
  ["count=5000", [3, 1, 3]],
  ["", [3, 1, 3]],
])("RFC 49: %s is a page of [total, start, items] %j", async (query, expected) => {
  const scim = await client();
  await people(scim, { a: {}, b: {}, c: {} });

  const { status, body } = await scim("GET", `/Users?${query}`);

  expect([status, body.totalResults, body.startIndex, body.itemsPerPage]).toEqual([200, ...expected]);
  expect(body.Resources).toHaveLength(body.itemsPerPage);
});

test("RFC 49: what is no whole number is refused", async () => {
  const scim = await client();
  for (const query of ["count=many", "startIndex=1.5", "count=1e3"]) {
    expectRefusal(await scim("GET", `/Users?${query}`), 400, "invalidValue");
  }
});

test("RFC 50: a parameter that is not known is passed over", async () => {
  const scim = await client();
  await people(scim, { ann: {} });

  const { status, body } = await scim("GET", "/Users?aadOptscim062020&color=red&count=1");

  expect([status, body.totalResults, body.itemsPerPage]).toEqual([200, 1, 1]);
});

test("RFC 51: a filter that cannot be evaluated is refused, and never ignored", async () => {
  const scim = await client();
  await people(scim, { ann: { title: "Guide" } });

  await expectInvalid(
    scim,
    "title",
    'title like "G"',
    'shoeSize eq "1"',
    'name.shoe eq "1"',
    'title eq "Guide" and',
    '(title eq "Guide"',
    'title eq "Guide',
    'meta.location eq "x"',
    "active co true",
    'name eq "Ann"',
  );
});

test("RFC 52: operators and names have no letter case", async () => {
  const scim = await client();
  await people(scim, { ann: { title: "Guide" }, bob: {} });

  expect(await named(scim, 'TITLE Eq "Guide"')).toEqual(["ann"]);
  expect(await named(scim, 'title SW "Gu" AND userName CO "ann" Or title eQ "x"')).toEqual(["ann"]);
  expect(await named(scim, "NOT (title PR)")).toEqual(["bob"]);
});

test("RFC 53: not binds before and, and before or, and brackets before all", async () => {
  const scim = await client();
  await people(scim, {
    a: { title: "x", nickName: "x" },
    b: { title: "x", nickName: "y" },
    c: { title: "y", nickName: "y" },
  });
  const [titleX, nickX, nickY] = ['title eq "x"', 'nickName eq "x"', 'nickName eq "y"'];

  expect(await named(scim, `${titleX} or ${titleX} and ${nickY}`)).toEqual(["a", "b"]);
  expect(await named(scim, `${nickY} and ${titleX} or ${nickX}`)).toEqual(["a", "b"]);
  expect(await named(scim, `${nickY} and (${titleX} or ${nickX})`)).toEqual(["b"]);
  expect(await named(scim, `not (${titleX}) and ${nickY}`)).toEqual(["c"]);
  expect(await named(scim, `not (${titleX} and ${nickX}) or ${nickX}`)).toEqual(["a", "b", "c"]);
});

test("RFC 54: not needs parentheses, with or without a space before them", async () => {
  const scim = await client();
  await people(scim, { ann: { title: "x" }, bob: {} });

  expect(await named(scim, 'not(title eq "x")')).toEqual(["bob"]);
  expect(await named(scim, 'not   (title eq "x")')).toEqual(["bob"]);
  await expectInvalid(scim, 'not title eq "x"');
});

test("RFC 55: of several values, any may match", async () => {
  const scim = await client();
  await people(scim, {
    ann: { emails: [{ value: "1@x.org" }, { value: "2@x.org" }] },
    bob: { emails: [{ value: "3@x.org" }] },
  });

  expect(await named(scim, 'emails.value eq "2@x.org"')).toEqual(["ann"]);
  expect(await named(scim, 'emails.value ew "@x.org"')).toEqual(["ann", "bob"]);
});

test("RFC 56: a multi-valued attribute is compared by its value, another complex one needs a part", async () => {
  const scim = await client();
  await people(scim, { ann: { emails: [{ value: "ann@x.org" }], name: { givenName: "Ann" } }, bob: {} });

  expect(await named(scim, 'emails co "x.org"')).toEqual(["ann"]);
  await expectInvalid(scim, 'name eq "Ann"', 'addresses co "Paris"');
});

test("RFC 57: conditions in brackets hold on one value, others on any", async () => {
  const scim = await client();
  await people(scim, {
    ann: {
      emails: [
        { type: "work", value: "ann@work.org" },
        { type: "home", value: "ann@home.org" },
      ],
    },
    bob: { emails: [{ type: "work", value: "bob@home.org" }] },
  });

  expect(await named(scim, 'emails[type eq "work" and value co "@home"]')).toEqual(["bob"]);
  expect(await named(scim, 'emails.type eq "work" and emails.value co "@home"')).toEqual(["ann", "bob"]);
  expect(await named(scim, 'emails[not (type eq "work")]')).toEqual(["ann"]);
});

test("RFC 58: what is null or empty, or has no part with a value, is not present", async () => {
  const scim = await client();
  await people(scim, {
    ann: { title: "x", name: { givenName: "Ann" }, emails: [{ value: "a@x.org" }] },
    bob: { title: null, name: { givenName: null }, emails: [] },
    cyd: { title: "", name: {}, emails: [{ type: "work", primary: true }] },
  });

  for (const name of ["title", "name", "name.givenName", "emails", "emails.value"]) {
    expect(await named(scim, `${name} pr`)).toEqual(["ann"]);
  }
});

test("RFC 59: order is by text, by time whatever its zone, and not for booleans or binary", async () => {
  const scim = await client();
  await people(scim, { ann: { title: "B" }, bob: { title: "a" }, cyd: { title: "10" } });
  const { meta } = (await scim("GET", `/Users${filterQuery('userName sw "bob"')}`)).body.Resources[0] ?? {};
  const created = new Date(meta?.created ?? 0);
  const elsewhere = new Date(created.getTime() + 5.5 * 3_600_000).toISOString().replace("Z", "+05:30");

  expect(await named(scim, 'title gt "A"')).toEqual(["ann"]);
  expect(await named(scim, 'title le "9"')).toEqual(["cyd"]);
  expect(await named(scim, `meta.created ge "${elsewhere}" and meta.created le "${elsewhere}"`)).toEqual([
    "bob",
  ]);
  expect(await named(scim, `meta.created lt "${elsewhere}"`)).toEqual(["ann"]);
  await expectInvalid(scim, "active gt true", 'x509Certificates.value lt "TWFu"', 'meta.created gt "B"');
});

test("RFC 60: a value may be true, false, null, a number or text with JSON's escapes", async () => {
  const scim = await client();
  await people(scim, { ann: { title: 'a"b\\c\u00e9', nickName: "7" }, bob: { active: false } });

  expect(await named(scim, "active eq true")).toEqual(["ann"]);
  expect(await named(scim, "active eq false")).toEqual(["bob"]);
  expect(await named(scim, "title eq null")).toEqual(["bob"]);
  expect(await named(scim, "title ne null")).toEqual(["ann"]);
  expect(await named(scim, "nickName eq 7")).toEqual(["ann"]);
  expect(await named(scim, 'title eq "a\\"b\\\\c\\u00E9"')).toEqual(["ann"]);
  await expectInvalid(scim, 'title eq "a\\q"');
});

test("RFC 61: a name may have its schema's URN, dots and all", async () => {
  const scim = await client();
  await people(scim, { ann: { name: { givenName: "Ann" }, [ENTERPRISE]: { department: "HR" } }, bob: {} });

  expect(await named(scim, `${USER}:userName eq "ann@contoso.com"`)).toEqual(["ann"]);
  expect(await named(scim, `${USER}:name.givenName eq "Ann"`)).toEqual(["ann"]);
  expect(await named(scim, `${ENTERPRISE}:department eq "HR"`)).toEqual(["ann"]);
  await expectInvalid(scim, `${ENTERPRISE}:userName eq "ann@contoso.com"`);
});

test("RFC 62: a $ref may be named; it is made for the answer, so no filter looks into it", async () => {
  const scim = await client();
  const answer = await scim("GET", `/Groups${filterQuery('members[$ref eq "x"]')}`);

  expectRefusal(answer, 400, "invalidFilter");
  expect(answer.body.detail).toMatch(/^members\.\$ref cannot be filtered on/);
});

test("RFC 64: a filter that everything matches is answered in pages, not with tooMany", async () => {
  const scim = await client();
  await people(scim, { a: {}, b: {}, c: {} });

  const { status, body } = await scim("GET", `/Users${filterQuery("userName pr")}&count=2`);

  expect([status, body.totalResults, body.itemsPerPage]).toEqual([200, 3, 2]);
});

test("RFC 65: a filter sees the default that answers show", async () => {
  const scim = await client();
  const path = await userAt(scim);

  expect((await read(scim, path))["active"]).toBe(true);
  expect(await found(scim, "active eq true")).toEqual([path.slice("/Users/".length)]);
  await patchAt(scim, path, { op: "replace", path: "active", value: false });
  expect(await found(scim, "active eq true")).toEqual([]);
});

test("RFC 68: Azure AD's filters on userName and externalId are answered and not refused as sensitive", async () => {
  const scim = await client();
  await people(scim, { ann: { externalId: "e-1" } });
  const group = await createGroup(scim, "Crew");

  expect(await named(scim, 'userName eq "ann@contoso.com"')).toEqual(["ann"]);
  expect(await named(scim, 'externalId eq "e-1"')).toEqual(["ann"]);
  expect(await found(scim, 'displayName eq "Crew"', "/Groups")).toEqual([group]);
});
