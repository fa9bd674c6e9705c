/** How jobs reach the queue: few or many at once, and again, each is there once with what it carries. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WriteQueue } from "../../../src/queue/queues.ts";
import { jobOf } from "../../../src/queue/write-jobs.ts";
import { makeQueue } from "../../support/queues.ts";
import { createTestDatabase, queueBackends, type TestDatabase } from "../../support/stores.ts";
import { writeCommand } from "../../support/write-command.ts";

describe.each(queueBackends())("with the queue on %s", (kind) => {
  let store: TestDatabase;
  let queue: WriteQueue;

  beforeAll(async () => {
    store = await createTestDatabase();
    ({ queue } = await makeQueue(kind, store.url));
  });
  afterAll(async () => {
    await queue.close();
    await store.drop();
  });

  test.each([1, 8, 9, 40])("%i at once", async (count) => {
    await queue.drain(true);
    const commands = Array.from({ length: count }, () => writeCommand({ payload: { userName: "ada" } }));
    const jobs = commands.map((command) => jobOf([command]));
    const added = await queue.addBulk(jobs);
    await queue.addBulk(jobs);

    expect(added.map(({ id }) => id)).toEqual(jobs.map(({ opts }) => opts.jobId));
    expect(await queue.getJobCounts("waiting", "delayed")).toEqual({ waiting: count, delayed: 0 });
    const [first] = jobs;
    expect((await queue.getJob(first?.opts.jobId ?? ""))?.data).toEqual(first?.data);
  });

  test("one that is to wait comes due by itself, and can be taken away before", async () => {
    await queue.drain(true);
    const job = jobOf([writeCommand()]);
    const [parked] = await queue.addBulk([{ ...job, opts: { ...job.opts, delay: 60_000 } }]);
    expect(await queue.getJobCounts("waiting", "delayed")).toEqual({ waiting: 0, delayed: 1 });
    await parked?.remove();
    expect(await queue.getJobCounts("waiting", "delayed")).toEqual({ waiting: 0, delayed: 0 });
  });
});
