/** How old what a replica lacks is, told by where the primary's log stood when. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hasReached, LogPositions } from "../../../src/store/log-positions.ts";

const position = (bytes: bigint): string =>
  `${(bytes >> 32n).toString(16)}/${(bytes & 0xffffffffn).toString(16)}`.toUpperCase();

test("positions are compared as the numbers they are, not as text", () => {
  const bytes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

  fc.assert(
    fc.property(bytes, bytes, (one, other) => {
      expect(hasReached(position(one), position(other))).toBe(one >= other);
    }),
  );
  expect(hasReached("A/0", "9/FFFFFFFF")).toBe(true);
  expect(hasReached("1/9", "1/10")).toBe(false);
});

test("what a replica must have is what the primary had at most so long ago", () => {
  const positions = new LogPositions(30);
  expect(positions.floor(0)).toBeUndefined();

  for (const at of [0, 10, 20, 30, 40]) positions.add(at, position(BigInt(at)));

  expect(positions.floor(40)).toBe(position(10n));
  expect(positions.floor(65)).toBe(position(40n));
  // Nobody knows how far a primary is that has not been heard for so long.
  expect(positions.floor(71)).toBeUndefined();
});

test("a replica lags since the first position that it lacks, and not while its primary has nothing to do", () => {
  const positions = new LogPositions(30);
  for (let at = 0; at < 500; at += 10) positions.add(at, "0/A");
  expect(positions.lagOf("0/A", 500)).toBe(0);

  positions.add(500, "0/B");
  expect(positions.lagOf("0/A", 505)).toBe(5);
  // For longer than positions are kept.
  for (let at = 510; at <= 900; at += 10) positions.add(at, "0/C");
  expect(positions.lagOf("0/A", 900)).toBe(400);
  expect(positions.lagOf("0/B", 900)).toBeGreaterThan(0);
  expect(positions.lagOf("0/C", 905)).toBe(0);
});
