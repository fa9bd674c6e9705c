/** A group with more members than an answer shows: what the answer says of it, and how the rest is read. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGroup, createUser, patch } from "../support/provision.ts";
import { type ScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const MAX = 3;

let service: TestService;
let scim: ScimClient;
let group: string;
const ids: string[] = [];

beforeAll(async () => {
  const [kind = "postgres"] = queueBackends();
  service = await startTestService(openTestQueue(kind), { MEMBERS_MAX_RETURNED: String(MAX) });
  scim = (await service.addTenant()).scim;
  for (const name of ["a", "b", "c", "d", "e"]) ids.push(await createUser(scim, `${name}@x.org`));
  group = `/Groups/${await createGroup(scim, "Crew")}`;
  const members = ids.map((value) => ({ value }));
  await scim("PATCH", group, patch({ op: "add", path: "members", value: members }));
});
afterAll(() => service.stop());

const CUT = "x-members-truncated";

test("shows as many as are allowed, says so, and leads to the rest in pages", async () => {
  const { headers, body } = await scim("GET", group);
  expect(body.members?.map(({ value }) => value)).toEqual(ids.slice(0, MAX));
  expect(headers.get(CUT)).toBe(`groups=1, max=${MAX}`);

  const [, link = ""] = /^<.*\/scim\/v2(\/.*)>; rel="related"$/.exec(headers.get("link") ?? "") ?? [];
  const found: string[] = [];
  for (let cursor: string | undefined = ""; cursor !== undefined;) {
    const page = await scim("GET", `${link.replace(/cursor=$/, `cursor=${cursor}`)}&count=2&attributes=id`);
    expect([page.status, page.body.totalResults]).toEqual([200, ids.length]);
    found.push(...page.body.Resources.map(({ id }) => id));
    cursor = page.body.nextCursor;
  }
  expect(found).toEqual(ids);
});

test("lists and answers to PATCH are cut and say so as well", async () => {
  const list = await scim("GET", "/Groups");
  expect(list.body.Resources[0]?.members).toHaveLength(MAX);
  expect(list.headers.get(CUT)).toBe(`groups=1, max=${MAX}`);

  const again = patch({ op: "add", path: "members", value: [{ value: ids[4] }] });
  const patched = await scim("PATCH", `${group}?attributes=members`, again);
  expect([patched.status, patched.body.members?.length, patched.headers.get(CUT)]).toEqual([
    200,
    MAX,
    `groups=1, max=${MAX}`,
  ]);
});

test("says nothing where nothing is cut: without members, and at the limit", async () => {
  const without = await scim("GET", `${group}?excludedAttributes=members`);
  const list = patch({ op: "remove", path: "members", value: ids.slice(MAX).map((value) => ({ value })) });
  await scim("PATCH", group, list);
  const whole = await scim("GET", group);

  expect(without.headers.get(CUT)).toBeNull();
  expect([whole.body.members?.length, whole.headers.get(CUT), whole.headers.get("link")]).toEqual([
    MAX,
    null,
    null,
  ]);
});
