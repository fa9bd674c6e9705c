/** What RFC 7644 section 3.4 and RFC 9865 state about sorting, searching over types and paging by cursor, over HTTP. */
import { expect, test } from "vitest";
import { createGroup, createUser, USER } from "../../support/provision.ts";
import { filterQuery, type ScimClient } from "../../support/scim-client.ts";
import { expectRefusal, found, read, useOneService } from "./one-service.ts";

const { client } = useOneService();

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/** @returns names by id, so that a test can say in what order it expects whom */
async function people(
  scim: ScimClient,
  users: Readonly<Record<string, object>>,
): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const [name, more] of Object.entries(users))
    names.set(await createUser(scim, `${name}@x.org`, more), name);
  return names;
}

function search(scim: ScimClient, path: string, request: object) {
  return scim("POST", path, { schemas: [SEARCH], ...request });
}

test("RFC 63: what only one type has is unassigned on the other", async () => {
  const scim = await client();
  const ann = await createUser(scim, "ann@x.org", { displayName: "Same" });
  const crew = await createGroup(scim, "Same");

  expect((await found(scim, 'displayName eq "same"', "/")).sort()).toEqual([ann, crew].sort());
  expect(await found(scim, "userName pr", "/")).toEqual([ann]);
  expect(await found(scim, "not (userName pr)", "/")).toEqual([crew]);
  expect(await found(scim, 'meta.resourceType eq "Group"', "/")).toEqual([crew]);
  expectRefusal(await scim("GET", `/${filterQuery("shoeSize pr")}`), 400, "invalidFilter");
});

test.each([
  ["sortBy=title", ["b", "c", "a", "none"]],
  ["sortBy=title&sortOrder=ascending", ["b", "c", "a", "none"]],
  ["sortBy=TITLE&sortOrder=descending", ["none", "a", "c", "b"]],
  ["sortBy=externalId", ["c", "b", "a", "none"]],
  ["sortBy=emails", ["c", "a", "b", "none"]],
  ["sortBy=name.familyName", ["a", "b", "c", "none"]],
  ["sortBy=meta.created&sortOrder=descending", ["none", "c", "b", "a"]],
])("RFC 66: %s orders by %j", async (query, expected) => {
  const scim = await client();
  const names = await people(scim, {
    a: {
      title: "z",
      externalId: "b",
      name: { familyName: "1" },
      emails: [{ value: "b@x.org" }, { value: "a@x.org" }],
    },
    // The externalId is ordered with letter case, titles without; the primary address counts, not the first.
    b: {
      title: "A",
      externalId: "Z",
      name: { familyName: "2" },
      emails: [{ value: "a@x.org" }, { value: "c@x.org", primary: true }],
    },
    c: { title: "b", externalId: "B", name: { familyName: "3" }, emails: [{ value: "A@x.org" }] },
    none: {},
  });

  const { status, body } = await scim("GET", `/Users?${query}`);

  expect(status).toBe(200);
  expect(body.Resources.map(({ id }) => names.get(id))).toEqual(expected);
});

test("RFC 66: what has no order cannot be sorted by", async () => {
  const scim = await client();
  for (const query of ["sortBy=shoeSize", "sortBy=name", "sortBy=title&sortOrder=upwards"]) {
    const { status, body } = await scim("GET", `/Users?${query}`);
    expect([query, status, body.scimType]).toEqual([query, 400, "invalidValue"]);
  }
});

test("RFC 67: a search by POST takes what the query string takes", async () => {
  const scim = await client();
  const names = await people(scim, { ann: { title: "B" }, bob: { title: "A" }, cyd: {} });

  const { status, headers, body } = await search(scim, "/Users/.search", {
    filter: "title pr",
    sortBy: "title",
    startIndex: 1,
    count: 1,
    attributes: ["title", `${USER}:userName`],
  });
  const without = await search(scim, "/Users/.search", {
    filter: "title pr",
    excludedAttributes: ["meta", "title"],
  });

  expect([status, headers.get("content-type")]).toEqual([200, "application/scim+json; charset=utf-8"]);
  expect(body).toMatchObject({ totalResults: 2, startIndex: 1, itemsPerPage: 1 });
  const [first] = body.Resources;
  expect(names.get(first?.id ?? "")).toBe("bob");
  expect(first).toEqual({ schemas: [USER], id: first?.id, userName: "bob@x.org", title: "A" });
  expect(without.body.Resources.map((user) => Object.keys(user).sort())).toEqual(
    Array.from({ length: 2 }, () => ["active", "id", "schemas", "userName"]),
  );
  expectRefusal(await search(scim, "/Users/.search", { filter: "title xx" }), 400, "invalidFilter");
});

test("RFC 67: a search at the root looks through users and groups", async () => {
  const scim = await client();
  const ann = await createUser(scim, "ann@x.org", { displayName: "A" });
  const crew = await createGroup(scim, "B");

  const { status, body } = await search(scim, "/.search", {
    filter: "displayName pr",
    sortBy: "displayName",
  });

  expect([status, body.totalResults]).toEqual([200, 2]);
  expect(body.Resources.map(({ id, meta }) => [id, meta])).toMatchObject([
    [ann, { resourceType: "User" }],
    [crew, { resourceType: "Group" }],
  ]);
});

test("RFC 102: a cursor leads through all pages, and is refused when it is not ours", async () => {
  const scim = await client();
  const names = await people(scim, { a: {}, b: {}, c: {}, d: {}, e: {} });
  const seen: (string | undefined)[] = [];
  let cursor: string | undefined = "";
  while (cursor !== undefined) {
    const page = await read(scim, `/Users?count=2&cursor=${encodeURIComponent(cursor)}`);
    expect(page).toMatchObject({ totalResults: 5 });
    expect(page).not.toHaveProperty("startIndex");
    const resources = page["Resources"] as readonly { readonly id: string }[];
    seen.push(...resources.map(({ id }) => names.get(id)));
    cursor = page["nextCursor"] as string | undefined;
  }

  expect(seen).toEqual(["a", "b", "c", "d", "e"]);
  const { nextCursor } = await read(scim, "/Users?count=2&cursor=");
  const next = encodeURIComponent(String(nextCursor));
  expectRefusal(await scim("GET", "/Users?count=2&cursor=forged"), 400, "invalidCursor");
  expectRefusal(await scim("GET", `/Users?count=3&cursor=${next}`), 400, "invalidCount");
  expectRefusal(await scim("GET", `/Users?count=2&filter=title+pr&cursor=${next}`), 400, "invalidCursor");
  expectRefusal(await (await client())("GET", `/Users?count=2&cursor=${next}`), 400, "invalidCursor");
});
