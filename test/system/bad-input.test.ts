/** Bad input gets the right SCIM error, with a detail an admin can act on, and changes nothing. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createScimClient, filterQuery, type ScimAnswer } from "../support/scim-client.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BODY_BYTES_MAX = 65_536;

let service: TestService;
let tenant: TestTenant;
let userId: string;
let before: unknown;

beforeAll(async () => {
  const [kind = "postgres"] = queueBackends();
  service = await startTestService(openTestQueue(kind), { BODY_BYTES_MAX: String(BODY_BYTES_MAX) });
  tenant = await service.addTenant();
  const created = await tenant.scim("POST", "/Users", { schemas: [USER], userName: "Taken@contoso.com" });
  userId = created.body.id;
  before = (await tenant.scim("GET", "/Users")).body;
});
afterAll(() => service.stop());

/** Every error has the same form; and after it the directory is as it was. */
async function expectError(
  answer: ScimAnswer,
  expected: { readonly status: number; readonly scimType?: string; readonly detail: RegExp },
): Promise<void> {
  expect(answer.headers.get("content-type")).toMatch(/^application\/scim\+json/);
  expect(answer.body.schemas).toEqual(["urn:ietf:params:scim:api:messages:2.0:Error"]);
  expect([answer.status, answer.body.status]).toEqual([expected.status, String(expected.status)]);
  expect(answer.body.scimType).toBe(expected.scimType);
  expect(answer.body.detail).toMatch(expected.detail);
  expect(answer.body.detail).toContain(answer.headers.get("x-correlation-id"));
  expect((await tenant.scim("GET", "/Users")).body).toEqual(before);
}

test("no token, a malformed one and a wrong one are 401 with a challenge", async () => {
  const url = `${service.apiUrl}/scim/v2`;
  const none = await createScimClient(url, "")("GET", "/Users");
  const malformed = await createScimClient(url, "x")("GET", "/Users", undefined, {
    headers: { Authorization: "Basic abc" },
  });
  const wrong = await createScimClient(url, `rc_${"a".repeat(43)}`)("GET", "/Users");

  await expectError(none, { status: 401, detail: /Secret Token/ });
  await expectError(malformed, { status: 401, detail: /Bearer/ });
  await expectError(wrong, { status: 401, detail: /wrong, expired or revoked/ });
  expect(none.headers.get("www-authenticate")).toMatch(/^Bearer/);
  expect(wrong.headers.get("www-authenticate")).toMatch(/invalid_token/);
});

const post = (
  raw: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<ScimAnswer> => tenant.scim("POST", "/Users", undefined, { raw, headers });

test.each([
  ["text/plain", /Content-Type 'text\/plain' is not supported/],
  ["application/x-www-form-urlencoded", /application\/scim\+json/],
  ["application/scim+json; charset=utf-16", /utf-16/],
])("the content type %s is 415", async (type, detail) => {
  await expectError(await post('{"userName":"a"}', { "Content-Type": type }), { status: 415, detail });
});

test.each([
  ["broken JSON", '{"userName": "a"', /not valid JSON/],
  ["an empty body", "", /empty|Content-Type/],
  ["an array", "[]", /object/],
  ["a string", '"x"', /object/],
])("%s is 400 invalidSyntax", async (_case, raw, detail) => {
  await expectError(await post(raw), { status: 400, scimType: "invalidSyntax", detail });
});

test("bytes that are not UTF-8 are 400", async () => {
  const answer = await post(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]));
  await expectError(answer, { status: 400, scimType: "invalidSyntax", detail: /UTF-8/ });
});

test("a body over the limit is 413, also when it was compressed", async () => {
  const large = JSON.stringify({ schemas: [USER], userName: "x", title: "y".repeat(BODY_BYTES_MAX) });

  await expectError(await post(large), { status: 413, detail: /65536 bytes/ });
  const zipped = await post(new Uint8Array(gzipSync(large)), { "Content-Encoding": "gzip" });
  await expectError(zipped, { status: 413, detail: /65536 bytes/ });
});

test.each([
  ["userName absent", { schemas: [USER] }, /userName/],
  ["userName empty", { schemas: [USER], userName: "" }, /userName/],
  ["userName an object", { schemas: [USER], userName: {} }, /userName/],
  ["active a word", { schemas: [USER], userName: "a", active: "maybe" }, /active.*maybe/],
  ["name a string", { schemas: [USER], userName: "a", name: "Barbara" }, /name/],
  ["a NUL character", { schemas: [USER], userName: "a\u0000b" }, /NUL/],
])("a user with %s is 400 invalidValue", async (_case, body, detail) => {
  await expectError(await tenant.scim("POST", "/Users", body), {
    status: 400,
    scimType: "invalidValue",
    detail,
  });
});

test("a userName that differs in letter case alone is 409, naming who has it", async () => {
  const answer = await tenant.scim("POST", "/Users", { schemas: [USER], userName: "tAKEN@contoso.com" });

  await expectError(answer, {
    status: 409,
    scimType: "uniqueness",
    detail: new RegExp(`userName.*${userId}`),
  });
});

test("an unknown id is 404, whatever is asked of it", async () => {
  const unknown = "018f0000-0000-7000-8000-000000000000";
  for (const id of [unknown, "no-uuid", userId.toUpperCase()]) {
    for (const method of ["GET", "DELETE"]) {
      await expectError(await tenant.scim(method, `/Users/${id}`), { status: 404, detail: /userName/ });
    }
  }
});

const patchUser = (...Operations: readonly object[]): Promise<ScimAnswer> =>
  tenant.scim("PATCH", `/Users/${userId}`, { schemas: [PATCH_OP], Operations });

test.each([
  ["an unknown path", { op: "replace", path: "shoeSize", value: 42 }, "invalidPath", /shoeSize/],
  [
    "a broken path",
    { op: "replace", path: "emails[type eq", value: "x" },
    "invalidPath|invalidFilter",
    /emails/,
  ],
  ["an unknown op", { op: "move", path: "title", value: "x" }, "invalidSyntax", /move/],
  ["remove without a path", { op: "remove" }, "noTarget", /path/],
  ["removing what is required", { op: "remove", path: "userName" }, "mutability", /userName/],
  ["writing what is read-only", { op: "replace", path: "id", value: "x" }, "mutability", /id/],
  [
    "a value of the wrong type",
    { op: "replace", path: "active", value: "perhaps" },
    "invalidValue",
    /active/,
  ],
])("a PATCH with %s is refused", async (_case, operation, scimType, detail) => {
  const answer = await patchUser({ op: "replace", path: "title", value: "never" }, operation);

  expect(scimType.split("|")).toContain(answer.body.scimType);
  await expectError(answer, { status: 400, scimType: answer.body.scimType as string, detail });
});

test.each([
  ["userName eq", /position|character/],
  ['userName xx "a"', /xx/],
  ["shoeSize eq 4", /shoeSize/],
  ["active gt true", /active/],
  ["(".repeat(5000), /filter|deep|long/],
])("the filter %s is 400 invalidFilter", async (filter, detail) => {
  const answer = await tenant.scim("GET", `/Users${filterQuery(filter)}`);
  await expectError(answer, { status: 400, scimType: "invalidFilter", detail });
});

test("an unknown endpoint is 404, a wrong method 405 with Allow", async () => {
  await expectError(await tenant.scim("GET", "/Devices"), { status: 404, detail: /\/scim\/v2/ });
  const wrong = await tenant.scim("PUT", "/Users");
  await expectError(wrong, { status: 405, detail: /GET, POST/ });
  expect(wrong.headers.get("allow")).toBe("GET, POST");
});

test("what was refused at the door is recorded for the admins, without its password", async () => {
  const own = await service.addTenant();
  const secret = "Pa55-that-must-not-stay";

  await own.scim("POST", "/Users", { schemas: [USER], password: secret, title: "\ud800" });
  const rows = async () =>
    service.database.query<{ code: string; request: unknown; operation: string }>(
      "SELECT code, request, operation FROM writes WHERE tenant_id = $1",
      [own.tenantId],
    );
  await waitFor(async () => (await rows()).length === 1);

  const [row] = await rows();
  expect(row?.operation).toBe("create");
  expect(JSON.stringify(row)).not.toContain(secret);
});
