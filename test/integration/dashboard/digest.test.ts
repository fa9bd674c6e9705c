/** The digest of failed cycles in the console: set by an admin, with a secret that is shown once. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { findDigestSecret, findDigestSettings } from "../../../src/store/digests.ts";
import { insertDigests, listDigests } from "../../../src/store/digest-deliveries.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { addAccount, addCycle, addTenant } from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let admin: TestVisitor;
let viewer: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  for (const role of ["admin", "viewer"] as const) await addAccount(store.database, role, role);
  admin = site.visitor();
  viewer = site.visitor();
  await admin.signIn("admin");
  await viewer.signIn("viewer");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

const URL = "https://hooks.example.com/rollcall";

test("is set, changed and taken back; what waited for who is no longer told is dropped", async () => {
  const tenant = await addTenant(store.database, { slug: "contoso", name: "Contoso" }, CONSOLE_SECRET);
  const { tenantId, connectionId } = tenant;
  const key = { tenantId, connectionId };
  const connection = `/tenants/contoso/connections/${connectionId}`;
  const path = `${connection}/digest`;
  expect((await admin.get(path)).text).toContain("Nothing yet");

  const wrong = [
    [{ url: "https://127.0.0.1/hook", emails: "" }, "Nothing can be sent to"],
    [{ url: "http://hooks.example.com/", emails: "" }, "it must begin with https"],
    [{ url: "", emails: "ops@example.com, <script>@x" }, "is no e-mail address"],
    [{ url: "", emails: Array.from({ length: 11 }, (_, n) => `a${n}@example.com`).join(" ") }, "10 e-mail"],
  ] as const;
  for (const [fields, said] of wrong) {
    const answer = await admin.post(path, fields);
    expect(answer.status).toBe(422);
    expect(answer.text).toContain(said);
    expect(answer.text).not.toContain("<script>@x");
  }

  const made = await admin.post(path, { url: URL, emails: "ops@example.com; sre@example.com" });
  const secret = /whsec_[\w+/=]+/.exec(made.text)?.[0];
  expect(secret).toBeDefined();
  expect(await findDigestSettings(store.database, key)).toEqual({
    url: URL,
    emails: ["ops@example.com", "sre@example.com"],
  });
  expect(await findDigestSecret(store.database, key, CONSOLE_SECRET)).toBe(secret);
  // Shown once; and the address of people to those alone who may change them.
  expect((await admin.get(path)).text).not.toContain("whsec_");
  expect((await viewer.get(path)).status).toBe(403);
  const seen = (await viewer.get(connection)).text;
  expect(seen).toContain("Told by webhook and by e-mail to 2 addresses");
  expect(seen).not.toContain("ops@example.com");

  // The same address keeps its secret, unless another is asked for.
  expect((await admin.post(path, { url: URL, emails: "ops@example.com" })).status).toBe(303);
  expect(await findDigestSecret(store.database, key, CONSOLE_SECRET)).toBe(secret);
  const renewed = /whsec_[\w+/=]+/.exec(
    (await admin.post(path, { url: URL, emails: "ops@example.com", renew: "yes" })).text,
  );
  expect(renewed?.[0]).not.toBe(secret);
  expect(await findDigestSecret(store.database, key, CONSOLE_SECRET)).toBe(renewed?.[0]);

  const id = await addCycle(store.database, tenant, { startedMinutesAgo: 30, refused: 1 });
  await store.database.transaction((tx) => insertDigests(tx, [{ tenantId, id }]));
  expect((await listDigests(store.database, key, 9)).map(({ channel }) => channel)).toEqual([
    "email",
    "webhook",
  ]);
  const log = (await admin.get(path)).text;
  expect(log).toContain("Waiting");
  expect(log).toContain(`/tenants/contoso/cycles/${id}`);

  await admin.post(path, { url: "", emails: "ops@example.com" });
  expect((await listDigests(store.database, key, 9)).map(({ channel }) => channel)).toEqual(["email"]);
  await admin.post(path, { url: "", emails: "" });
  expect(await findDigestSettings(store.database, key)).toEqual({ url: null, emails: [] });
  expect(await listDigests(store.database, key, 9)).toEqual([]);

  const audit = await listTenantAudit(store.database, tenantId, 10);
  expect(audit.map(({ subject }) => subject)).toEqual([
    "Azure AD: Nobody is told",
    "Azure AD: Told by e-mail to one address",
    "Azure AD: Told by webhook and by e-mail to one address",
    "Azure AD: Told by webhook and by e-mail to one address",
    "Azure AD: Told by webhook and by e-mail to 2 addresses",
  ]);
});
