/** Discovery without a token, where an operator allows it: what it says is of the service, never of a tenant. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";

const ENDPOINTS = ["/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User"];

let service: TestService;
beforeAll(async () => {
  service = await startTestService(openTestQueue("postgres"), { DISCOVERY_PUBLIC: "true" });
});
afterAll(() => service.stop());

test("is answered, the same as with a token; everything else still wants one", async () => {
  const nobody = createScimClient(`${service.apiUrl}/scim/v2`, "");
  const { scim } = await service.addTenant();

  for (const endpoint of ENDPOINTS) {
    const [without, withToken] = [await nobody("GET", endpoint), await scim("GET", endpoint)];
    expect([endpoint, without.status]).toEqual([endpoint, 200]);
    expect(without.body).toEqual(withToken.body);
  }
  for (const endpoint of ["/Users", "/Groups", "/", "/Me"]) {
    expect([endpoint, (await nobody("GET", endpoint)).status]).toEqual([endpoint, 401]);
  }
  expect((await nobody("GET", "/Schemas?filter=id+pr")).status).toBe(403);
});
