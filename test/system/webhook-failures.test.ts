/** Webhooks to a receiver that goes on failing: bounded patience, a pause that is seen, and no way into our network. */
import { expect, test } from "vitest";
import { listTenantAudit } from "../../src/store/audit.ts";
import { listEndpoints } from "../../src/store/webhook-endpoints.ts";
import { listDeliveries } from "../../src/store/webhook-log.ts";
import { createUser, patch } from "../support/provision.ts";
import { startTestService, waitFor } from "../support/service.ts";
import { openTestQueue } from "../support/stores.ts";
import { hook, PATIENT, SETTINGS } from "../support/webhooks.ts";

test("an endpoint that goes on failing: an event is given up after its attempts, and the next goes on", async () => {
  const service = await startTestService(openTestQueue("postgres"), SETTINGS);
  const { scim, receiver, endpoint } = await hook(service);
  receiver.answer(({ type }) => (type === "user.created" ? 500 : 204));
  const id = await createUser(scim, "a@contoso.com");
  await scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: "x" }));
  await waitFor(() => receiver.taken().length === 1, 180_000);

  expect(receiver.received.map(({ message }) => message.type)).toEqual([
    ...Array.from({ length: 5 }, () => "user.created"),
    "user.updated",
  ]);
  const failed = await listDeliveries(service.database, endpoint, { limit: 10, failedOnly: true });
  expect(failed).toMatchObject([{ type: "user.created", attempts: 5, status: 500 }]);
  const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
  expect(metrics).toMatch(/rollcall_webhook_deliveries_total\{result="retried"\} 4/);
  expect(metrics).toMatch(/rollcall_webhook_deliveries_total\{result="failed"\} 1/);
  await service.stop();
  await receiver.goAway();
});

test("an endpoint that only fails is paused by itself, which the audit says, and is taken up again once a probe is answered", async () => {
  const service = await startTestService(openTestQueue("postgres"), {
    ...PATIENT,
    WEBHOOK_PAUSE_SECONDS: "1",
  });
  const { scim, receiver, tenantId } = await hook(service);
  const state = async () => (await listEndpoints(service.database, tenantId))[0];
  receiver.answer(() => 503);
  await createUser(scim, "a@contoso.com");
  await waitFor(async () => (await state())?.pauseReason === "failing", 90_000);

  receiver.answer(() => 204);
  await waitFor(async () => (await state())?.pauseReason === null, 90_000);

  const audit = await listTenantAudit(service.database, tenantId, 10);
  expect(audit.map(({ actor, action }) => [actor, action])).toEqual([
    ["webhooks", "webhook.resumed"],
    ["webhooks", "webhook.paused"],
  ]);
  await service.stop();
  await receiver.goAway();
});

test("an endpoint that has been away for long is tried again within a minute", async () => {
  const service = await startTestService(openTestQueue("postgres"), {
    ...SETTINGS,
    WEBHOOK_RETRY_SECONDS: "5,300",
  });
  const { scim, receiver, tenantId } = await hook(service);
  receiver.answer(() => 503);
  await service.database.query("UPDATE webhook_endpoints SET failures = 50 WHERE tenant_id = $1", [tenantId]);
  await createUser(scim, "a@contoso.com");
  await waitFor(async () => (await listEndpoints(service.database, tenantId))[0]?.failures === 51);

  const [row] = await service.database.query<{ seconds: number }>(
    `SELECT extract(epoch FROM retry_at - now())::float8 AS seconds FROM webhook_endpoints WHERE tenant_id = $1`,
    [tenantId],
  );
  expect(row?.seconds).toBeLessThanOrEqual(60);
  await service.stop();
  await receiver.goAway();
});

test("an endpoint that says it is gone is paused at once, and not probed", async () => {
  const service = await startTestService(openTestQueue("postgres"), PATIENT);
  const { scim, receiver, tenantId } = await hook(service);
  receiver.answer(() => 410);
  await createUser(scim, "a@contoso.com");
  await waitFor(async () => (await listEndpoints(service.database, tenantId))[0]?.pauseReason === "gone");
  expect(receiver.received).toHaveLength(1);
  await service.stop();
  await receiver.goAway();
});

test("an endpoint on a private address that settings do not allow gets nothing at all", async () => {
  const service = await startTestService(openTestQueue("postgres"), {
    ...PATIENT,
    WEBHOOK_PRIVATE_ALLOWED: "false",
  });
  const { scim, receiver, endpoint, tenantId } = await hook(service);
  const byName = receiver.url.replace("127.0.0.1", "localhost");
  await service.database.query("UPDATE webhook_endpoints SET url = $2 WHERE tenant_id = $1", [
    tenantId,
    byName,
  ]);
  await createUser(scim, "a@contoso.com");
  const last = async () =>
    (await listDeliveries(service.database, endpoint, { limit: 1, failedOnly: false }))[0];
  await waitFor(async () => ((await last())?.attempts ?? 0) > 1);

  expect((await last())?.error).toContain("not of the public internet");
  expect(receiver.received).toEqual([]);
  await service.stop();
  await receiver.goAway();
});
