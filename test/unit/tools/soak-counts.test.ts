/** The soak's comparison of the cycles' counts with the ledger and with the histories. */
import { expect, test } from "vitest";
import { compareCounts } from "../../../tools/soak/counts.ts";
import { type Counts, NO_COUNTS, type State } from "../../../tools/soak/model.ts";

const counted = (created: number): Counts => ({ ...NO_COUNTS, created });
const after = (...created: number[]): State[] =>
  created.map((each) => ({ resource: null, counts: counted(each) }));

test("counts that all agree are no violation", () => {
  const books = { cycles: counted(3), ledger: counted(3), explained: [after(1), after(2)] };

  expect(compareCounts(books)).toEqual([]);
});

test("a write that is counted twice, or not at all, is found by the ledger and by the histories", () => {
  const found = (created: number): string[] =>
    compareCounts({ cycles: counted(created), ledger: counted(2), explained: [after(1), after(1)] });

  for (const wrong of [1, 3]) {
    expect(found(wrong)).toEqual([
      `the cycles count created = ${wrong}, the ledger 2`,
      `the cycles count created = ${wrong}, the histories 2`,
    ]);
  }
});

test("an operation that was never answered may be counted or not", () => {
  const found = (created: number): string[] =>
    compareCounts({ cycles: counted(created), ledger: counted(created), explained: [after(1, 2), after(1)] });

  expect(found(2)).toEqual([]);
  expect(found(3)).toEqual([]);
  expect(found(1)).toEqual(["the cycles count created = 1, the histories 2 to 3"]);
  expect(found(4)).toEqual(["the cycles count created = 4, the histories 2 to 3"]);
});

test("what a history without an explanation did is asked of the ledger alone", () => {
  const explained = [after(1), undefined];

  expect(compareCounts({ cycles: counted(9), ledger: counted(9), explained })).toEqual([]);
  expect(compareCounts({ cycles: counted(9), ledger: counted(8), explained })).toEqual([
    "the cycles count created = 9, the ledger 8",
  ]);
});
