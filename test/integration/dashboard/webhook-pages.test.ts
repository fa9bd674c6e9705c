/** A tenant's pages for its webhooks, whether they get messages or tokens, and for streams that a receiver polls. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../../src/store/audit.ts";
import { findSigningEndpoint } from "../../../src/store/signing-endpoint.ts";
import { listEndpoints } from "../../../src/store/webhook-endpoints.ts";
import { addAccount, addTenant, type SeededTenant } from "../../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole, type TestVisitor } from "../../support/console.ts";
import { createTestDatabase, type TestDatabase } from "../../support/stores.ts";

let store: TestDatabase;
let site: TestConsole;
let admin: TestVisitor;
let viewer: TestVisitor;
let tenant: SeededTenant;
const path = "/tenants/contoso";

beforeAll(async () => {
  store = await createTestDatabase();
  site = await startConsole(store.database);
  for (const role of ["admin", "viewer"] as const) await addAccount(store.database, role, role);
  [admin, viewer] = [site.visitor(), site.visitor()];
  await admin.signIn("admin");
  await viewer.signIn("viewer");
  tenant = await addTenant(store.database, { slug: "contoso", name: "Contoso" }, CONSOLE_SECRET);
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

test("a webhook is added to a public address alone, paused, given another secret, and deleted", async () => {
  const { database } = store;
  for (const url of ["http://hooks.example.com/", "https://127.0.0.1/", "hooks"])
    expect((await admin.post(`${path}/webhooks`, { url })).status, url).toBe(422);
  const url = "https://hooks.example.com/rollcall";
  const answer = await admin.post(`${path}/webhooks`, {
    url,
    "user.deactivated": "yes",
    "user.adopted": "yes",
  });
  const secret = /whsec_[\w+/=]+/.exec(answer.text)?.[0] ?? "";
  const [endpoint] = await listEndpoints(database, tenant.tenantId);
  expect(endpoint).toMatchObject({ url, types: ["user.adopted", "user.deactivated"] });
  const page = `${path}/webhooks/${endpoint!.id}`;

  expect(words((await viewer.get(page)).text)).toContain("No event has been sent yet");
  expect((await viewer.get(page)).text).not.toContain(secret);
  await admin.post(`${page}/pause`);
  expect(words((await viewer.get(`${path}/webhooks`)).text)).toContain("Paused");
  await admin.post(`${page}/resume`);
  expect(endpoint).toMatchObject({ payloadVersion: 2 });
  expect((await admin.post(`${page}/version`, { version: "3" })).status).toBe(404);
  expect((await admin.post(`${page}/version`, { version: "1" })).status).toBe(303);
  expect(words((await viewer.get(page)).text)).toContain("Messages, version 1");
  const rotated = await admin.post(`${page}/secret`);
  const second = /whsec_[\w+/=]+/.exec(rotated.text)?.[0] ?? "";
  expect((await findSigningEndpoint(database, endpoint!, CONSOLE_SECRET))?.secrets).toEqual([second, secret]);
  expect((await admin.post(`${page}/redeliver`, { since: "never" })).status).toBe(422);
  expect((await admin.post(`${page}/redeliver`, { since: "2026-01-01T00:00" })).status).toBe(303);
  expect((await admin.post(`${page}/delete`)).status).toBe(422);
  await admin.post(`${page}/delete`, { understood: "yes" });

  expect(await listEndpoints(database, tenant.tenantId)).toEqual([]);
  expect(await audited()).toEqual(
    ["deleted", "secret_rotated", "version_changed", "resumed", "paused", "created"].map(
      (what) => `admin webhook.${what} ${url}`,
    ),
  );
});

test("tokens are sent with an audience, or wait for a receiver that is told where to ask", async () => {
  const { database } = store;
  const url = "https://events.example.com/sets";
  const poll = { delivery: "poll", url: "" };
  for (const wrong of [
    { ...poll, format: "json" },
    { url, format: "set", "cycle.completed": "yes" },
    { ...poll, format: "set", audience: "a".repeat(2_001) },
    // A header is for who is sent tokens.
    { url, format: "json", authorization: "Bearer 9f2c" },
    { ...poll, format: "set", authorization: "Bearer 9f2c" },
    { url, format: "set", authorization: "9f2c" },
  ])
    expect((await admin.post(`${path}/webhooks`, wrong)).status).toBe(422);
  const sent = await admin.post(`${path}/webhooks`, { url, format: "set-notice", audience: "urn:product" });
  expect(words(sent.text)).toContain("Authorization: Bearer");
  expect((await admin.post(`${path}/webhooks`, { ...poll, format: "set" })).status).toBe(303);
  const [pushed, polled] = await listEndpoints(database, tenant.tenantId);
  expect(pushed).toMatchObject({ url, format: "set-notice", delivery: "push", audience: "urn:product" });
  expect(polled).toMatchObject({ format: "set", delivery: "poll", url: `urn:rollcall:stream:${polled!.id}` });

  const shown = words((await viewer.get(`${path}/webhooks/${polled!.id}`)).text);
  expect(shown).toContain(`https://scim.example.com/v1/security-events/${polled!.id}`);
  expect(shown).toContain("https://scim.example.com/.well-known/jwks.json");
  expect(shown).toContain("Last asked Never");
  expect(words((await viewer.get(`${path}/webhooks`)).text)).toContain("Tokens, polled");
  const header = (id: string, authorization: string) =>
    admin.post(`${path}/webhooks/${id}/authorization`, { authorization });
  const own = "Bearer of its own";
  expect((await header(pushed!.id, "Bearer")).status).toBe(422);
  expect((await header(pushed!.id, own)).status).toBe(303);
  const { text } = await admin.get(`${path}/webhooks/${pushed!.id}`);
  expect(words(text)).toContain("Authorization header Its own, which is shown nowhere again");
  expect(text).not.toContain(own);
  expect((await findSigningEndpoint(database, pushed!, CONSOLE_SECRET))?.authorization).toBe(own);
  await header(pushed!.id, "");
  expect((await findSigningEndpoint(database, pushed!, CONSOLE_SECRET))?.authorization).toBeUndefined();
  await header(polled!.id, own);
  expect((await findSigningEndpoint(database, polled!, CONSOLE_SECRET))?.authorization).toBeUndefined();
  for (const { id } of [pushed!, polled!])
    await admin.post(`${path}/webhooks/${id}/delete`, { understood: "yes" });
});

test("a receiver of tokens that wants a header of its own is given it when it is added", async () => {
  const { database } = store;
  const [url, own] = ["https://own.example.com/sets", "Bearer of its own"];
  expect((await viewer.post(`${path}/webhooks`, { url, format: "set", authorization: own })).status).toBe(
    403,
  );
  const answer = await admin.post(`${path}/webhooks`, { url, format: "set", authorization: own });

  // There is no secret to copy: the header stands in its place.
  expect(answer.status).toBe(303);
  const endpoint = (await listEndpoints(database, tenant.tenantId)).find((each) => each.url === url);
  expect((await findSigningEndpoint(database, endpoint!, CONSOLE_SECRET))?.authorization).toBe(own);
  const page = words((await admin.get(`${path}/webhooks/${endpoint!.id}`)).text);
  expect(page).toContain("Its own, which is shown nowhere again");
  expect(page).not.toContain("of its own");
  expect((await audited()).slice(0, 2).toSorted()).toEqual(
    ["authorization_set", "created"].map((what) => `admin webhook.${what} ${url}`),
  );
});
