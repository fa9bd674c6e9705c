/** The metric that workers are scaled on: it tells of what waits on the queue, and of what waits in a worker's hands. */
import { expect, test, vi } from "vitest";
import { createMetrics } from "../../../src/platform/metrics.ts";
import type { WriteQueue } from "../../../src/queue/queues.ts";
import { exposeQueue } from "../../../src/worker/expose-state.ts";
import { OldestWaiting } from "../../../src/worker/oldest-waiting.ts";

const NOW = 1_000_000;

/** A queue whose only job that waits has been there since then, or that has none. */
function queueSince(timestamp: number | undefined): WriteQueue {
  return {
    getJobCounts: () => Promise.resolve({}),
    getJobs: () => Promise.resolve(timestamp === undefined ? [] : [{ timestamp }]),
  } as unknown as WriteQueue;
}

test.each([
  ["nothing waits", undefined, undefined, 0],
  ["a worker has taken all, and is slow", undefined, NOW - 7_000, 7],
  ["no worker takes anything", NOW - 40_000, undefined, 40],
  ["both", NOW - 2_000, NOW - 9_000, 9],
  ["the api's clock is ahead", NOW + 5_000, NOW + 5_000, 0],
])("%s", async (_, queuedAt, requestedAt, seconds) => {
  vi.useFakeTimers({ now: NOW });
  const metrics = createMetrics({ tenantsMax: 1, version: "0" });
  const waiting = new OldestWaiting();
  waiting.follow(() => requestedAt);

  await exposeQueue({ queue: queueSince(queuedAt), metrics, waiting });

  const { values } = await metrics.queueOldestWaiting.get();
  vi.useRealTimers();
  expect(values).toEqual([{ labels: { queue: "scim-writes" }, value: seconds }]);
});
