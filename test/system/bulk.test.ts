/** Bulk requests over HTTP: references, failures, limits, and repeats. RFC 7644 section 3.7. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createUser, ENTERPRISE, patch, USER } from "../support/provision.ts";
import type { ScimAnswer, ScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue(queueBackends()[0]!));
});
afterAll(() => service.stop());

interface Result {
  readonly method: string;
  readonly bulkId?: string;
  readonly location?: string;
  readonly version?: string;
  readonly status: string;
  readonly response?: { readonly status: string; readonly scimType?: string; readonly detail: string };
}

const scimOf = async (): Promise<ScimClient> => (await service.addTenant()).scim;

async function bulk(scim: ScimClient, Operations: readonly unknown[], more: object = {}) {
  const answer = await scim("POST", "/Bulk", { schemas: [BULK], ...more, Operations });
  return { ...answer, results: (answer.body as unknown as { Operations: Result[] }).Operations };
}

const post = (bulkId: string, path: string, data: object): object => ({ method: "POST", path, bulkId, data });
const user = (bulkId: string, more: object = {}): object =>
  post(bulkId, "/Users", { schemas: [USER], userName: `${bulkId}@x`, ...more });
const idIn = ({ location = "" }: Result): string => location.slice(location.lastIndexOf("/") + 1);

test("operations refer to each other, forward and backward", async () => {
  const scim = await scimOf();

  const { status, results } = await bulk(scim, [
    post("staff", "/Groups", {
      displayName: "Staff",
      members: [{ value: "bulkId:ann" }, { value: "bulkId:inner" }],
    }),
    post("inner", "/Groups", { displayName: "Inner", members: [{ value: "bulkId:bob" }] }),
    user("ann", { [ENTERPRISE]: { manager: { value: "bulkId:bob" } } }),
    user("bob", { [ENTERPRISE]: { manager: { value: "bulkId:ann" } } }),
    {
      method: "PATCH",
      path: "/Users/bulkId:ann",
      data: patch({ op: "replace", path: "title", value: "Guide" }),
    },
  ]);

  expect(status).toBe(200);
  expect(results.map(({ status: each }) => each)).toEqual(["201", "201", "201", "201", "200"]);
  const [staff, inner, ann, bob] = results.map(idIn) as [string, string, string, string];
  const { body: group } = await scim("GET", `/Groups/${staff}`);
  expect(group.members!.map(({ value }) => value).sort()).toEqual([ann, inner].sort());
  expect((await scim("GET", `/Users/${ann}`)).body).toMatchObject({
    title: "Guide",
    [ENTERPRISE]: { manager: { value: bob } },
  });
  expect((await scim("GET", `/Users/${bob}`)).body).toMatchObject({
    [ENTERPRISE]: { manager: { value: ann } },
  });
});

test("a failure is its operation's own, and of those that refer to it", async () => {
  const scim = await scimOf();
  const taken = await createUser(scim, "taken@x");

  const { status, results } = await bulk(scim, [
    user("taken"),
    post("group", "/Groups", { displayName: "G", members: [{ value: "bulkId:taken" }] }),
    user("fine"),
    { method: "PUT", path: `/Users/${taken}`, version: 'W/"7"', data: { userName: "taken@x" } },
    { method: "PATCH", path: `/Users/${taken}`, data: patch({ op: "replace", path: "shoeSize", value: 4 }) },
    { method: "DELETE", path: "/Users/018f0000-0000-7000-8000-000000000000" },
    { method: "DELETE", path: `/Users/${taken}`, version: 'W/"1"' },
  ]);

  expect(status).toBe(200);
  expect(results.map(({ status: each, response }) => [each, response?.scimType])).toEqual([
    ["409", "uniqueness"],
    ["409", undefined],
    ["201", undefined],
    ["412", undefined],
    ["400", "invalidPath"],
    ["404", undefined],
    ["204", undefined],
  ]);
  expect(results[0]).not.toHaveProperty("location");
  expect(results[3]!.location).toMatch(new RegExp(`/Users/${taken}$`));
  expect(results[1]!.response!.detail).toMatch(/bulkId:'taken'/);
});

test.each([
  ["no bulkId on a POST", { method: "POST", path: "/Users", data: {} }, "400", "invalidSyntax"],
  ["an unknown method", { method: "GET", path: "/Users" }, "400", "invalidSyntax"],
  ["an unknown endpoint", { method: "DELETE", path: "/Devices/1" }, "400", "invalidPath"],
  ["a POST to a resource", { method: "POST", path: "/Users/1", bulkId: "a", data: {} }, "400", "invalidPath"],
  [
    "a reference to nothing",
    post("a", "/Groups", { displayName: "G", members: [{ value: "bulkId:b" }] }),
    "400",
    "invalidValue",
  ],
  ["no data", { method: "POST", path: "/Users", bulkId: "a" }, "400", "invalidSyntax"],
  ["no object", 7, "400", "invalidSyntax"],
])("%s fails that operation alone", async (_case, operation, status, scimType) => {
  const scim = await scimOf();

  const { results } = await bulk(scim, [operation, user("other")]);

  expect(results.map((each) => each.status)).toEqual([status, "201"]);
  expect(results[0]!.response!.scimType).toBe(scimType);
});

test("failOnErrors ends it after so many errors, and what was done stays done", async () => {
  const scim = await scimOf();
  const broken = { method: "DELETE", path: "/Users/nobody" };

  const { results } = await bulk(scim, [user("a"), broken, user("b"), broken, user("c")], {
    failOnErrors: 2,
  });

  expect(results.map(({ status }) => status)).toEqual(["201", "404", "201", "404"]);
  expect((await scim("GET", "/Users?count=0")).body.totalResults).toBe(2);
});

test.each([
  ["no Operations", {}, 400],
  ["failOnErrors of none", { Operations: [], failOnErrors: 0 }, 400],
  ["too many operations", { Operations: Array.from({ length: 1_001 }, () => ({})) }, 413],
])("%s is refused as a whole", async (_case, body, status) => {
  const scim = await scimOf();
  const answer = await scim("POST", "/Bulk", { schemas: [BULK], ...body });
  expect([answer.status, answer.body.status]).toEqual([status, String(status)]);
});

test("the same request sent again while it runs is done once", async () => {
  const scim = await scimOf();
  const operations = Array.from({ length: 20 }, (_, index) => user(`u${String(index)}`));

  const [first, second] = await Promise.all([bulk(scim, operations), bulk(scim, operations)]);

  expect(first.results.map(({ status }) => status)).toEqual(operations.map(() => "201"));
  expect(second.results).toEqual(first.results);
  expect((await scim("GET", "/Users?count=0")).body.totalResults).toBe(20);
});

test("a thousand operations are one request", async () => {
  const scim = await scimOf();
  const users = Array.from({ length: 999 }, (_, index) => user(`u${String(index)}`));
  const members = users.map((_, index) => ({ value: `bulkId:u${String(index)}` }));

  const { results } = await bulk(scim, [post("all", "/Groups", { displayName: "All", members }), ...users]);

  expect(new Set(results.map(({ status }) => status))).toEqual(new Set(["201"]));
  const { body } = await scim("GET", `/Groups/${idIn(results[0]!)}`);
  expect(body.members).toHaveLength(999);
});

test("an operation refused at the door is recorded for the admins", async () => {
  const tenant = await service.addTenant();
  await bulk(tenant.scim, [post("a", "/Users", { title: "no name" })]);
  const rows = (): Promise<readonly { code: string }[]> =>
    service.database.query("SELECT code FROM writes WHERE tenant_id = $1", [tenant.tenantId]);

  await waitFor(async () => (await rows()).length === 1);
  expect(await rows()).toEqual([{ code: "required-missing" }]);
});

test("the service says what it takes", async () => {
  const scim = await scimOf();
  const config: ScimAnswer = await scim("GET", "/ServiceProviderConfig");
  expect(config.body).toMatchObject({
    bulk: { supported: true, maxOperations: 1_000, maxPayloadSize: 16_777_216 },
  });
  expect((await scim("GET", "/Bulk")).status).toBe(405);
});
