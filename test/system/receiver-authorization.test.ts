/** A receiver of tokens that wants a header of its own: given by product or shell, sent with each token, shown nowhere again. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import { createEndpoint } from "../../src/store/webhook-endpoints.ts";
import { type LoggedDelivery, listDeliveries } from "../../src/store/webhook-log.ts";
import { type Ended, rollcall } from "../support/cli.ts";
import { addProductTenant } from "../support/product.ts";
import { createUser } from "../support/provision.ts";
import { startTestService, TEST_SECRET, testEnv, type TestService, waitFor } from "../support/service.ts";
import { startSetReceiver } from "../support/set-receiver.ts";
import { openTestQueue } from "../support/stores.ts";
import { PATIENT } from "../support/webhooks.ts";

const AUDIENCE = "https://product.example.com/events";
const OWN = "Bearer of its own";

let service: TestService;
let env: ReturnType<typeof testEnv>;
beforeAll(async () => {
  const queue = openTestQueue("postgres");
  service = await startTestService(queue, PATIENT);
  env = testEnv(service.databaseUrl, queue, PATIENT);
});
afterAll(() => service.stop());

const run = (...args: readonly string[]): Promise<Ended> => rollcall(env, ...args);

test("a receiver that lets in nobody but who shows its own header gets what waited once it is set", async () => {
  const { tenantId, scim, product } = await addProductTenant(service);
  const { tenant: slug } = (await product("GET", "")).body as { tenant: string };
  const receiver = await startSetReceiver(OWN);
  const create = ["webhook", "create", slug, receiver.url, "--format", "set", "--audience", AUDIENCE];
  const made = JSON.parse((await run(...create, "--json")).stdout) as { endpoint: string; secret: string };
  const { endpoint: id, secret } = made;
  const log = (): Promise<readonly LoggedDelivery[]> =>
    listDeliveries(service.database, { tenantId, id }, { limit: 10, failedOnly: false });
  const change = (authorization: string | null) => product("PATCH", `/webhooks/${id}`, { authorization });
  const tried = async (): Promise<string> => (await run("webhook", "test", slug, id)).stdout;
  await createUser(scim, "ada@contoso.com");
  await waitFor(async () => (await log()).some(({ status }) => status === 401));

  for (const wrong of ["its-own", "Bearer a\r\nX-Other: b", "Bearer ä", `Bearer ${"a".repeat(4_000)}`])
    expect(await change(wrong)).toMatchObject({ status: 400 });
  const set = await change(OWN);
  expect(set).toMatchObject({ status: 200, body: { id, hasAuthorization: true } });
  await waitFor(async () => (await log()).every(({ state }) => state === "delivered"));
  expect(decodeJwt(receiver.received.at(-1)!.body)).toMatchObject({ aud: AUDIENCE });
  expect(await tried()).toContain("answered 202");

  // Shown nowhere again: not by the shell, not to the product, and Postgres has it sealed.
  const told = JSON.stringify([set.body, (await product("GET", "/webhooks")).body]);
  expect(told + (await run("webhook", "list", slug, "--json")).stdout).not.toContain("of its own");
  const [kept] = await service.database.query<{ auth: Buffer }>(
    "SELECT receiver_auth AS auth FROM webhook_endpoints WHERE id = $1",
    [id],
  );
  expect(kept!.auth.toString("latin1")).not.toContain("of its own");

  expect((await run("webhook", "set-authorization", slug, id, "--none")).code).toBe(0);
  expect(await tried()).toBe("");
  expect(receiver.received.at(-1)!.headers.authorization).toBe(`Bearer ${secret}`);
  const file = join(mkdtempSync(join(tmpdir(), "rollcall-header-")), "header");
  writeFileSync(file, `${OWN}\n`);
  await run("webhook", "set-authorization", slug, id, "--from", file);
  rmSync(dirname(file), { recursive: true });
  expect(await tried()).toContain("answered 202");
  const audit = await listTenantAudit(service.database, tenantId, 20);
  expect(audit.map(({ actor, action }) => `${actor} ${action}`)).toEqual(
    expect.arrayContaining([
      "product webhook.authorization_set",
      "cli webhook.authorization_removed",
      "cli webhook.authorization_set",
    ]),
  );
  await receiver.stop();
});

test("what is told messages, or asks for tokens, is shown no header", async () => {
  const { product, tenantId } = await addProductTenant(service);
  const wanted = { authorization: OWN };
  for (const [url, format] of [
    ["https://example.com", "json"],
    [null, "set"],
  ] as const) {
    const { id } = await service.database.transaction((tx) =>
      createEndpoint(tx, { tenantId, url, types: null, format, secret: TEST_SECRET }),
    );
    expect((await product("PATCH", `/webhooks/${id}`, wanted)).status).toBe(404);
    expect((await product("PATCH", `/webhooks/${id}`, { ...wanted, payloadVersion: 1 })).status).toBe(400);
  }
});
