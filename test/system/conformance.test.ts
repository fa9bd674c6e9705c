/** The conformance suite that any SCIM server can be pointed at, pointed at this one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GROUPS } from "../../tools/conformance/checks/index.ts";
import { formatResult } from "../../tools/conformance/report.ts";
import { runSuite } from "../../tools/conformance/runner.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService(openTestQueue(kind));
  });
  afterAll(() => service.stop());

  test("no MUST and nothing that Azure AD needs fails, and a tenant is left as empty as it was", async () => {
    const { token, scim } = await service.addTenant();

    const { results } = await runSuite({
      url: `${service.apiUrl}/scim/v2`,
      token,
      timeoutMs: 20_000,
      groups: GROUPS,
    });

    expect(results.filter(({ outcome }) => outcome === "fail").map(formatResult)).toEqual([]);
    // Changing one's password is the one thing that a service which keeps no passwords does not offer.
    expect(results.filter(({ outcome }) => outcome === "skip").map(({ id }) => id)).toEqual([
      "rfc7643-5-change-password",
    ]);
    for (const path of ["/Users", "/Groups"]) {
      expect((await scim("GET", path)).body.totalResults).toBe(0);
    }
  });
});
