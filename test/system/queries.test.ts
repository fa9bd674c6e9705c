/** Lists and searches over HTTP: order, pages by number and by cursor, searches by body, both types at once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGroup, createUser } from "../support/provision.ts";
import { filterQuery, type ScimAnswer, type ScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

const SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

let service: TestService;
let scim: ScimClient;
let names: Map<string, string>;

beforeAll(async () => {
  service = await startTestService(openTestQueue("postgres"));
  scim = (await service.addTenant()).scim;
  const people = [
    ["bob@x", { title: "b", emails: [{ value: "z@x" }, { value: "b@x", primary: true }] }],
    ["Ann@x", { title: "B", emails: [{ value: "c@x" }] }],
    ["cy@x", {}],
    ["Dee@x", { title: "a", active: false }],
    ["eve@x", { emails: [{ value: "A@x", type: "work" }] }],
  ] as const;
  names = new Map();
  for (const [userName, more] of people) names.set(await createUser(scim, userName, more), userName);
  for (const name of ["Staff", "ann's group"]) names.set(await createGroup(scim, name), name);
});
afterAll(() => service.stop());

const found = ({ body }: ScimAnswer): (string | undefined)[] => body.Resources.map(({ id }) => names.get(id));
const list = (query: string): Promise<ScimAnswer> => scim("GET", query);

test.each([
  ["userName", "ascending", ["Ann@x", "bob@x", "cy@x", "Dee@x", "eve@x"]],
  ["USERNAME", "Descending", ["eve@x", "Dee@x", "cy@x", "bob@x", "Ann@x"]],
  // Equal without letter case, so in the order of their creation; unassigned last, or first when descending.
  ["title", "ascending", ["Dee@x", "bob@x", "Ann@x", "cy@x", "eve@x"]],
  ["title", "descending", ["cy@x", "eve@x", "bob@x", "Ann@x", "Dee@x"]],
  // The primary value, or else the first.
  ["emails", "ascending", ["eve@x", "bob@x", "Ann@x", "cy@x", "Dee@x"]],
  ["emails.value", "ascending", ["eve@x", "bob@x", "Ann@x", "cy@x", "Dee@x"]],
  ["active", "ascending", ["Dee@x", "bob@x", "Ann@x", "cy@x", "eve@x"]],
  ["meta.created", "descending", ["eve@x", "Dee@x", "cy@x", "Ann@x", "bob@x"]],
  ["id", "ascending", ["bob@x", "Ann@x", "cy@x", "Dee@x", "eve@x"]],
  ["nickName", "ascending", ["bob@x", "Ann@x", "cy@x", "Dee@x", "eve@x"]],
])("users by %s, %s", async (sortBy, sortOrder, expected) => {
  const whole = await list(`/Users?sortBy=${sortBy}&sortOrder=${sortOrder}`);
  const pages: ScimAnswer[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; cursor = pages.at(-1)!.body.nextCursor) {
    pages.push(await list(`/Users?sortBy=${sortBy}&sortOrder=${sortOrder}&count=2&cursor=${cursor}`));
  }

  expect(found(whole)).toEqual(expected);
  expect(pages.flatMap(found)).toEqual(expected);
  expect(pages.map(({ body }) => [body.totalResults, body.itemsPerPage, body.startIndex])).toEqual([
    [5, 2, undefined],
    [5, 2, undefined],
    [5, 1, undefined],
  ]);
});

test.each([
  ["sortBy=shoeSize", "invalidValue"],
  ["sortBy=name", "invalidValue"],
  ["sortBy=password", "invalidValue"],
  ["sortBy=emails%5Btype%20eq%5D", "invalidPath"],
  ["sortBy=title&sortOrder=sideways", "invalidValue"],
  ["count=ten", "invalidValue"],
])("%s is refused as %s", async (query, scimType) => {
  const { status, body } = await list(`/Users?${query}`);
  expect([status, body.scimType]).toEqual([400, scimType]);
});

test("a cursor is bound to its query, its count and its tenant, and cannot be made up", async () => {
  const first = await list("/Users?sortBy=userName&count=2&cursor=");
  const cursor = first.body.nextCursor ?? "";
  const stranger = (await service.addTenant()).scim;
  // Each character another one: of the last alone a few bits count.
  const forged = cursor.slice(-6).replace(/./g, (each) => (each === "x" ? "y" : "x"));

  const answers = [
    await list(`/Users?sortBy=title&count=2&cursor=${cursor}`),
    await list(`/Groups?sortBy=userName&count=2&cursor=${cursor}`),
    await list(`/Users?sortBy=userName&count=2&cursor=${cursor.slice(0, -6)}${forged}`),
    await list(`/Users?sortBy=userName&count=2&cursor=nonsense`),
    await stranger("GET", `/Users?sortBy=userName&count=2&cursor=${cursor}`),
    await list(`/Users?sortBy=userName&count=3&cursor=${cursor}`),
    await list("/Users?count=1001&cursor="),
  ];

  expect(cursor).toMatch(/^[\w-]+$/);
  expect(answers.map(({ body }) => body.scimType)).toEqual([
    ...["invalidCursor", "invalidCursor", "invalidCursor", "invalidCursor", "invalidCursor"],
    ...["invalidCount", "invalidCount"],
  ]);
  for (const { status } of answers) expect(status).toBe(400);
});

test("a page by cursor does not move when something is added before it", async () => {
  const own = (await service.addTenant()).scim;
  for (const name of ["b", "d", "f"]) await createUser(own, name);

  const first = await own("GET", "/Users?sortBy=userName&count=2&cursor=");
  await createUser(own, "a");
  const second = await own("GET", `/Users?sortBy=userName&count=2&cursor=${first.body.nextCursor ?? ""}`);

  expect(second.body.Resources.map((user) => (user as unknown as { userName: string }).userName)).toEqual([
    "f",
  ]);
  expect(second.body).not.toHaveProperty("nextCursor");
});

test("a search by body is a list by address", async () => {
  const body = {
    schemas: [SEARCH],
    filter: 'title pr and userName ne "dee@x"',
    sortBy: "userName",
    sortOrder: "descending",
    attributes: ["userName"],
    startIndex: 1,
    count: 1,
  };

  const searched = await scim("POST", "/Users/.search", body);
  const next = await scim("POST", "/Users/.search", { ...body, startIndex: 2 });

  expect([searched.status, found(searched), searched.body.totalResults]).toEqual([200, ["bob@x"], 2]);
  expect(Object.keys(searched.body.Resources[0]!).sort()).toEqual(["id", "schemas", "userName"]);
  expect(found(next)).toEqual(["Ann@x"]);
  expect((await scim("POST", "/Users/.search", [])).status).toBe(400);
  expect((await scim("POST", "/Users/.search", { filter: 7, count: true })).status).toBe(400);
  expect((await scim("GET", "/Users/.search")).status).toBe(405);
});

test("a query of everything finds users and groups; what one type lacks is unassigned there", async () => {
  const named = await list(`/${filterQuery('displayName sw "ann"')}`);
  const users = await scim("POST", "/.search", { filter: "userName pr", sortBy: "userName" });
  const without = await scim("POST", "/.search", { filter: "not (userName pr)", sortBy: "displayName" });
  const paged: ScimAnswer[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined; cursor = paged.at(-1)!.body.nextCursor) {
    paged.push(await scim("POST", "/.search", { sortBy: "displayName", count: 3, cursor }));
  }
  const none = await list(`/${filterQuery("shoeSize eq 4")}`);

  expect(found(named)).toEqual(["ann's group"]);
  expect(found(users)).toEqual(["Ann@x", "bob@x", "cy@x", "Dee@x", "eve@x"]);
  expect(found(without)).toEqual(["ann's group", "Staff"]);
  expect(paged.flatMap(found).slice(0, 2)).toEqual(["ann's group", "Staff"]);
  expect(new Set(paged.flatMap(found)).size).toBe(7);
  expect([none.status, none.body.scimType]).toEqual([400, "invalidFilter"]);
});

test("/Me is a defined endpoint that is not offered", async () => {
  const { status, body } = await scim("GET", "/Me");
  expect([status, body.status]).toEqual([501, "501"]);
});
