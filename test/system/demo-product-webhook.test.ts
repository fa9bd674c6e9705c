/** The demo product without the feed: a webhook alone makes it forget whom Azure has deactivated. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { createRollcallClient } from "../../src/client/index.ts";
import { createEndpoint } from "../../src/store/webhook-endpoints.ts";
import { createDemoProduct } from "../../tools/demo-product/product.ts";
import { startAzure } from "../support/azure.ts";
import { addProductKey } from "../support/product.ts";
import { startTestService, TEST_SECRET, waitFor } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";
import { SETTINGS } from "../support/webhooks.ts";

test("a session ends when a webhook tells of it, and nobody else can say so", async () => {
  const service = await startTestService(openTestQueue("postgres"), SETTINGS);
  const { tenantId, token } = await service.addTenant();
  const azure = startAzure(service.apiUrl, token);
  const key = await addProductKey(service.database, tenantId);
  // Answers are kept for longer than this test may take.
  const rollcall = createRollcallClient({ url: service.apiUrl, key, cacheMs: 3_600_000 });
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const wanted = { tenantId, url: `${url}/hooks/rollcall`, types: null, secret: TEST_SECRET };
  const { webhookSecret } = await service.database.transaction((tx) => createEndpoint(tx, wanted));
  server.on("request", createDemoProduct(rollcall, webhookSecret));
  const person = azure.hire();
  await azure.assign(person);
  const body = new URLSearchParams({ userName: person.userName });
  const signedIn = await fetch(`${url}/sign-in`, { method: "POST", body, redirect: "manual" });
  const cookie = signedIn.headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const session = async (): Promise<number> =>
    (await fetch(`${url}/session`, { headers: { cookie } })).status;
  expect(await session()).toBe(204);
  const forged = { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } };
  expect((await fetch(`${url}/hooks/rollcall`, forged)).status).toBe(400);

  await azure.remove(person);

  await waitFor(async () => (await session()) !== 204);
  expect((await fetch(`${url}/sign-in`, { method: "POST", body, redirect: "manual" })).status).toBe(403);
  azure.stop();
  server.close();
  server.closeAllConnections();
  await service.stop();
}, 180_000);
