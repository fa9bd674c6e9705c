/** A process that both answers and applies: it begins with a write at once, and the queue knows of it all the same. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { Dispatch } from "../../../src/queue/dispatch.ts";
import { parkedJobOf } from "../../../src/queue/write-jobs.ts";
import { CORE_READING, readBody } from "../../../src/scim/index.ts";
import { waitFor } from "../../support/service.ts";
import { queueBackends } from "../../support/stores.ts";
import { writeCommand } from "../../support/write-command.ts";
import { startWriteWorker, type WriteWorkerStand } from "../../support/write-worker.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let stand: WriteWorkerStand;
  let dispatch: Dispatch;
  beforeAll(async () => {
    stand = await startWriteWorker(kind);
    const { queue, ownWorker } = stand;
    const fail = (error: unknown): never => {
      throw error;
    };
    dispatch = new Dispatch({ queue, ownWorker, onUnknown: (_ids, error) => fail(error), onError: fail });
  });
  afterAll(() => stand.stop());

  const creation = (tenantId: string, userName: string): WriteCommand =>
    writeCommand({ tenantId, payload: readBody("User", { schemas: [USER], userName }, CORE_READING) });
  const kindsOf = ({ writeId }: WriteCommand): unknown =>
    stand.told.get(writeId)?.map(({ kind: end }) => end);
  const onQueue = (): Promise<number> => stand.queue.getJobCountByTypes("waiting", "active", "delayed");

  test("what it applies is told once, and leaves the queue empty", async () => {
    const tenantId = await stand.newTenant();
    const commands = ["ann", "bob", "cy"].map((name) => creation(tenantId, `${name}@contoso.com`));
    for (const command of commands) dispatch.add({ command, bytes: 100 });

    await waitFor(() => commands.every(({ writeId }) => stand.told.has(writeId)));
    await dispatch.settled();
    expect(commands.map(kindsOf)).toEqual([["applied"], ["applied"], ["applied"]]);
    expect(await stand.userNames(tenantId)).toEqual(["ann@contoso.com", "bob@contoso.com", "cy@contoso.com"]);
    expect(await onQueue()).toBe(0);
  });

  test("what it refuses is a failed job under the write's own id", async () => {
    const tenantId = await stand.newTenant();
    const [first, second] = [creation(tenantId, "dee@contoso.com"), creation(tenantId, "Dee@contoso.com")];
    for (const command of [first, second]) dispatch.add({ command, bytes: 100 });

    await waitFor(async () => (await (await stand.queue.getJob(second.writeId))?.isFailed()) === true);
    await dispatch.settled();
    const job = await stand.queue.getJob(second.writeId);
    expect(job?.failedReason).toMatch(/^409 uniqueness: userName .* is taken/);
    expect([first, second].map(kindsOf)).toEqual([["applied"], ["refused"]]);
    await waitFor(async () => (await onQueue()) === 0);
  });

  test("a job whose own process died comes due, and another worker applies it once", async () => {
    const tenantId = await stand.newTenant();
    const command = creation(tenantId, "fay@contoso.com");
    const job = parkedJobOf([command]);
    await stand.queue.addBulk([{ ...job, opts: { ...job.opts, delay: 200 } }]);

    await waitFor(() => stand.told.has(command.writeId));
    expect(kindsOf(command)).toEqual(["applied"]);
    expect(await stand.userNames(tenantId)).toEqual(["fay@contoso.com"]);
    await waitFor(async () => (await onQueue()) === 0);
  });

  // The last one: BullMQ's worker on Postgres does not begin again by itself once the queue was paused.
  test("it takes nothing while the queue is paused", async () => {
    const takes = (): boolean => {
      // Data that nobody can read: what is taken ends at once.
      const work = stand.ownWorker.take({ ...parkedJobOf([writeCommand()]), data: {} as never }, 1);
      work?.catch(() => undefined);
      return work !== undefined;
    };
    expect(takes()).toBe(true);
    await stand.queue.pause();
    await waitFor(() => !takes());
    await stand.queue.resume();
    await waitFor(takes);
  });
});
