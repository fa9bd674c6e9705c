/** Webhooks while the worker, and with it the relay, is killed again and again: nothing is lost, no order is broken. */
import { expect, test } from "vitest";
import { prepareStores } from "../../src/prepare.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createUser, patch } from "../support/provision.ts";
import { verify } from "../support/receiver.ts";
import { addTenant, type ServiceProcess, spawnService, testEnv, waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue } from "../support/stores.ts";
import { hook, PATIENT } from "../support/webhooks.ts";

const KILLS = 3;
const USERS = 6;

test("a worker that is killed at any moment loses no event and breaks no resource's order", async () => {
  const store = await createTestDatabase();
  // A claimed delivery is taken up again after its time limit and a little more.
  const env = testEnv(store.url, openTestQueue("postgres"), { ...PATIENT, WEBHOOK_TIMEOUT_MS: "1000" });
  await prepareStores(parseConfig(env));
  const api = await spawnService({ ...env, ROLES: "api" });
  const startWorker = (): Promise<ServiceProcess> => spawnService({ ...env, ROLES: "worker" });
  let worker = await startWorker();
  const { scim, receiver, secret, tenantId } = await hook({
    database: store.database,
    addTenant: () => addTenant(store, api.apiUrl),
  });
  const users = await Promise.all(
    Array.from({ length: USERS }, (_unused, n) => createUser(scim, `u${n}@contoso.com`)),
  );

  for (let round = 1; round <= KILLS; round += 1) {
    const before = receiver.received.length;
    const writing = Promise.all(
      users.map((id) =>
        scim("PATCH", `/Users/${id}`, patch({ op: "replace", path: "title", value: `round ${round}` })),
      ),
    );
    await waitFor(() => receiver.received.length > before, 180_000);
    await worker.kill();
    worker = await startWorker();
    // A write whose worker died is answered by the next one, or 503 and then repeated by its client.
    await writing;
  }

  const events = await store.database.query<{ id: string; resourceId: string; position: string }>(
    `SELECT 'evt_' || id AS id, resource_id AS "resourceId", position FROM events WHERE tenant_id = $1 ORDER BY position`,
    [tenantId],
  );
  const arrived = (): Set<string> => new Set(receiver.taken().map(({ id }) => id));
  await waitFor(() => events.every(({ id }) => arrived().has(id)), 270_000);
  for (const received of receiver.received) verify(secret, received);
  // Seen for the first time, each resource's events are in their order; again they may come at any time.
  const firsts = [...arrived()];
  for (const user of users) {
    const wanted = events.filter(({ resourceId }) => resourceId === user).map(({ id }) => id);
    expect(firsts.filter((id) => wanted.includes(id))).toEqual(wanted);
  }
  await Promise.all([worker.stop(), api.stop()]);
  await receiver.goAway();
  await store.drop();
}, 720_000);
