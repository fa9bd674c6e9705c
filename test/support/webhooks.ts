/** A tenant whose events go to a receiver of ours, with the schedule of retries compressed. */
import type { EventType } from "../../src/store/events.ts";
import { createEndpoint } from "../../src/store/webhook-endpoints.ts";
import { type Receiver, startReceiver } from "./receiver.ts";
import { TEST_SECRET, type TestService, type TestTenant } from "./service.ts";

// Hours become tenths of a second.
export const SETTINGS = {
  WEBHOOK_HTTP_ALLOWED: "true",
  WEBHOOK_PRIVATE_ALLOWED: "true",
  WEBHOOK_RETRY_SECONDS: "0.1,0.2,0.2,0.2",
  WEBHOOK_PROBE_SECONDS: "1",
};
export const PATIENT = {
  ...SETTINGS,
  WEBHOOK_RETRY_SECONDS: Array.from({ length: 100 }, () => "0.2").join(","),
};

export interface Hooked extends TestTenant {
  readonly receiver: Receiver;
  readonly endpoint: { readonly tenantId: string; readonly id: string };
  readonly secret: string;
}

export async function hook(
  service: Pick<TestService, "addTenant" | "database">,
  types: readonly EventType[] | null = null,
  payloadVersion: 1 | 2 = 1,
): Promise<Hooked> {
  const tenant = await service.addTenant();
  const receiver = await startReceiver();
  const { tenantId } = tenant;
  const { id, webhookSecret } = await service.database.transaction((tx) =>
    createEndpoint(tx, { tenantId, url: receiver.url, types, payloadVersion, secret: TEST_SECRET }),
  );
  return { ...tenant, receiver, endpoint: { tenantId, id }, secret: webhookSecret };
}
