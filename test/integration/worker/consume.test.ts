/** From jobs to their ends, on each queue: writes that are carried together end each for itself. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { jobOf } from "../../../src/queue/write-jobs.ts";
import { CORE_READING, readBody } from "../../../src/scim/index.ts";
import { waitFor } from "../../support/service.ts";
import { queueBackends } from "../../support/stores.ts";
import { writeCommand } from "../../support/write-command.ts";
import { startWriteWorker, type WriteWorkerStand } from "../../support/write-worker.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let stand: WriteWorkerStand;
  beforeAll(async () => {
    stand = await startWriteWorker(kind);
  });
  afterAll(() => stand.stop());

  const creation = (tenantId: string, userName: string): WriteCommand =>
    writeCommand({ tenantId, payload: readBody("User", { schemas: [USER], userName }, CORE_READING) });

  test("the refused ones of a job each fail under their own id, with their reason; the others are applied", async () => {
    const { queue, told } = stand;
    const tenantId = await stand.newTenant();
    const commands = ["ann", "ANN", "bob", "Bob"].map((name) => creation(tenantId, `${name}@contoso.com`));

    await queue.addBulk([jobOf(commands)]);
    await waitFor(async () => (await queue.getFailed()).length >= 2);

    const failed = await queue.getFailed();
    const refused = [commands[1], commands[3]].map((command) => command?.writeId);
    expect(failed.map(({ id }) => id).sort()).toEqual(refused.sort());
    expect(failed.map(({ failedReason }) => failedReason)).toEqual([
      expect.stringMatching(/^409 uniqueness: userName .* is taken/) as string,
      expect.stringMatching(/^409 uniqueness: userName .* is taken/) as string,
    ]);
    expect(commands.map(({ writeId }) => told.get(writeId)?.map((outcome) => outcome.kind))).toEqual([
      ["applied"],
      ["refused"],
      ["applied"],
      ["refused"],
    ]);
    expect(await stand.userNames(tenantId)).toEqual(["ann@contoso.com", "bob@contoso.com"]);
    await waitFor(async () => (await queue.getJobCountByTypes("waiting", "active", "delayed")) === 0);
  });

  test("a job that is delivered a second time changes nothing, and tells the same", async () => {
    const { queue, told } = stand;
    const tenantId = await stand.newTenant();
    const commands = ["cy", "CY", "dee"].map((name) => creation(tenantId, `${name}@contoso.com`));

    await queue.addBulk([jobOf(commands)]);
    await waitFor(() => commands.every(({ writeId }) => told.get(writeId)?.length === 1));
    await queue.addBulk([jobOf(commands)]);
    await waitFor(() => commands.every(({ writeId }) => told.get(writeId)?.length === 2));

    for (const { writeId } of commands) {
      const [first, second] = told.get(writeId) ?? [];
      expect(second?.kind).toBe(first?.kind);
    }
    expect(await stand.userNames(tenantId)).toEqual(["cy@contoso.com", "dee@contoso.com"]);
  });

  test("a write that cannot be applied at all fails alone, and its neighbours are applied", async () => {
    const { queue, told } = stand;
    const tenantId = await stand.newTenant();
    const poisoned = writeCommand({ tenantId, payload: { resource: "not an object" } });
    const commands = [creation(tenantId, "eve@contoso.com"), poisoned, creation(tenantId, "fay@contoso.com")];

    await queue.addBulk([jobOf(commands)]);
    await waitFor(async () => (await queue.getFailed()).some(({ id }) => id === poisoned.writeId));

    const job = await queue.getJob(poisoned.writeId);
    expect(job?.failedReason).toBe("a fault of Rollcall; see the log");
    expect(told.get(poisoned.writeId)).toMatchObject([{ kind: "fault" }]);
    expect(await stand.userNames(tenantId)).toEqual(["eve@contoso.com", "fay@contoso.com"]);
  });
});
