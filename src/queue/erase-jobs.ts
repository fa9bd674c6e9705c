/** Taking jobs out of the queues: what waits, and what failed and is kept to be looked at. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Job } from "bullmq";
import type { DeliveryQueue, WriteQueue } from "./queues.ts";

const STATES = ["waiting", "delayed", "prioritized", "active", "failed", "completed"] as const;
const PAGE = 500;
// A worker has a job in hand for seconds at most, or it is delivered again and found then.
const ATTEMPTS = 30;
const PAUSE_MS = 500;

/** Whose jobs: a tenant's, or those that name one person of it. */
export interface JobsToErase {
  readonly tenantId: string;
  /** Absent for all of the tenant's. */
  readonly person?: { readonly userId: string | undefined; readonly words: readonly string[] };
}

/** @returns how many were removed; what a worker has in hand is waited for */
export async function eraseJobs(
  queue: Pick<WriteQueue | DeliveryQueue, "getJobs">,
  wanted: JobsToErase,
): Promise<number> {
  let removed = 0;
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const { gone, held } = await sweep(queue, wanted);
    removed += gone;
    if (held === 0) return removed;
    await sleep(PAUSE_MS);
  }
  throw new Error("workers have held jobs of theirs for too long; run it again");
}

async function sweep(
  queue: Pick<WriteQueue | DeliveryQueue, "getJobs">,
  wanted: JobsToErase,
): Promise<{ readonly gone: number; readonly held: number }> {
  let [gone, held] = [0, 0];
  for (const state of STATES) {
    for (let start = 0; ;) {
      const page = await queue.getJobs([state], start, start + PAGE - 1);
      const jobs = page.filter((job: Job | undefined) => isTheirs(job?.data, wanted));
      const results = await Promise.allSettled(jobs.map((job) => job.remove()));
      const removed = results.filter(({ status }) => status === "fulfilled").length;
      gone += removed;
      held += jobs.length - removed;
      if (page.length < PAGE) break;
      start += page.length - removed;
    }
  }
  return { gone, held };
}

/** A job that ended while it was looked for is none. */
function isTheirs(data: unknown, { tenantId, person }: JobsToErase): boolean {
  if ((data as { readonly tenantId?: unknown } | undefined)?.tenantId !== tenantId) return false;
  if (person === undefined) return true;
  const text = JSON.stringify(data).toLowerCase();
  return [person.userId, ...person.words].some(
    (word) => word !== undefined && word.length > 2 && text.includes(word.toLowerCase()),
  );
}
