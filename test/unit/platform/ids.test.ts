/** Ids are UUIDs of version 7 whose order is that of their making, whatever the clock does. */
import fc from "fast-check";
import { version } from "uuid";
import { expect, test } from "vitest";
import { createIdSource } from "../../../src/platform/ids.ts";

test("every id is valid and greater than the one before, also when the clock stands still or is set back", () => {
  const clock = fc.array(fc.integer({ min: 0, max: 2 ** 47 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(clock, fc.integer({ min: 1, max: 9_000 }), (times, count) => {
      let calls = 0;
      const newId = createIdSource(() => times[calls++ % times.length] ?? 0);
      const ids = Array.from({ length: count }, newId);

      expect(ids.every((id) => version(id) === 7)).toBe(true);
      expect([...ids].sort()).toEqual(ids);
      expect(new Set(ids).size).toBe(count);
    }),
    { numRuns: 30 },
  );
});

test("an id begins with its time", () => {
  const newId = createIdSource(() => Date.UTC(2026, 0, 1));

  expect(parseInt(newId().replaceAll("-", "").slice(0, 12), 16)).toBe(Date.UTC(2026, 0, 1));
});
