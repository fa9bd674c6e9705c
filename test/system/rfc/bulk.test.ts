/** What RFC 7644 section 3.7 states about bulk requests, statement by statement, over HTTP. */
import { expect, test } from "vitest";
import { createUser, ENTERPRISE, GROUP, memberIds, patch, USER } from "../../support/provision.ts";
import type { ScimAnswer, ScimClient } from "../../support/scim-client.ts";
import { ERROR, expectRefusal, found, read, useOneService, userAt } from "./one-service.ts";

const { client } = useOneService();

const REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

interface Result {
  readonly method: string;
  readonly bulkId?: string;
  readonly status: string;
  readonly location?: string;
  readonly version?: string;
  readonly response?: {
    readonly schemas: readonly string[];
    readonly status: string;
    readonly scimType?: string;
  };
}

function send(scim: ScimClient, operations: readonly object[], more: object = {}): Promise<ScimAnswer> {
  return scim("POST", "/Bulk", { schemas: [REQUEST], ...more, Operations: operations });
}

async function results(
  scim: ScimClient,
  operations: readonly object[],
  more: object = {},
): Promise<readonly Result[]> {
  const { status, headers, body } = await send(scim, operations, more);
  expect([status, body.schemas]).toEqual([200, [RESPONSE]]);
  expect(headers.get("content-type")).toMatch(/^application\/scim\+json/);
  return (body as unknown as { readonly Operations: readonly Result[] }).Operations;
}

const postUser = (name: string, more: object = {}) => ({
  method: "POST",
  path: "/Users",
  bulkId: name,
  data: { schemas: [USER], userName: `${name}@x.org`, ...more },
});
const retitle = (path: string, title: string) => ({
  method: "PATCH",
  path,
  data: patch({ op: "replace", path: "title", value: title }),
});
const statuses = (list: readonly Result[]) => list.map(({ status }) => status);
/** The path of what an operation was about, as a client of this endpoint asks for it. */
const pathOf = ({ location = "" }: Result) =>
  location.slice(location.indexOf("/scim/v2") + "/scim/v2".length);

test("RFC 90: a POST needs a bulkId of its own, which comes back", async () => {
  const scim = await client();
  const nameless = { ...postUser("x"), bulkId: undefined };

  const list = await results(scim, [postUser("ann"), { ...postUser("bob"), bulkId: "ann" }, nameless]);

  expect(list.map(({ method, bulkId: echoed, status }) => [method, echoed, status])).toEqual([
    ["POST", "ann", "201"],
    ["POST", "ann", "400"],
    ["POST", undefined, "400"],
  ]);
  expect(await found(scim, "userName pr")).toHaveLength(1);
});

test("RFC 91: a bulkId stands for the real id, in core and extensions, before and after its POST", async () => {
  const scim = await client();
  const group = {
    method: "POST",
    path: "/Groups",
    bulkId: "crew",
    data: { schemas: [GROUP], displayName: "Crew", members: [{ value: "bulkId:ann" }] },
  };
  const bob = postUser("bob", { [ENTERPRISE]: { manager: { value: "bulkId:ann" } } });

  const list = await results(scim, [group, postUser("ann"), bob, retitle("/Users/bulkId:bob", "Guide")]);

  expect(statuses(list)).toEqual(["201", "201", "201", "200"]);
  const [ann = ""] = await found(scim, 'userName eq "ann@x.org"');
  const [crew = ""] = await found(scim, 'displayName eq "Crew"', "/Groups");
  expect(await memberIds(scim, crew)).toEqual([ann]);
  const [, , created, patched] = list;
  expect(patched?.location).toBe(created?.location);
  expect(await read(scim, `/Users?filter=userName+eq+"bob@x.org"`)).toMatchObject({
    Resources: [{ title: "Guide", [ENTERPRISE]: { manager: { value: ann } } }],
  });
});

test("RFC 91: a bulkId that no POST has fails its operation alone", async () => {
  const scim = await client();

  const list = await results(scim, [
    postUser("ann", { [ENTERPRISE]: { manager: { value: "bulkId:nobody" } } }),
    postUser("bob"),
  ]);

  expect(statuses(list)).toEqual(["400", "201"]);
  expect(list[0]?.response?.scimType).toBe("invalidValue");
});

test("RFC 92: references in a circle are resolved", async () => {
  const scim = await client();
  const managedBy = (id: string) => ({ [ENTERPRISE]: { manager: { value: `bulkId:${id}` } } });

  const list = await results(scim, [postUser("ann", managedBy("bob")), postUser("bob", managedBy("ann"))]);

  expect(statuses(list)).toEqual(["201", "201"]);
  const [ann = "", bob = ""] = list.map((result) => pathOf(result).slice("/Users/".length));
  expect(await read(scim, `/Users/${ann}`)).toMatchObject({ [ENTERPRISE]: { manager: { value: bob } } });
  expect(await read(scim, `/Users/${bob}`)).toMatchObject({ [ENTERPRISE]: { manager: { value: ann } } });
});

test("RFC 92: groups that would contain each other are refused, both", async () => {
  const scim = await client();
  const group = (name: string, member: string) => ({
    method: "POST",
    path: "/Groups",
    bulkId: name,
    data: { schemas: [GROUP], displayName: name, members: [{ value: `bulkId:${member}` }] },
  });

  const list = await results(scim, [group("one", "two"), group("two", "one")]);

  // A group cannot contain itself, so this circle has no answer but the RFC's 409; the one that was tried first has
  // a member that never came to be.
  expect(list.map(({ bulkId, status }) => [bulkId, status])).toEqual([
    ["one", "409"],
    ["two", "400"],
  ]);
  expect(await found(scim, "displayName pr", "/Groups")).toEqual([]);
});

test("RFC 93: failures do not stop the rest", async () => {
  const scim = await client();
  await createUser(scim, "taken@x.org");

  const list = await results(scim, [postUser("taken"), postUser("ann"), postUser("Taken"), postUser("bob")]);

  expect(statuses(list)).toEqual(["409", "201", "409", "201"]);
  expect(await found(scim, "userName pr")).toHaveLength(3);
});

test("RFC 93: failOnErrors stops after so many, and what was done is told", async () => {
  const scim = await client();
  await createUser(scim, "taken@x.org");
  const operations = [postUser("ann"), postUser("taken"), postUser("Taken"), postUser("bob")];

  const one = await results(scim, operations, { failOnErrors: 1 });
  expect(statuses(one)).toEqual(["201", "409"]);
  expect(await found(scim, 'userName sw "bob"')).toEqual([]);

  // The first attempt left ann, who is now in the way: she is the first error of two.
  const two = await results(scim, operations, { failOnErrors: 2 });
  expect(statuses(two)).toEqual(["409", "409"]);
  expectRefusal(await send(scim, operations, { failOnErrors: 0 }), 400, "invalidValue");
});

test("RFC 94: each operation has a status in text, and a failed one its error", async () => {
  const scim = await client();
  const path = await userAt(scim);
  await createUser(scim, "taken@x.org");

  const list = await results(scim, [
    postUser("ann"),
    postUser("taken"),
    { method: "PUT", path, data: { schemas: [USER], userName: "put@x.org" } },
    { method: "PATCH", path, data: patch({ op: "remove", path: "userName" }) },
    { method: "DELETE", path },
    { method: "DELETE", path: "/Users/unknown" },
    { method: "GET", path },
  ]);

  expect(statuses(list)).toEqual(["201", "409", "200", "400", "204", "404", "400"]);
  const [created, taken, put, refused] = list;
  expect(await read(scim, created ? pathOf(created) : "")).toMatchObject({ userName: "ann@x.org" });
  expect(taken).not.toHaveProperty("location");
  expect([put?.location, refused?.location].map((at) => at?.endsWith(`/scim/v2${path}`))).toEqual([
    true,
    true,
  ]);
  for (const { status, response } of list) {
    if (Number(status) < 400) expect(response).toBeUndefined();
    else expect(response).toMatchObject({ schemas: [ERROR], status });
  }
  expect(taken?.response?.scimType).toBe("uniqueness");
  expect((await scim("GET", path)).status).toBe(404);
});

test("RFC 95: what is done to one resource is done in the order of the request", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const gone = await userAt(scim);
  const titles = ["A", "B", "C", "D", "E"];

  const list = await results(scim, [
    ...titles.map((title) => retitle(path, title)),
    retitle(gone, "Last"),
    { method: "DELETE", path: gone },
    retitle(gone, "Too late"),
  ]);

  expect(statuses(list)).toEqual(["200", "200", "200", "200", "200", "200", "204", "404"]);
  expect((await read(scim, path))["title"]).toBe("E");
  const versions = list.slice(0, titles.length).map(({ version = "" }) => Number(/\d+/.exec(version)?.[0]));
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
});

test("RFC 96: over a limit the whole is 413, which names it, and nothing is done", async () => {
  const scim = await client();
  const { bulk } = (await read(scim, "/ServiceProviderConfig")) as {
    bulk: { supported: boolean; maxOperations: number; maxPayloadSize: number };
  };
  expect(bulk).toEqual({ supported: true, maxOperations: 1_000, maxPayloadSize: 16_777_216 });
  const many = Array.from({ length: bulk.maxOperations + 1 }, (_, index) => postUser(`u${String(index)}`));
  const large = [postUser("ann", { title: "x".repeat(bulk.maxPayloadSize) })];

  const tooMany = await send(scim, many);
  const tooLarge = await send(scim, large);

  expectRefusal(tooMany, 413);
  expect(tooMany.body.detail).toMatch(/1001 operations, at most 1000 .*maxOperations/);
  expectRefusal(tooLarge, 413);
  expect(tooLarge.body.detail).toMatch(/limit of 16777216 bytes/);
  expect(await found(scim, "userName pr")).toEqual([]);
});

test("RFC 97: an operation's version must be the resource's", async () => {
  const scim = await client();
  const path = await userAt(scim);
  const first = (await scim("GET", path)).headers.get("etag") ?? "";

  const list = await results(scim, [
    { ...retitle(path, "First"), version: first },
    { ...retitle(path, "Second"), version: first },
    { method: "DELETE", path, version: first },
  ]);

  expect(statuses(list)).toEqual(["200", "412", "412"]);
  expect(list[0]?.version).not.toBe(first);
  expect((await read(scim, path))["title"]).toBe("First");
});
