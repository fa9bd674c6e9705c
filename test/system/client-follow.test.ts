/** The product's client while it follows the events: answers are kept, and forgotten when something changed. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRollcallClient } from "../../src/client/index.ts";
import { addProductKey } from "../support/product.ts";
import { createUser, patch } from "../support/provision.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue(queueBackends()[0]!));
});
afterAll(() => service.stop());

test("an answer is kept until an event tells of the person, and asked for anew while nothing is heard", async () => {
  const tenant = await service.addTenant();
  const key = await addProductKey(service.database, tenant.tenantId);
  const asked: string[] = [];
  let isDown = false;
  // Between product and service, so that questions can be counted and the feed be cut.
  const between = createServer((request, response) => {
    const path = request.url ?? "";
    if (path.startsWith("/v1/login-check")) asked.push(path);
    if (isDown && path.startsWith("/v1/events")) {
      response.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "GET", headers } = request;
      const body = method === "GET" ? {} : { body: Buffer.concat(chunks) };
      fetch(`${service.apiUrl}${path}`, {
        ...{ method, ...body },
        headers: { Authorization: headers.authorization ?? "", "Content-Type": "application/json" },
      }).then(
        async (answer) => response.writeHead(answer.status).end(await answer.text()),
        () => response.destroy(),
      );
    });
  });
  await new Promise<void>((resolve) => {
    between.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
  const client = createRollcallClient({ url, key, cacheMs: 0, timeoutMs: 20_000 });
  const ada = await createUser(tenant.scim, "ada@contoso.com");
  const questionsOf = async (): Promise<number> => {
    const before = asked.length;
    await client.mayLogIn({ userName: "ada@contoso.com" });
    return asked.length - before;
  };
  expect(await questionsOf()).toBe(1);
  expect(await questionsOf()).toBe(1);

  const stop = client.follow();
  await expect.poll(questionsOf, { timeout: 30_000 }).toBe(0);
  await tenant.scim("PATCH", `/Users/${ada}`, patch({ op: "Replace", path: "active", value: "False" }));
  await expect
    .poll(() => client.mayLogIn({ userName: "ada@contoso.com" }), { timeout: 30_000 })
    .toMatchObject({ allowed: false, reason: "deactivated" });

  isDown = true;
  between.closeAllConnections();
  await expect.poll(questionsOf, { timeout: 30_000 }).toBe(1);
  isDown = false;
  await expect.poll(questionsOf, { timeout: 30_000 }).toBe(0);
  stop();
  await expect.poll(questionsOf, { timeout: 30_000 }).toBe(1);
  between.close();
  between.closeAllConnections();
});
