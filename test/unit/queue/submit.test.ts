/** Writes that nothing comes of: whatever a stalled queue does with them, those after it find their way again. */
import { setTimeout as sleep } from "node:timers/promises";
import { v7 as uuidv7 } from "uuid";
import { expect, test } from "vitest";
import type { WriteCommand } from "../../../src/queue/contracts.ts";
import { Submitter } from "../../../src/queue/submit.ts";
import { type QueuedJob, readJob } from "../../../src/queue/write-jobs.ts";
import { waitFor } from "../../support/service.ts";
import { writeCommand } from "../../support/write-command.ts";

const TIMEOUT_MS = 150;
// More than a tenant has jobs under way, each too large to travel with another.
const WRITES = 6;
const BYTES = 300_000;

/** Its queue takes jobs, and nobody works on them. */
function openSubmitter(): { submitter: Submitter; sent: () => readonly string[] } {
  const jobs: QueuedJob[] = [];
  const addBulk = (added: QueuedJob[]): Promise<never[]> => {
    jobs.push(...added);
    return Promise.resolve([]);
  };
  const many = { inFlightMax: 100, tenantInFlightMax: 100, tenantLineMax: 100, tenantBytesMax: 1e9 };
  const submitter = new Submitter({
    queue: { addBulk },
    findOutcomes: () => Promise.resolve(new Map()),
    onFallback: () => undefined,
    onQueued: () => undefined,
    onError: () => undefined,
    timeoutMs: TIMEOUT_MS,
    limits: many,
  });
  const writesOf = (job: QueuedJob): readonly WriteCommand[] => readJob(job.data)?.writes ?? [];
  return { submitter, sent: () => jobs.flatMap(writesOf).map(({ writeId }) => writeId) };
}

test("after a queue has stood still, over and over, a write is put there as ever", async () => {
  const { submitter, sent } = openSubmitter();
  const tenantId = uuidv7();
  const submit = (): string => {
    const command = writeCommand({ tenantId });
    submitter.submit(command, BYTES).outcome.catch(() => undefined);
    return command.writeId;
  };

  for (let stall = 0; stall < 4; stall += 1) {
    for (let write = 0; write < WRITES; write += 1) submit();
    await waitFor(() => submitter.state().inFlight === 0);
    await sleep(20);
  }
  const last = submit();

  await waitFor(() => sent().includes(last));
  await submitter.close();
});

test("a write whose time is up before its turn came is not put on the queue any more", async () => {
  const { submitter, sent } = openSubmitter();
  const tenantId = uuidv7();
  const commands = Array.from({ length: WRITES }, () => writeCommand({ tenantId }));
  for (const command of commands) submitter.submit(command, BYTES).outcome.catch(() => undefined);

  await waitFor(() => submitter.state().inFlight === 0);
  await sleep(20);

  expect(sent()).toEqual(commands.slice(0, 4).map(({ writeId }) => writeId));
  await submitter.close();
});
