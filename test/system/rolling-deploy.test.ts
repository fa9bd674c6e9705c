/** A deploy under load: each worker is replaced by the next while the schema grows, and no client notices. */
import { afterEach, describe, expect, test } from "vitest";
import { prepareStores } from "../../src/prepare.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { USER } from "../support/provision.ts";
import { addTenant, type ServiceProcess, spawnService, testEnv, waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends } from "../support/stores.ts";

const CLIENTS = 6;

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

describe.each(queueBackends())("with the queue on %s", (kind) => {
  test("workers are replaced and a migration runs in between: every write is answered 201, and is there once", async () => {
    const store = await createTestDatabase();
    cleanUps.push(() => store.drop());
    const env = testEnv(store.url, openTestQueue(kind));
    await prepareStores(parseConfig({ ...env, ROLES: "api,worker,dashboard" }));
    const spawn = async (roles: string): Promise<ServiceProcess> => {
      const started = await spawnService({ ...env, ROLES: roles });
      cleanUps.push(() => (started.child.exitCode === null ? started.stop() : Promise.resolve()));
      return started;
    };
    const [api, one, two] = await Promise.all([spawn("api"), spawn("worker"), spawn("worker")]);
    const { scim, tenantId } = await addTenant(store, api.apiUrl);

    const created: string[] = [];
    const answers = new Map<number, number>();
    let isOver = false;
    const clients = Array.from({ length: CLIENTS }, async (_, client) => {
      for (let number = 1; !isOver; number += 1) {
        const userName = `user-${client}-${number}@contoso.com`;
        const { status } = await scim("POST", "/Users", { schemas: [USER], userName });
        answers.set(status, (answers.get(status) ?? 0) + 1);
        created.push(userName);
      }
    });
    const underLoad = async (): Promise<void> => {
      const before = created.length;
      await waitFor(() => Promise.resolve(created.length > before + 3 * CLIENTS), 180_000);
    };

    await underLoad();
    const three = await spawn("worker");
    await one.stop();
    await underLoad();
    // What an expanding migration does: those who do not know the column go on.
    await store.database.query("ALTER TABLE users ADD COLUMN added_by_a_deploy text");
    await underLoad();
    await spawn("worker");
    await two.stop();
    await underLoad();
    await three.stop();
    await underLoad();
    isOver = true;
    await Promise.all(clients);

    expect([...answers]).toEqual([[201, created.length]]);
    const held = await store.database.query<{ name: string; version: string }>(
      "SELECT resource ->> 'userName' AS name, version FROM users WHERE tenant_id = $1",
      [tenantId],
    );
    expect(held.map(({ name }) => name).sort()).toEqual([...created].sort());
    expect(new Set(held.map(({ version }) => version))).toEqual(new Set(["1"]));
  });
});
