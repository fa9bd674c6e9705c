/** Lines of tenants: turns are fair, bounds hold, nothing is lost, and what a full line promises is true. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DrainRate } from "../../../src/queue/drain-rate.ts";
import { type LineLimits, Lines, SubmitOverloadError } from "../../../src/queue/lines.ts";

interface Entry {
  readonly tenantId: string;
  readonly number: number;
}

const LIMITS: LineLimits = { inFlightMax: 4, tenantInFlightMax: 2, tenantLineMax: 5, tenantBytesMax: 100 };

function openLines(limits: Partial<LineLimits> = {}, now = () => 0) {
  const dispatched: Entry[] = [];
  const lines = new Lines<Entry>({ ...LIMITS, ...limits }, (entry) => dispatched.push(entry), now);
  return { lines, dispatched };
}

const entriesOf = (tenantId: string, count: number): Entry[] =>
  Array.from({ length: count }, (_, number) => ({ tenantId, number }));

const retryAfterOf = (take: () => unknown): number | undefined => {
  try {
    take();
    return undefined;
  } catch (error) {
    if (error instanceof SubmitOverloadError) return error.retryAfterSeconds;
    throw error;
  }
};

test("a burst of one tenant leaves the next turn to another", () => {
  const { lines, dispatched } = openLines({ inFlightMax: 3, tenantInFlightMax: 3 });
  for (const entry of entriesOf("a", 50)) lines.enter(entry);
  for (const entry of entriesOf("b", 2)) lines.enter(entry);
  for (const entry of entriesOf("c", 1)) lines.enter(entry);
  expect(dispatched.map(({ tenantId }) => tenantId).join("")).toBe("aaa");

  for (let ended = 0; ended < 6; ended += 1) lines.ended(dispatched[ended]!, true);

  expect(dispatched.map(({ tenantId }) => tenantId).join("")).toBe("aaabcabaa");
});

test("a tenant has no more than its share on the queue, however idle that is", () => {
  const { lines, dispatched } = openLines({ inFlightMax: 100, tenantInFlightMax: 2 });
  for (const entry of entriesOf("a", 5)) lines.enter(entry);

  expect(lines.state()).toEqual({ waiting: 3, inFlight: 2, tenantsWaiting: 1 });
  lines.ended(dispatched[0]!, true);
  expect(dispatched.map(({ number }) => number)).toEqual([0, 1, 2]);
});

test("who leaves the line is not sent, and gives its place to the next", () => {
  const { lines, dispatched } = openLines({ tenantInFlightMax: 1 });
  const [first, second, third] = entriesOf("a", 3) as [Entry, Entry, Entry];
  for (const entry of [first, second, third]) lines.enter(entry);

  expect([lines.leave(second), lines.leave(second), lines.leave(first)]).toEqual([true, false, false]);
  lines.ended(first, true);
  lines.ended(third, true);

  expect(dispatched).toEqual([first, third]);
  expect(lines.state()).toEqual({ waiting: 0, inFlight: 0, tenantsWaiting: 0 });
});

test("a full line refuses, for its own tenant alone, until a place is given back", () => {
  const { lines } = openLines();
  const places = Array.from({ length: 7 }, () => lines.take("a", 1, 1));

  expect(retryAfterOf(() => lines.take("a", 1, 1))).toBe(60);
  expect(retryAfterOf(() => lines.take("b", 7, 1))).toBeUndefined();
  places[0]!.release();
  places[0]!.release();
  expect(retryAfterOf(() => lines.take("a", 2, 1))).toBe(60);
  expect(retryAfterOf(() => lines.take("a", 1, 1))).toBeUndefined();
});

test("held bytes are bounded, for a tenant and for all, but a request alone always fits", () => {
  const { lines } = openLines();
  lines.take("a", 1, 1_000);
  expect(retryAfterOf(() => lines.take("a", 1, 1))).toBeDefined();
  lines.take("b", 1, 10);
  expect(retryAfterOf(() => lines.take("b", 1, 10))).toBeDefined(); // All lines together are full by a's request.
  expect(retryAfterOf(() => lines.take("c", 1, 10))).toBeUndefined();
});

test("Retry-After is the time in which those before will have been served, at the measured rate", () => {
  let now = 0;
  const { lines, dispatched } = openLines({ tenantInFlightMax: 1, tenantLineMax: 39 }, () => now);
  for (const entry of entriesOf("a", 80)) lines.enter(entry);
  for (let place = 0; place < 40; place += 1) lines.take("a", 1, 1);
  // Five a second, for eight seconds: forty are left.
  for (let ended = 0; ended < 40; ended += 1) {
    now += 200;
    lines.ended(dispatched[ended]!, true);
  }

  const promised = retryAfterOf(() => lines.take("a", 1, 1));
  expect(promised).toBeGreaterThanOrEqual(7);
  expect(promised).toBeLessThanOrEqual(9);
  now += 600_000; // Nobody serves any more.
  expect(retryAfterOf(() => lines.take("a", 1, 1))).toBe(60);
});

test("a rate is what happened lately, from the first moment on", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 20, max: 400 }), (perSecond, count) => {
      const rate = new DrainRate(0);
      for (let served = 1; served <= count; served += 1) rate.mark((served * 1_000) / perSecond);
      const measured = rate.perSecond((count * 1_000) / perSecond);
      expect(measured).toBeGreaterThan(perSecond * 0.8);
      expect(measured).toBeLessThan(perSecond * 1.3);
    }),
  );
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("enter" as const), tenant: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("end" as const), which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("leave" as const), which: fc.nat(9) }) },
);

test("whatever happens: order within a tenant, bounds, turns, and nothing lost", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const { lines, dispatched } = openLines();
      const inFlight = new Set<Entry>();
      const waiting = new Set<Entry>();
      let seen = 0;
      const settle = (): void => {
        for (const entry of dispatched.slice(seen)) {
          expect([...waiting].find(({ tenantId }) => tenantId === entry.tenantId)).toBe(entry);
          waiting.delete(entry);
          inFlight.add(entry);
        }
        seen = dispatched.length;
      };
      steps.forEach((each, number) => {
        if (each.kind === "enter") {
          const entry = { tenantId: `t${each.tenant}`, number };
          waiting.add(entry);
          lines.enter(entry);
        } else {
          const from = [...(each.kind === "end" ? inFlight : waiting)];
          const entry = from[each.which % Math.max(1, from.length)];
          if (entry) {
            if (each.kind === "leave") expect(lines.leave(entry)).toBe(true);
            (each.kind === "end" ? inFlight : waiting).delete(entry);
            if (each.kind === "end") lines.ended(entry, true);
          }
        }
        settle();
        const ofTenant = (id: string): number =>
          [...inFlight].filter(({ tenantId }) => tenantId === id).length;
        expect(lines.state()).toMatchObject({ waiting: waiting.size, inFlight: inFlight.size });
        expect(inFlight.size).toBeLessThanOrEqual(LIMITS.inFlightMax);
        for (const { tenantId } of inFlight) expect(ofTenant(tenantId)).toBeLessThanOrEqual(2);
        // Nobody waits while there is room for it.
        if (inFlight.size < LIMITS.inFlightMax)
          for (const { tenantId } of waiting) expect(ofTenant(tenantId)).toBe(LIMITS.tenantInFlightMax);
      });
    }),
  );
});
