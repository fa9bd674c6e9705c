/** A tenant's pages for its product: the gate, keys, people from before. Who may, what is done, what is kept. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { type ExistingUser, listExistingUsers } from "../../../src/store/existing-users.ts";
import { listExemptions, readLoginGate } from "../../../src/store/login-gates.ts";
import { findProductPrincipal } from "../../../src/store/product-keys.ts";
import { addAccount, addTenant, addUsers, type SeededTenant } from "../../support/console-seed.ts";
import {
  CONSOLE_SECRET,
  startConsole,
  type TestConsole,
  type TestPage,
  type TestVisitor,
} from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let admin: TestVisitor;
let viewer: TestVisitor;
let tenant: SeededTenant;
let path: string;
let made = 0;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  await addAccount(store.database, "admin", "admin");
  await addAccount(store.database, "viewer", "viewer");
  admin = site.visitor();
  viewer = site.visitor();
  await admin.signIn("admin");
  await viewer.signIn("viewer");
});
beforeEach(async () => {
  made += 1;
  const slug = `tenant-${made}`;
  tenant = await addTenant(store.database, { slug, name: `Tenant ${made}` }, CONSOLE_SECRET);
  path = `/tenants/${slug}`;
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const words = (text: string): string => text.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const audited = async (): Promise<string[]> =>
  (await listTenantAudit(store.database, tenant.tenantId, 20)).map(
    ({ actor, action, subject }) => `${actor} ${action} ${subject}`,
  );

describe("who only looks", () => {
  test("sees every page, with nothing to press, and is refused what changes anything", async () => {
    for (const page of ["/gate", "/keys", "/webhooks", "/preparation", "/reconciliations"]) {
      const { status, text } = await viewer.get(`${path}${page}`);
      expect(status, page).toBe(200);
      expect(text.match(/<form[^>]*method="post"/g), page).toHaveLength(1); // Sign out.
    }
    for (const form of [
      ...["/gate", "/gate/exempt", "/gate/unexempt", "/keys", "/webhooks", "/preparation/match"],
      "/preparation/forget",
    ])
      expect((await viewer.post(`${path}${form}`, { enforcement: "enforced" })).status, form).toBe(403);
    expect((await viewer.get(`${path}/preparation/people.csv`)).status).toBe(403);
    expect((await upload(viewer, "id,userName\n1,ada\n")).status).toBe(403);
    expect(await audited()).toEqual([]);
  });

  test("nobody's tenant has no page", async () => {
    for (const page of ["/gate", "/keys", "/webhooks", "/preparation", "/webhooks/none", "/keys/none/revoke"])
      expect((await admin.get(`/tenants/nobody${page}`)).status, page).toBe(404);
  });
});

describe("the gate", () => {
  test("is held until a time, closed, taken back, and says what it does", async () => {
    await admin.get(`${path}/gate`);
    await admin.post(`${path}/gate`, {
      ...{ enforcement: "at", enforceAt: "2099-01-31T08:00", whenOff: "refuse", whenUnreachable: "allow" },
    });
    expect(await readLoginGate(store.database, tenant.tenantId)).toEqual({
      ...{ enforcement: "held", enforceAt: new Date("2099-01-31T08:00Z") },
      ...{ whenOff: "refuse", whenUnreachable: "allow" },
    });
    expect(words((await viewer.get(`${path}/gate`)).text)).toContain(
      "It closes by itself on 31 Jan 2099, 08:00:00 UTC",
    );

    await admin.post(`${path}/gate`, { enforcement: "enforced" });
    expect(words((await viewer.get(`${path}/gate`)).text)).toContain(
      "Closed Who is not provisioned is turned away",
    );
    await admin.post(`${path}/gate`, { enforcement: "held" });
    expect(await readLoginGate(store.database, tenant.tenantId)).toMatchObject({
      ...{ enforcement: "held", enforceAt: null, whenOff: "refuse" },
    });
    expect(await audited()).toEqual([
      "admin login_gate.changed enforce held",
      "admin login_gate.changed enforce now",
      "admin login_gate.changed enforce 2099-01-31T08:00:00.000Z, when-off refuse, when-unreachable allow",
    ]);
    const wrong = await admin.post(`${path}/gate`, { enforcement: "at", enforceAt: "soon" });
    expect(wrong.status).toBe(422);
  });

  test("lists who may always come in, with the reason", async () => {
    await admin.post(`${path}/gate/exempt`, { login: "root@acme.example", note: "break <glass>" });
    expect((await admin.post(`${path}/gate/exempt`, { login: "x", note: " " })).status).toBe(422);

    expect(words((await viewer.get(`${path}/gate`)).text)).toContain(
      "root@acme.example break &#60;glass&#62;",
    );
    await admin.post(`${path}/gate/unexempt`, { login: "ROOT@acme.example" });

    expect(await listExemptions(store.database, tenant.tenantId)).toEqual([]);
    expect(await audited()).toEqual([
      "admin login_exemption.removed ROOT@acme.example",
      "admin login_exemption.added root@acme.example: break <glass>",
    ]);
  });
});

test("a list is held against the directory; the report is shown by finding, taken as a file, and removed", async () => {
  await addUsers(store.database, tenant.tenantId, 3);
  const other = await addTenant(store.database, { slug: `other-${made}`, name: "Other" }, CONSOLE_SECRET);
  const send = async (text: string, fields: Record<string, string> = {}): Promise<TestPage> => {
    await admin.get(`${path}/reconciliations`);
    return admin.upload(`${path}/reconciliations/run`, text, fields);
  };
  expect((await send("id\n")).status).toBe(422);
  expect(words((await send("id,active\n1,perhaps\n")).text)).toContain("Nothing was compared: row 2");
  expect((await viewer.upload(`${path}/reconciliations/run`, "id\n1\n")).status).toBe(403);

  const rows = Array.from({ length: 101 }, (_, n) => `${n},left${n}@contoso.com`).join("\n");
  const answer = await send(`Account,email\n${rows}\n`, { "heading-id": "Account" });

  expect(answer.text).toContain('<progress value="101" max="101"');
  expect(words(answer.text)).toContain("101 people are compared; 0 agree with the directory");
  const report = /href="([^"]+)">Open the report/.exec(answer.text)?.[1] ?? "";
  expect(words((await viewer.get(`${path}/reconciliations`)).text)).toMatch(/admin 101 0 101 3/);
  const shown = await viewer.get(report);
  expect(words(shown.text)).toContain("101 have access to be removed 3 have access to be given");
  const next = /href="([^"]+)">Next/.exec(shown.text)?.[1]?.replaceAll("&#38;", "&") ?? "";
  expect((await viewer.get(next)).text.match(/<tr[ >]/g)).toHaveLength(1 + 4);
  expect(words((await viewer.get(`${report}?finding=onlyInDirectory`)).text)).toContain("no account");
  expect((await viewer.get(`${report}/differences.csv`)).status).toBe(403);
  const { text: csv } = await admin.get(`${report}/differences.csv?finding=onlyInProduct`);
  expect(csv.split("\r\n")).toHaveLength(103);

  const elsewhere = report.replace(path, `/tenants/other-${made}`);
  expect(other.tenantId).not.toBe(tenant.tenantId);
  for (const address of [elsewhere, `${elsewhere}/differences.csv`])
    expect((await admin.get(address)).status).toBe(404);
  expect((await admin.post(`${elsewhere}/delete`, { understood: "yes" })).status).toBe(404);
  expect((await admin.post(`${report}/delete`)).status).toBe(422);
  await admin.post(`${report}/delete`, { understood: "yes" });
  expect((await admin.get(report)).status).toBe(404);
  expect(await audited()).toEqual([
    "admin reconciliation.deleted 101 people",
    "admin reconciliation.completed 101 people",
  ]);
});

test("a product key is shown once, listed by its beginning, and ended after a box was ticked", async () => {
  const answer = await admin.post(`${path}/keys`, { name: "web", days: "30" });
  const key = /rk_[\w-]{43}/.exec(answer.text)?.[0] ?? "";
  expect(await findProductPrincipal(store.database, CONSOLE_SECRET, key)).toMatchObject({
    tenantId: tenant.tenantId,
  });

  const { text } = await admin.get(`${path}/keys`);
  expect(text).not.toContain(key);
  expect(words(text)).toContain("web Live");
  const revoke = /href="([^"]+\/revoke)"/.exec(text)?.[1] ?? "";
  expect((await admin.post(revoke)).status).toBe(422);
  expect(await findProductPrincipal(store.database, CONSOLE_SECRET, key)).toBeDefined();
  expect((await admin.post(revoke, { understood: "yes" })).status).toBe(303);
  expect(await findProductPrincipal(store.database, CONSOLE_SECRET, key)).toBeUndefined();
  expect((await admin.post(`${path}/keys`, { name: "web", days: "0" })).status).toBe(422);
  expect((await audited()).map((line) => line.replace(/ rk_\S+/, ""))).toEqual([
    "admin product_key.revoked",
    "admin product_key.created web",
  ]);
});

/** As a browser sends a form with a file. */
async function upload(visitor: TestVisitor, text: string, fields: Record<string, string> = {}) {
  await visitor.get(`${path}/preparation`);
  return visitor.upload(`${path}/preparation/import`, text, fields);
}

describe("people from before", () => {
  const everybody = (): Promise<readonly ExistingUser[]> =>
    listExistingUsers(store.database, {
      tenantId: tenant.tenantId,
      states: [],
      after: "",
      limit: 9,
    }) as never;

  test("come from a file with headings of its own, are shown by state, and forgotten", async () => {
    const text = 'Employee ID;Mail\r\n7;ada@contoso.com\r\n8;"left; out@contoso.com"\r\n9;\r\n';

    const answer = await upload(admin, text, { "heading-id": "Employee ID", "heading-email": "Mail" });

    expect(answer.status).toBe(200);
    expect(answer.text).toContain('<progress value="3" max="3"');
    expect(words(answer.text)).toContain("3 people are stored and matched. The gate is held open");
    expect(answer.text.trim().endsWith("</html>")).toBe(true);
    expect(await everybody()).toMatchObject([
      { id: "7", email: "ada@contoso.com" },
      { id: "8", email: "left; out@contoso.com" },
      { id: "9", email: null },
    ]);
    expect(words((await viewer.get(`${path}/preparation?state=incomplete`)).text)).toMatch(
      /Incomplete .* 9 /,
    );
    expect((await admin.get(`${path}/preparation`)).text).toContain("ada@contoso.com");
    const { text: csv } = await admin.get(`${path}/preparation/people.csv?state=unmatched`);
    expect(csv.split("\r\n")).toHaveLength(4);
    expect((await admin.post(`${path}/preparation/forget`)).status).toBe(422);
    await admin.post(`${path}/preparation/forget`, { understood: "yes" });
    expect(await everybody()).toEqual([]);
    expect(await audited()).toEqual([
      "admin existing_users.forgotten 3 people",
      "admin existing_users.imported 3 people",
    ]);
  });

  test("are shown to who only looks by userName, without their values", async () => {
    const text = "id,userName,email,externalId,displayName\n7,ada,a@private.example,ext-7,Ada\n8,,,,Grace\n";
    await upload(admin, text);

    const [seen, all] = [await viewer.get(`${path}/preparation`), await admin.get(`${path}/preparation`)];

    expect(words(seen.text)).toMatch(/ 7 ada /);
    for (const value of ["a@private.example", "ext-7", "Ada", "Grace"]) {
      expect(all.text).toContain(value);
      expect(seen.text).not.toContain(value);
    }
  });

  test.each([
    ["without the column", "mail\na@x\n", 422, /there is no column "id"; the columns are mail/],
    ["with a row without an id", "id,email\n1,a@x\n,b@x\n", 422, /row 3 has no id/],
    ["that is empty", "", 422, /Choose a file/],
    ["with an open quote", 'id\n"1\n', 422, /quote that is not closed/],
  ])("a file %s imports nobody and says why", async (_what, text, status, reason) => {
    const answer = await upload(admin, text);

    expect(answer.status).toBe(status);
    expect(words(answer.text).replaceAll("&#34;", '"')).toMatch(reason);
    expect(await everybody()).toEqual([]);
  });

  test("a forged form, one of a stranger, and one cut short import nobody", async () => {
    await admin.get(`${path}/preparation`);
    const address = `${path}/preparation/import`;
    const file = "id\n1\n";
    expect((await admin.upload(address, file, { csrf: "forged" })).status).toBe(403);
    expect((await site.visitor().upload(address, file)).status).toBe(403);
    expect((await admin.upload(address, Buffer.from([0x69, 0xff]))).status).toBe(400);
    expect((await admin.upload(address, `id\n${"1".repeat(17_000_000)}`)).status).toBe(413);
    expect(await everybody()).toEqual([]);
  });
});
