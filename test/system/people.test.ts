/** "Why is this person not in?": search, state and why, and a history that says who changed what, from which to which. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eraseHistory } from "../../src/store/history.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { TestVisitor } from "../support/console.ts";
import { createGroup, createUser, ENTERPRISE, patch, USER } from "../support/provision.ts";
import { startTestService, type TestService, type TestTenant, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
let admin: TestVisitor;
let viewer: TestVisitor;
let tenant: TestTenant;
let slug: string;

beforeAll(async () => {
  const [kind = "postgres"] = queueBackends();
  service = await startTestService(openTestQueue(kind));
  const url = service.service.addresses().dashboard ?? "";
  for (const role of ["viewer", "admin"] as const) await addAccount(service.database, role, role);
  admin = new TestVisitor(url);
  viewer = new TestVisitor(url);
  await admin.signIn("admin", PASSWORD);
  await viewer.signIn("viewer", PASSWORD);
  tenant = await service.addTenant();
  slug = await slugOf(tenant);
});
afterAll(() => service.stop());

async function slugOf({ tenantId }: TestTenant): Promise<string> {
  const rows = await service.database.query<{ slug: string }>("SELECT slug FROM tenants WHERE id = $1", [
    tenantId,
  ]);
  return rows[0]?.slug ?? "";
}

const words = (text: string): string =>
  text
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/&#(\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)))
    .replaceAll(/\s+/g, " ");
const userPath = (id: string): string => `/tenants/${slug}/users/${id}`;

test("a person's history tells every write, from which value to which, and the groups", async () => {
  const { scim } = tenant;
  const id = await createUser(scim, "Ada@contoso.com", { displayName: "Ada", externalId: "ext-ada" });
  const group = await createGroup(scim, "Engineers");
  const request = { headers: { "client-request-id": "azure-4711" } };
  const change = patch(
    { op: "Replace", path: "displayName", value: "Countess" },
    { op: "Add", path: `${ENTERPRISE}:department`, value: "Analysis" },
  );
  await scim("PATCH", `/Users/${id}`, change, request);
  await scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value: id }] }));
  await scim("PATCH", `/Groups/${group}`, patch({ op: "Remove", path: `members[value eq "${id}"]` }));
  await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "False" }));

  const text = words((await admin.get(userPath(id))).text);

  expect(text).toContain("Deactivated by Azure AD");
  expect(text).toContain("displayName Ada → Countess");
  expect(text).toContain("department nothing → Analysis");
  expect(text).toContain("azure-4711");
  expect(text).toMatch(/Removed from Engineers .* Added to Engineers/);
  const seen = words((await viewer.get(userPath(id))).text);
  expect(seen).toContain("Changed: displayName department");
  expect(seen).not.toMatch(/Countess|Analysis|ext-ada/);
});

test("people are found by name, e-mail, externalId, id, and the correlation id of a refusal", async () => {
  const { scim } = tenant;
  const emails = [{ value: "Grace.Hopper@navy.example", type: "work", primary: true }];
  const id = await createUser(scim, "grace@contoso.com", { externalId: "ext-grace", emails });
  const refused = await scim(
    "PATCH",
    `/Users/${id}`,
    patch({ op: "Replace", path: "userName", value: "ada@contoso.com" }),
  );
  const correlationId = refused.headers.get("x-correlation-id") ?? "";
  expect(refused.status).toBe(409);

  for (const text of [
    "GRACE",
    "grace@contoso.com",
    "grace.hopper@NAVY.example",
    "ext-grace",
    id,
    correlationId,
  ]) {
    const page = await admin.get(`/people?${new URLSearchParams({ tenant: slug, q: text }).toString()}`);
    expect([text, page.text.includes(userPath(id))]).toEqual([text, true]);
  }
  const none = await admin.get(`/people?tenant=${slug}&q=nobody-has-this`);
  expect(words(none.text)).toContain("was never created here");
});

test("of somebody who was deleted the history is left, and says who it was", async () => {
  const { scim } = tenant;
  const id = await createUser(scim, "gone@contoso.com");
  await scim("DELETE", `/Users/${id}`);

  const text = words((await admin.get(userPath(id))).text);

  expect(text).toContain("gone@contoso.com");
  expect(text).toContain("Deleted by Azure AD");
});

test("a history can be handed on, and no value of it becomes a formula or is seen by a viewer", async () => {
  const { scim } = tenant;
  const id = await createUser(scim, "csv@contoso.com", { title: "Guide" });
  const title = `=HYPERLINK("http://evil.example","x")`;
  await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "title", value: title }));

  const csv = await admin.get(`${userPath(id)}?format=csv`);
  const json = JSON.parse((await admin.get(`${userPath(id)}?format=json`)).text) as readonly {
    changes: Record<string, { from?: unknown; to?: unknown }> | null;
  }[];

  expect(csv.headers.get("content-disposition")).toContain(`${id}.csv`);
  expect(csv.text).toContain(`title,Guide,"'=HYPERLINK(""http://evil.example"",""x"")"`);
  expect(json[0]?.changes).toEqual({ title: { from: "Guide", to: title } });
  for (const format of ["csv", "json"])
    expect((await viewer.get(`${userPath(id)}?format=${format}`)).text).not.toMatch(/Guide|HYPERLINK/);
});

test("no attribute becomes markup, whatever Azure sends", async () => {
  const { scim } = tenant;
  const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>`;
  const body = {
    displayName: hostile,
    title: hostile,
    nickName: hostile,
    externalId: hostile,
    name: { formatted: hostile },
  };
  const id = await createUser(scim, `x${hostile}`, body);
  const group = await createGroup(scim, hostile);
  await scim("PATCH", `/Groups/${group}`, patch({ op: "Add", path: "members", value: [{ value: id }] }));
  await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "title", value: `${hostile}2` }));
  await scim("POST", "/Users", { schemas: [USER], userName: `X${hostile}`, ...body });
  const path = `/failed?tenant=${slug}`;

  const pages = [userPath(id), `/tenants/${slug}/groups/${group}`, `/people?tenant=${slug}&q=x`, path];
  await waitFor(async () => (await admin.get(path)).text.includes("userName-taken"));
  for (const page of pages) {
    const { status, text } = await admin.get(page);
    expect([page, status]).toEqual([page, 200]);
    // The console's own script is a file, with nothing between its tags.
    expect(text.replace(/<script src="\/assets\/[\w.-]+" defer><\/script>/, "")).not.toMatch(/<script|<img/);
  }
});

test("values too large to keep are named, and an erased person's values are gone", async () => {
  const { scim, tenantId } = tenant;
  const id = await createUser(scim, "large@contoso.com", { title: "Secret title" });
  await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "displayName", value: "x".repeat(900) }));
  await scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "title", value: "Other title" }));
  expect(words((await admin.get(userPath(id))).text)).toContain("displayName nothing → …");

  await service.database.transaction((tx) => eraseHistory(tx, { tenantId, id }));

  const text = words((await admin.get(userPath(id))).text);
  expect(text).toContain("Changed: title");
  expect(text).not.toContain("Secret title");
});

test("another tenant's people are not found, by search or by address", async () => {
  const id = await createUser(tenant.scim, "mine@contoso.com");
  const other = await slugOf(await service.addTenant());

  for (const kind of ["users", "groups"])
    expect((await admin.get(`/tenants/${other}/${kind}/${id}`)).status).toBe(404);
  expect((await admin.get(`/people?tenant=${other}&q=${id}`)).text).not.toContain("mine@contoso.com");
  expect((await admin.get(`/tenants/${slug}/users/${randomUUID()}`)).status).toBe(404);
});
