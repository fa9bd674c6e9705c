/** The checker of npm run bench:webhook-outage sees what it is there to see. */
import { expect, test } from "vitest";
import { type FedEvent, isGood, judge, type Verdict } from "../../../bench/lib/outage-check.ts";
import type { Taken } from "../../../bench/lib/receiver-process.ts";

// Two events of a, one of b.
const FEED: readonly FedEvent[] = ["a1", "b1", "a2"].map((id) => ({
  ...{ id, type: "user.updated", timestamp: "2026-11-27T00:00:00Z" },
  subject: { id: id.slice(0, 1) },
}));
const ACKNOWLEDGED = new Map([
  ["a", 2],
  ["b", 1],
]);
const CLEAN: Verdict = { lost: 0, foreign: 0, unsigned: 0, disordered: 0, repeated: 0, miscounted: 0 };

const took = (...ids: readonly string[]): Taken[] =>
  ids.map((id) => ({ at: 0, id, messageId: id, resource: id.slice(0, 1) }));

test.each([
  ["all, in the feed's order", took("a1", "b1", "a2"), {}],
  ["another resource's event between", took("b1", "a1", "a2"), {}],
  ["one twice, the second time late", took("a1", "a2", "b1", "a1"), { repeated: 1 }],
  ["one never", took("a1", "b1"), { lost: 1 }],
  ["a resource's out of order", took("a2", "b1", "a1"), { disordered: 1 }],
  ["one that is in no feed", took("a1", "b1", "a2", "c1"), { foreign: 1 }],
  [
    "one refused, and then taken",
    [{ ...took("a1")[0]!, refused: "no matching signature" }, ...took("a1", "b1", "a2")],
    { unsigned: 1 },
  ],
  [
    "one whose header has another id",
    [...took("a1", "b1", "a2"), { ...took("a1")[0]!, id: "a9" }],
    { unsigned: 1 },
  ],
] as const)("%s", (_what, taken, found) => {
  const verdict = judge(FEED, taken, ACKNOWLEDGED);

  expect(verdict).toEqual({ ...CLEAN, ...found });
  expect(isGood(verdict)).toBe(Object.keys(found).every((name) => name === "repeated"));
});

test("a write that was acknowledged and is no event is seen, and so is one event too many", () => {
  const told = judge(
    FEED,
    took("a1", "b1", "a2"),
    new Map([
      ["a", 3],
      ["b", 0],
      ["c", 1],
    ]),
  );
  expect(told).toEqual({ ...CLEAN, miscounted: 3 });
});
