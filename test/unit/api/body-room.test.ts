/** What may be held of bodies that are being read: by tenant, by all, and what is free. */
import { expect, test } from "vitest";
import { BodyRoom } from "../../../src/api/body-room.ts";

const FREE = 16_384;
const MAX = 100_000;

test("the bodies of one tenant have so much room, others theirs, and it is given back", () => {
  const room = new BodyRoom(MAX);
  const [first, second, other] = [room.open("a"), room.open("a"), room.open("b")];

  expect(first.grow(FREE + 60_000)).toBe(true);
  expect(second.grow(FREE + 40_001)).toBe(false);
  expect(other.grow(FREE + 90_000)).toBe(true);
  first.close();
  first.close();
  expect(first.grow(1)).toBe(false);
  expect(room.open("a").grow(FREE + 100_000)).toBe(true);
  expect(room.bytes).toBe(190_000);
});

test("a body alone always has room, and so has what nearly every request fits into", () => {
  const room = new BodyRoom(MAX);
  const large = room.open("a");

  expect(large.grow(FREE + 2 * MAX)).toBe(true);
  expect(large.grow(MAX)).toBe(true);
  expect(room.open("a").grow(FREE)).toBe(true);
  const small = room.open("a");
  expect([small.grow(10_000), small.grow(6_384), small.grow(1)]).toEqual([true, true, false]);
  large.close();
  expect(room.bytes).toBe(0);
});

test("all tenants together have what four may have", () => {
  const room = new BodyRoom(MAX);
  for (const tenant of ["a", "b", "c", "d"]) expect(room.open(tenant).grow(FREE + MAX)).toBe(true);

  const alone = room.open("e");
  expect(alone.grow(FREE + 10)).toBe(true);
  expect(room.open("e").grow(FREE + 10)).toBe(false);
});
