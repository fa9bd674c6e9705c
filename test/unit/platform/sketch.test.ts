/** Quantiles from buckets: near the true ones, and the same wherever the values were counted. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { addTo } from "../../../src/platform/counts.ts";
import { bucketOf, quantile } from "../../../src/platform/sketch.ts";

const durations = fc.array(fc.double({ min: 0.1, max: 3_600_000, noNaN: true }), {
  minLength: 1,
  maxLength: 200,
});
const counted = (values: readonly number[]): Record<string, number> =>
  values.reduce<Record<string, number>>((sum, value) => addTo(sum, { [bucketOf(value)]: 1 }), {});

test("a quantile is at most five per cent off", () => {
  fc.assert(
    fc.property(durations, fc.constantFrom(0, 0.5, 0.95, 1), (values, part) => {
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(values.length * part)) - 1]!;

      const found = quantile(counted(values), part)!;

      expect(Math.abs(found - exact) / exact).toBeLessThan(0.0501);
    }),
  );
});

test("what two workers counted adds up to what one would have counted", () => {
  fc.assert(
    fc.property(durations, durations, (one, other) => {
      expect(addTo(counted(one), counted(other))).toEqual(counted([...one, ...other]));
    }),
  );
});

test("of nothing there is no quantile, and nothing at all takes a tenth of a millisecond", () => {
  expect(quantile({}, 0.5)).toBeUndefined();
  expect(quantile({ [bucketOf(0)]: 1 }, 0.5)).toBeCloseTo(0.1, 2);
});
