/** Writes on their way onto the queue: alone at once, together where many come, and every tenant in its turn. */
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { Dispatch } from "../../../src/queue/dispatch.ts";
import { PARKED_MS } from "../../../src/queue/queues.ts";
import { type QueuedJob, readJob } from "../../../src/queue/write-jobs.ts";
import { waitFor } from "../../support/service.ts";
import { writeCommand } from "../../support/write-command.ts";

/** A queue that takes jobs and tells what it took. */
function openDispatch(): { dispatch: Dispatch; jobs: QueuedJob[] } {
  const jobs: QueuedJob[] = [];
  const addBulk = (added: QueuedJob[]): Promise<never[]> => {
    jobs.push(...added);
    return Promise.resolve([]);
  };
  const queue = { addBulk } as unknown as ConstructorParameters<typeof Dispatch>[0]["queue"];
  return { dispatch: new Dispatch({ queue, onUnknown: () => undefined, onError: () => undefined }), jobs };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const writesOf = (job: QueuedJob | undefined): readonly WriteCommand[] => readJob(job?.data)?.writes ?? [];

test("a write alone is a job of its own, under its own id", async () => {
  const { dispatch, jobs } = openDispatch();
  const command = writeCommand();

  dispatch.add({ command, bytes: 100 });
  await tick();

  expect(jobs).toMatchObject([
    { name: "create User", data: command, opts: { jobId: command.writeId, attempts: 8 } },
  ]);
});

test("the writes of one moment travel together, one tenant's in one job", async () => {
  const { dispatch, jobs } = openDispatch();
  const [contoso, fabrikam] = [uuidv7(), uuidv7()];
  const commands = [contoso, fabrikam, contoso].map((tenantId) => writeCommand({ tenantId }));

  for (const command of commands) dispatch.add({ command, bytes: 100 });
  await tick();

  expect(jobs.map(({ name }) => name)).toEqual(["2 writes", "create User"]);
  expect(writesOf(jobs[0])).toEqual([commands[0], commands[2]]);
  expect(commands.map(({ writeId }) => writeId)).not.toContain(jobs[0]?.opts.jobId);
});

test("a large write does not travel with others", async () => {
  const { dispatch, jobs } = openDispatch();
  const tenantId = uuidv7();

  for (const bytes of [100, 5_000_000, 100]) {
    dispatch.add({ command: writeCommand({ tenantId }), bytes });
  }
  await tick();

  expect(jobs.map(({ name }) => name)).toEqual(["create User", "create User", "create User"]);
});

test("what the queue may have lost is put there again, as the same jobs, and only while it is under way", async () => {
  const { dispatch, jobs } = openDispatch();
  const tenantId = uuidv7();
  const commands = [writeCommand({ tenantId }), writeCommand({ tenantId }), writeCommand()];
  for (const command of commands) dispatch.add({ command, bytes: 100 });
  await tick();
  for (const command of commands.slice(2)) dispatch.ended(command);

  dispatch.again(commands.map(({ writeId }) => writeId));

  expect(jobs).toHaveLength(3);
  expect(jobs[2]).toEqual(jobs[0]);
});

/** Plays the worker, and watches the queue. */
class Play {
  readonly #ended = new Set<string>();
  readonly #dispatch: Dispatch;
  readonly #jobs: readonly QueuedJob[];

  constructor({ dispatch, jobs }: ReturnType<typeof openDispatch>) {
    this.#dispatch = dispatch;
    this.#jobs = jobs;
  }

  sent(tenantId: string): string[] {
    return this.#jobs
      .flatMap(writesOf)
      .flatMap((write) => (write.tenantId === tenantId ? write.writeId : []));
  }

  jobsUnderWay(tenantId: string): number {
    const isOpen = (write: WriteCommand): boolean =>
      write.tenantId === tenantId && !this.#ended.has(write.writeId);
    return this.#jobs.filter((job) => writesOf(job).some(isOpen)).length;
  }

  /** Ends the oldest writes under way. @returns how many there were */
  end(count: number): number {
    const open = this.#jobs.flatMap(writesOf).filter(({ writeId }) => !this.#ended.has(writeId));
    for (const write of open.slice(0, count)) {
      this.#ended.add(write.writeId);
      this.#dispatch.ended(write);
    }
    return open.length;
  }
}

test("whatever comes and ends, each write travels once, in its tenant's order, and no tenant fills the queue", async () => {
  const step = fc.record({
    tenant: fc.nat(2),
    bytes: fc.constantFrom(100, 100_000, 300_000),
    ends: fc.nat(5),
    isTickOver: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 150 }), async (steps) => {
      const open = openDispatch();
      const play = new Play(open);
      const tenants = [uuidv7(), uuidv7(), uuidv7()];
      const added: WriteCommand[] = [];
      for (const { tenant, bytes, ends, isTickOver } of steps) {
        const command = writeCommand({ tenantId: tenants[tenant] ?? "" });
        added.push(command);
        open.dispatch.add({ command, bytes });
        if (isTickOver) await tick();
        play.end(ends);
        for (const tenantId of tenants) expect(play.jobsUnderWay(tenantId)).toBeLessThanOrEqual(4);
      }
      do await tick();
      while (play.end(Infinity) > 0);

      for (const tenantId of tenants) {
        const mine = added.filter((write) => write.tenantId === tenantId).map(({ writeId }) => writeId);
        expect(play.sent(tenantId)).toEqual(mine);
      }
    }),
    { numRuns: 30 },
  );
});

/** A worker of the same process whose work ends when told, and a queue that notes what is done with its jobs. */
function openOwn(added: () => Promise<unknown> = () => Promise.resolve()) {
  const log: string[] = [];
  const jobs: QueuedJob[] = [];
  const unknown: string[] = [];
  let end: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const queue = {
    addBulk: async (bulk: QueuedJob[]) => {
      jobs.push(...bulk);
      await added();
      return bulk.map(() => ({
        remove: () => Promise.resolve(log.push("removed")),
        updateData: (data: unknown) => Promise.resolve(log.push(`attempts ${readJob(data)?.attempts}`)),
        promote: () => Promise.resolve(log.push("promoted")),
      }));
    },
  } as unknown as ConstructorParameters<typeof Dispatch>[0]["queue"];
  const ownWorker = {
    take: () => (end ? undefined : new Promise<void>((resolve, reject) => (end = { resolve, reject }))),
  };
  const dispatch = new Dispatch({
    ...{ queue, ownWorker },
    onUnknown: (writeIds) => unknown.push(...writeIds),
    onError: (error) => log.push(String(error)),
  });
  return { dispatch, jobs, log, unknown, ended: () => end };
}

test("of a job that its own process soon ends the queue hears nothing", async () => {
  const { dispatch, jobs, log, ended } = openOwn();
  const [command, next] = [writeCommand(), writeCommand()];
  dispatch.add({ command, bytes: 100 });
  await tick();
  dispatch.add({ command: next, bytes: 100 });
  await tick();
  ended()?.resolve();
  await dispatch.settled();

  expect(jobs).toMatchObject([{ opts: { jobId: next.writeId } }]);
  expect(log).toEqual([]);
});

test("a job on which its own process works for long is parked, and taken away once the work has ended", async () => {
  const { dispatch, jobs, log, ended } = openOwn();
  const command = writeCommand();
  dispatch.add({ command, bytes: 100 });
  await waitFor(() => jobs.length > 0);

  expect(jobs).toMatchObject([{ opts: { delay: PARKED_MS } }]);
  expect(jobs[0]?.opts.jobId).not.toBe(command.writeId);
  expect(log).toEqual([]);
  ended()?.resolve();
  await dispatch.settled();
  expect(log).toEqual(["removed"]);
});

test("work that fails soon becomes the queue's, which knows of the attempt", async () => {
  const { dispatch, jobs, log, unknown, ended } = openOwn();
  dispatch.add({ command: writeCommand(), bytes: 100 });
  await tick();
  ended()?.reject(new Error("Postgres is away"));
  await dispatch.settled();

  expect(jobs.map(({ data, opts }) => [readJob(data)?.attempts, opts])).toMatchObject([[1, { delay: 0 }]]);
  expect([log, unknown]).toEqual([[], []]);
});

test("work that fails late is the queue's as well, which has it parked", async () => {
  const { dispatch, jobs, log, unknown, ended } = openOwn();
  dispatch.add({ command: writeCommand(), bytes: 100 });
  await waitFor(() => jobs.length > 0);
  ended()?.reject(new Error("Postgres is away"));
  await dispatch.settled();

  expect(log).toEqual(["attempts 1", "promoted"]);
  expect(unknown).toEqual([]);
});

test.each([
  ["soon", (): Promise<void> => tick()],
  ["late", (): Promise<void> => sleep(150)],
])(
  "without the queue a write that was applied is no less applied; one that failed %s is unknown",
  async (_when, wait) => {
    for (const isApplied of [true, false]) {
      const { dispatch, unknown, ended } = openOwn(() => Promise.reject(new Error("Redis is away")));
      const command = writeCommand();
      dispatch.add({ command, bytes: 100 });
      await tick();
      await wait();
      if (isApplied) ended()?.resolve();
      else ended()?.reject(new Error("Postgres is away"));
      await dispatch.settled();
      expect(unknown).toEqual(isApplied ? [] : [command.writeId]);
    }
  },
);
