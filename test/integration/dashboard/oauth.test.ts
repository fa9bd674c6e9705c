/** A connection's OAuth 2.0 page: the fields of Azure's form, a secret that is shown once, and whom the connection trusts. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { setClientKeys } from "../../../src/store/client-keys.ts";
import { findClientSecret, findFederation } from "../../../src/store/oauth-clients.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole } from "../../support/console.ts";
import { addAccount, seedConsole } from "../../support/console-seed.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
});
afterAll(async () => {
  await site.stop();
  await store.drop();
});

test("an admin makes a secret, which is shown once, and sets, corrects and ends a trust; all of it is audited", async () => {
  const { busy } = await seedConsole(store.database, CONSOLE_SECRET);
  await addAccount(store.database, "admin", "admin");
  const admin = site.visitor();
  await admin.signIn("admin");
  const { tenantId, connectionId } = busy;
  const path = `/tenants/${busy.slug}/connections/${connectionId}/oauth`;
  const trust = { issuer: "https://issuer.example.com/v2.0", subject: "sync", audience: "api://rollcall" };

  const shown = await admin.get(path);
  const made = await admin.post(`${path}/secret`, {});
  const secret = /rs_[\w-]{43}/.exec(made.text)?.[0] ?? "";

  for (const text of [
    "Token Endpoint",
    "https://scim.example.com/oauth2/token",
    "Client Identifier",
    connectionId,
  ])
    expect(shown.text).toContain(text);
  expect(await findClientSecret(store.database, CONSOLE_SECRET, { id: connectionId, secret })).toBeDefined();
  expect((await admin.get(path)).text).not.toContain(secret);
  expect((await admin.get(path)).text).toContain(secret.slice(0, 8));

  const wrong = await admin.post(`${path}/federation`, { ...trust, issuer: "the tenant" });
  expect([wrong.status, wrong.text]).toEqual([422, expect.stringContaining("the issuer is an address")]);
  expect((await admin.post(`${path}/federation`, trust)).status).toBe(303);
  expect(await findFederation(store.database, { tenantId, connectionId })).toMatchObject(trust);
  expect((await admin.get(path)).text).toContain('value="https://issuer.example.com/v2.0"');
  expect((await admin.post(`${path}/federation/remove`, {})).status).toBe(303);
  expect(await findFederation(store.database, { tenantId, connectionId })).toBeUndefined();

  const keysUrl = "https://idp.example.com/keys.json";
  await store.database.transaction((tx) =>
    setClientKeys(tx, { tenantId, connectionId }, { algorithm: "ES256", keys: null, keysUrl }),
  );
  expect((await admin.get(path)).text).toMatch(
    /signed with ES256[^]*https:\/\/idp\.example\.com\/keys\.json/,
  );

  const audit = await store.database.query<{ action: string; subject: string }>(
    "SELECT action, subject FROM audit WHERE tenant_id = $1",
    [tenantId],
  );
  const actions = audit.map(({ action }) => action);
  expect(actions).toEqual(
    expect.arrayContaining(["client_secret.issued", "federation.set", "federation.removed"]),
  );
  expect(JSON.stringify(audit)).not.toContain(secret);
});
