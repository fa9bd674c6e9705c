/** Jobs that have ended are taken away together. */
import { expect, test } from "vitest";
import { Removals } from "../../../src/queue/removals.ts";

interface FakeJob {
  readonly remove: () => Promise<void>;
}

function openRemovals(): {
  removals: Removals;
  job: (failure?: Error) => FakeJob;
  gone: () => number;
  errors: unknown[];
} {
  const errors: unknown[] = [];
  let gone = 0;
  return {
    removals: new Removals((error) => errors.push(error)),
    job: (failure) => ({
      remove: () => {
        if (failure) return Promise.reject(failure);
        gone += 1;
        return Promise.resolve();
      },
    }),
    gone: () => gone,
    errors,
  };
}

test("few jobs wait for each other a moment, and are gone once all is settled", async () => {
  const { removals, job, gone } = openRemovals();

  removals.add(job());
  removals.add(job());

  expect(gone()).toBe(0);
  await removals.settled();
  expect(gone()).toBe(2);
});

test("many are not kept waiting", () => {
  const { removals, job, gone } = openRemovals();

  for (let count = 0; count < 40; count += 1) removals.add(job());

  expect(gone()).toBeGreaterThanOrEqual(32);
});

test("one that cannot be taken away is told, and the others go", async () => {
  const { removals, job, gone, errors } = openRemovals();
  const failure = new Error("the queue is away");

  removals.add(job(failure));
  removals.add(job());
  await removals.settled();

  expect(gone()).toBe(1);
  expect(errors).toEqual([failure]);
});
