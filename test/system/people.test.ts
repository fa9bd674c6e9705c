/** "Why is this person not in?": search, state and why, and a history that says who changed what, from which to which. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eraseHistory } from "../../src/store/history.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { TestVisitor } from "../support/console.ts";
import { giveSchema, JAVELO_EXTENSIONS } from "../support/extensions.ts";
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

test("a manager in a history is a name, and the way to that person", async () => {
  const { scim } = tenant;
  const [ada, grace] = [
    await createUser(scim, "first.manager@contoso.com"),
    await createUser(scim, "second.manager@contoso.com"),
  ];
  const id = await createUser(scim, "managed@contoso.com");
  for (const value of [ada, grace, "nobody-here"])
    await scim("PATCH", `/Users/${id}`, patch({ op: "Add", path: `${ENTERPRISE}:manager`, value }));

  const { text } = await admin.get(userPath(id));

  expect(words(text)).toMatch(/manager\s+nothing →\s+first\.manager@contoso\.com/);
  expect(words(text)).toMatch(/manager\s+first\.manager@contoso\.com\s+→\s+second\.manager@contoso\.com/);
  expect(words(text)).toMatch(/manager\s+second\.manager@contoso\.com\s+→\s+nobody-here/);
  expect(text).toContain(`href="${userPath(ada)}"`);
  expect((await viewer.get(userPath(id))).text).not.toContain("first.manager");
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

test("a failed job has the id under which Azure's own logs have the request, refused at the door or by a worker", async () => {
  const { scim, tenantId } = await service.addTenant();
  const at = await slugOf({ ...tenant, tenantId });
  await createUser(scim, "taken@contoso.com");
  const named = (id: string) => ({ headers: { "client-request-id": id } });
  await scim("POST", "/Users", { schemas: [USER], userName: "" }, named("azure-door"));
  await scim("POST", "/Users", { schemas: [USER], userName: "TAKEN@contoso.com" }, named("azure-worker"));
  const failed = () =>
    service.database.query<{ id: string }>(
      "SELECT write_id AS id FROM failures WHERE tenant_id = $1 ORDER BY write_id",
      [tenantId],
    );
  await waitFor(async () => (await failed()).length === 2);

  const shown = await Promise.all(
    (await failed()).map(async ({ id }) => words((await viewer.get(`/tenants/${at}/failed/${id}`)).text)),
  );

  const found = shown.map((text) => /Azure's request id (azure-\w+)/.exec(text)?.[1]);
  expect(found.sort()).toEqual(["azure-door", "azure-worker"]);
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

interface Attribute {
  readonly name: string;
  readonly type: string;
  readonly multiValued: boolean;
  readonly mutability: string;
  readonly subAttributes?: readonly Attribute[];
}

/** A value of the attribute's kind, with markup wherever text may stand. */
function hostileValue(attribute: Attribute, markup: string): unknown {
  const one = (): unknown => {
    if (attribute.type === "complex") {
      const parts = (attribute.subAttributes ?? []).filter(({ mutability }) => mutability !== "readOnly");
      return Object.fromEntries(parts.map((part) => [part.name, hostileValue(part, markup)]));
    }
    if (attribute.type === "boolean") return true;
    if (attribute.type === "decimal" || attribute.type === "integer") return 1;
    return attribute.type === "dateTime" ? new Date(0).toISOString() : `${markup}${attribute.name}`;
  };
  return attribute.multiValued ? [one()] : one();
}

test("nor does any attribute that there is, changed or refused, on any page that shows it", async () => {
  const { scim, tenantId } = await service.addTenant();
  const at = await slugOf({ ...tenant, tenantId });
  await giveSchema(service.database, tenantId, JAVELO_EXTENSIONS);
  const markup = `"'></code><script>alert(1)</script><svg onload=alert(2)>`;
  const { body } = await scim("GET", "/Schemas");
  const schemas = body.Resources as unknown as readonly { id: string; attributes: readonly Attribute[] }[];
  const id = await createUser(scim, "marked@contoso.com");
  const group = await createGroup(scim, "Marked");
  const statuses: number[] = [];
  for (const { id: urn, attributes } of schemas)
    for (const attribute of attributes.filter(({ mutability }) => mutability !== "readOnly")) {
      const isGroup = urn.endsWith(":Group");
      const path = urn.includes(":core:") ? attribute.name : `${urn}:${attribute.name}`;
      const value = hostileValue(attribute, markup);
      const change = patch({ op: "Replace", path, value });
      statuses.push((await scim("PATCH", isGroup ? `/Groups/${group}` : `/Users/${id}`, change)).status);
    }
  statuses.push(
    (await scim("PATCH", `/Users/${id}`, patch({ op: "Add", path: markup, value: markup }))).status,
  );
  expect(statuses.length).toBeGreaterThan(30);
  expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(20);
  expect(statuses.filter((status) => status >= 500)).toEqual([]);
  const refused = statuses.filter((status) => status >= 400).length;

  const failed = async (): Promise<readonly string[]> => {
    const rows = await service.database.query<{ id: string }>(
      "SELECT write_id AS id FROM failures WHERE tenant_id = $1",
      [tenantId],
    );
    return rows.map((row) => `/tenants/${at}/failed/${row.id}`);
  };
  await waitFor(async () => (await failed()).length === refused);
  const [cycle] = await service.database.query<{ id: string }>("SELECT id FROM cycles WHERE tenant_id = $1", [
    tenantId,
  ]);
  const pages = [
    ...[`/tenants/${at}/groups/${group}`, `/people?tenant=${at}&q=${encodeURIComponent(markup)}`],
    ...[`/failed?tenant=${at}`, `/failed?cycle=${cycle?.id}`, `/tenants/${at}/cycles/${cycle?.id}`],
    ...[`/tenants/${at}/attributes`, ...(await failed())],
  ];
  for (let page: string | undefined = `/tenants/${at}/users/${id}`; page !== undefined;) {
    pages.push(page);
    const { text } = await admin.get(page);
    page = /href="([^"]+)">Older</.exec(text)?.[1]?.replaceAll("&#38;", "&");
  }
  let shown = 0;
  for (const page of pages) {
    const { status, text } = await admin.get(page);
    expect([page, status]).toEqual([page, 200]);
    expect(text.replace(/<script src="\/assets\/[\w.-]+" defer><\/script>/, ""), page).not.toMatch(
      /<script|<svg onload/,
    );
    shown += text.split("alert(1)").length - 1;
  }
  // It stands there, as text.
  expect(shown).toBeGreaterThan(20);
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
