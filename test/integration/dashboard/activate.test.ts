/** Activating, rotating and revoking where it gets rough: what the database holds, double clicks, forged forms. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { tokenHint } from "../../../src/platform/secrets.ts";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { findClientSecret } from "../../../src/store/oauth-clients.ts";
import { findPrincipal } from "../../../src/store/tenants.ts";
import { addAccount, addTenant, type SeededTenant } from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

const TOKEN = /rc_[\w-]{43}/;
const SECRET = /rs_[\w-]{43}/;

let store: TestDatabase;
let site: TestConsole;
let admin: TestVisitor;

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  await addAccount(store.database, "admin", "admin");
});
beforeEach(async () => {
  admin = site.visitor();
  await admin.signIn("admin");
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

/** Every row of every table, as text. */
async function wholeDatabase(): Promise<string> {
  const tables = await store.database.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const rows = await Promise.all(
    tables.map(({ name }) => store.database.query(`SELECT to_jsonb(t) AS row FROM ${name} AS t`)),
  );
  return JSON.stringify(rows);
}

async function addNamed(slug: string): Promise<{ tenant: SeededTenant; path: string }> {
  const tenant = await addTenant(store.database, { slug, name: slug }, CONSOLE_SECRET);
  return { tenant, path: `/tenants/${slug}/connections/${tenant.connectionId}` };
}

async function liveTokens({ connectionId }: SeededTenant): Promise<number> {
  const rows = await store.database.query(
    `SELECT FROM tokens WHERE connection_id = $1 AND revoked_at IS NULL`,
    [connectionId],
  );
  return rows.length;
}

const makeSecret = async (path: string): Promise<string> => (await admin.post(`${path}/oauth/secret`)).text;
const works = async (token: string): Promise<boolean> =>
  (await findPrincipal(store.database, CONSOLE_SECRET, token)) !== undefined;

test("no table holds the token, in whatever form it could be read back from", async () => {
  const made = await admin.post("/activate", { name: "Contoso Ltd", slug: "contoso" });
  const token = TOKEN.exec(made.text)?.[0] ?? "";

  const everything = await wholeDatabase();

  expect(await works(token)).toBe(true);
  expect(everything).toContain("contoso");
  expect(everything).not.toContain(token.slice(10));
  expect(everything).not.toContain(Buffer.from(token).toString("hex"));
  expect(everything).not.toContain(Buffer.from(token).toString("base64"));
});

test("the page that shows a token is kept by no cache and no history", async () => {
  const made = await admin.post("/activate", { name: "Cache", slug: "cache" });

  expect(made.text).toMatch(TOKEN);
  expect(made.headers.get("cache-control")).toBe("no-store");
  expect(made.headers.get("referrer-policy")).toBe("same-origin");
});

test("a form sent twice at once makes one tenant and shows one token", async () => {
  const answers = await Promise.all(
    [1, 2, 3].map(() => admin.post("/activate", { name: "Twice", slug: "twice" })),
  );

  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  const rows = await store.database.query(`SELECT FROM tenants WHERE slug = 'twice'`);
  expect(rows).toHaveLength(1);
});

test.each([
  ["Capital-Letters", 200],
  ["-begins", 422],
  ["ends-", 422],
  ["a".repeat(63), 200],
  ["b".repeat(64), 422],
  ["ümlaut", 422],
  ["../..", 422],
])("the short name %s is answered %i", async (slug, status) => {
  expect((await admin.post("/activate", { name: "Any", slug })).status).toBe(status);
});

test.each([
  ["", 422],
  ["   ", 422],
  ["x".repeat(100), 200],
  ["x".repeat(101), 422],
])("a name such as %j is answered %i", async (name, status) => {
  const slug = `name-${name.length}`;
  expect((await admin.post("/activate", { name, slug })).status).toBe(status);
});

test("revoking is only done by the form that was asked for: not by GET, not without the tick", async () => {
  const { tenant, path } = await addNamed("careful");

  await admin.get(`${path}/rotate`);
  await admin.get(`${path}/revoke`);
  await admin.get(`${path}/revoke?understood=yes`);
  const unticked = await admin.post(`${path}/revoke`, { understood: "no" });

  expect(unticked.status).toBe(422);
  expect(await works(tenant.token)).toBe(true);
});

test("tokens of one tenant cannot be rotated or revoked under another's name", async () => {
  const { tenant } = await addNamed("victim");
  await addNamed("other");
  const path = `/tenants/other/connections/${tenant.connectionId}`;

  const rotated = await admin.post(`${path}/rotate`);
  const revoked = await admin.post(`${path}/revoke`, { understood: "yes" });

  expect([rotated.status, revoked.status]).toEqual([404, 404]);
  expect(await works(tenant.token)).toBe(true);
});

test("after revoking, a new token can be made", async () => {
  const { tenant, path } = await addNamed("again");
  await admin.post(`${path}/revoke`, { understood: "yes" });
  expect(await liveTokens(tenant)).toBe(0);

  const asked = await admin.get(`${path}/rotate`);
  const made = await admin.post(`${path}/rotate`);

  expect(asked.text).toContain("The connection has no token");
  expect(await works(TOKEN.exec(made.text)?.[0] ?? "")).toBe(true);
});

test("rotating names the token that it replaces, and no client secret made since", async () => {
  const { tenant, path } = await addNamed("beside");
  const secret = SECRET.exec(await makeSecret(path))?.[0] ?? "";

  const { text } = await admin.get(`${path}/rotate`);

  expect(text).toContain(`<code>${tokenHint(tenant.token)}…</code>`);
  expect(secret).not.toBe("");
  expect(text).not.toContain(tokenHint(secret));
});

test("a connection with client secrets alone has no token to rotate, and none that goes on", async () => {
  const { path } = await addNamed("secrets-alone");
  await admin.post(`${path}/revoke`, { understood: "yes" });
  // The first of them goes on beside the second for a week.
  for (const text of [await makeSecret(path), await makeSecret(path)]) expect(text).toMatch(SECRET);

  expect((await admin.get(`${path}/rotate`)).text).toContain("The connection has no token");
  const made = await admin.post(`${path}/rotate`);

  expect(made.text).toMatch(TOKEN);
  expect(made.text).toContain("The old token has ended");
});

test("each change is in the audit, with who did it and without the token", async () => {
  const { tenant, path } = await addNamed("audited");
  const rotated = await admin.post(`${path}/rotate`);
  await admin.post(`${path}/revoke`, { understood: "yes" });

  const audit = await store.database.query<{ actor: string; action: string; subject: string }>(
    `SELECT actor, action, subject FROM audit WHERE tenant_id = $1 ORDER BY id`,
    [tenant.tenantId],
  );

  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual([
    "admin token.rotated",
    "admin token.revoked",
  ]);
  expect(JSON.stringify(audit)).not.toContain(TOKEN.exec(rotated.text)?.[0]);
});

test("one session's form token does not open another's forms", async () => {
  const { tenant, path } = await addNamed("forged");
  const attacker = site.visitor();
  await addAccount(store.database, "attacker", "viewer");
  await attacker.signIn("attacker");
  const csrf = /name="csrf" value="([^"]+)"/.exec((await attacker.get("/")).text)?.[1] ?? "";

  const answer = await admin.post(`${path}/rotate`, { csrf });

  expect(csrf).not.toBe("");
  expect(answer.status).toBe(403);
  expect(await works(tenant.token)).toBe(true);
});

test("the dialect is chosen with the tenant, shown on the connection's page, and changed there with an audit line", async () => {
  const made = await admin.post("/activate", { name: "Speaks", slug: "speaks", dialect: "okta" });
  const principal = (await findPrincipal(store.database, CONSOLE_SECRET, TOKEN.exec(made.text)?.[0] ?? ""))!;
  const path = `/tenants/speaks/connections/${principal.connectionId}`;
  expect(principal.dialect).toBe("okta");
  expect((await admin.get(path)).text).toMatch(/Okta\s+<a href="[^"]+\/dialect">Change<\/a>/);

  expect((await admin.get(`${path}/dialect`)).text).toContain('<option value="okta" selected>');
  expect((await admin.post(`${path}/dialect`, { dialect: "latin" })).status).toBe(422);
  expect((await admin.post(`${path}/dialect`, { dialect: "strict" })).status).toBe(303);
  expect((await admin.post(`${path}/dialect`, { dialect: "strict" })).status).toBe(303);

  expect((await admin.get(path)).text).toContain("Strict");
  const audit = await listTenantAudit(store.database, principal.tenantId, 10);
  expect(audit.filter(({ action }) => action === "connection.dialect_changed")).toMatchObject([
    { actor: "admin", subject: "Azure AD: okta → strict" },
  ]);
});

test("a viewer sees the dialect and has no way to change it", async () => {
  await addAccount(store.database, "viewer", "viewer");
  const { path } = await addNamed("seen");
  const viewer = site.visitor();
  await viewer.signIn("viewer");

  expect((await viewer.get(path)).text).toContain("Azure AD (Entra ID)");
  expect((await viewer.get(path)).text).not.toContain("/dialect");
  expect((await viewer.get(`${path}/dialect`)).status).toBe(403);
  expect((await viewer.post(`${path}/dialect`, { dialect: "strict" })).status).toBe(403);
});

test("client credentials: four values by the names of Azure's form, the secret once, and nothing else that opens", async () => {
  const fields = { name: "Secretive", slug: "secretive", authentication: "client_secret" };
  const made = await admin.post("/activate", fields);
  const secret = /rs_[\w-]{43}/.exec(made.text)?.[0] ?? "";
  const [row] = await store.database.query<{ tenantId: string; id: string }>(
    `SELECT c.tenant_id AS "tenantId", c.id FROM connections c JOIN tenants t ON t.id = c.tenant_id WHERE t.slug = 'secretive'`,
  );
  const client = { id: row?.id ?? "", secret };

  for (const label of ["Tenant URL", "Token Endpoint", "Client Identifier", "Client Secret"])
    expect(made.text).toContain(`<dt>${label}</dt>`);
  expect(made.text).toContain("https://scim.example.com/oauth2/token");
  expect(made.text).not.toMatch(TOKEN);
  expect(made.headers.get("cache-control")).toBe("no-store");
  expect(await findClientSecret(store.database, CONSOLE_SECRET, client)).toMatchObject({
    tenantId: row?.tenantId,
  });
  expect(await works(secret)).toBe(false);
  expect(await wholeDatabase()).not.toContain(secret.slice(10));
  const audit = await listTenantAudit(store.database, row?.tenantId ?? "", 10);
  expect(audit.map(({ action }) => action)).toContain("client_secret.issued");
  for (const path of ["", "/oauth"])
    expect((await admin.get(`/tenants/secretive/connections/${client.id}${path}`)).text).not.toContain(
      secret,
    );
});

test("federation: no secret at all, and the page on which the issuer is named; a bearer token is warned of", async () => {
  const federated = await admin.post("/activate", {
    name: "Federated",
    slug: "federated",
    authentication: "federation",
  });
  expect(federated.status).toBe(303);
  const page = await admin.get(federated.headers.get("location") ?? "");
  for (const label of ["Issuer", "Subject", "Audience"]) expect(page.text).toContain(`${label}</label>`);
  const tokens = await store.database.query(
    "SELECT FROM tokens k JOIN tenants t ON t.id = k.tenant_id WHERE t.slug = 'federated'",
  );
  expect(tokens).toEqual([]);

  const form = await admin.get("/activate");
  expect(form.text).toMatch(/value="client_secret"[^>]*checked/);
  expect(form.text).toContain("Its gallery no longer accepts it");
  const bearer = await admin.post("/activate", { name: "Old", slug: "old", authentication: "bearer" });
  expect(bearer.text).toMatch(TOKEN);
  expect(bearer.text).toContain("gallery no longer takes long-lived tokens");
});

test("another connection of a tenant is asked the same, and keeps what was chosen where the name is wrong", async () => {
  const { path, tenant } = await addNamed("another");
  const connect = path.replace(/\/connections\/.*/, "/connect");
  const wrong = await admin.post(connect, { name: "", authentication: "federation" });
  expect([wrong.status, /value="federation"[^>]*checked/.test(wrong.text)]).toEqual([422, true]);
  const made = await admin.post(connect, { name: "Second", authentication: "client_secret" });
  expect(made.text).toMatch(/rs_[\w-]{43}/);
  expect(await liveTokens(tenant)).toBe(1);
});
