/** The arithmetic behind docs/scaling.md. */
import { expect, test } from "vitest";
import { type Cost, costOf, needOf, rateOn, total } from "../../../bench/lib/capacity-model.ts";

const cost = (api: number, worker: number, postgres: number, redis: number): Cost => ({
  api,
  worker,
  postgres,
  redis,
});
const WRITE = cost(0.4, 0.3, 0.25, 0.05);
const READ = cost(0.2, 0, 0.1, 0);

test("a mix costs what its parts cost", () => {
  expect(total(costOf({ write: 2, read: 1 }, { write: WRITE, read: READ }))).toBeCloseTo(2.3);
});

test("a rate ends where the cores are as busy as they get, or one thread is", () => {
  expect(rateOn(2, WRITE, 0)).toBeCloseTo(1_600);
  expect(rateOn(2, WRITE, 1)).toBeCloseTo(800);
  // With cores to spare, the api's single thread is what ends it.
  expect(rateOn(64, WRITE, 0)).toBeCloseTo(2_500);
});

test("an installation needs what its people do, and what is kept of it", () => {
  const installation = {
    tenants: 10,
    users: 86_400,
    changedPerDay: 0.5,
    peak: 4,
    signInsPerUserPerDay: 1,
    writeDays: 90,
    eventDays: 30,
    writesAtFirst: 3,
  };
  const need = needOf(
    installation,
    { write: WRITE, read: READ, loginCheck: cost(0.1, 0, 0, 0) },
    { users: 2 ** 30, writes: 2 ** 20, events: 2 ** 10 },
  );

  expect(need.writesPerSecond).toBeCloseTo(2);
  expect(need.loginChecksPerSecond).toBeCloseTo(4);
  expect(need.cores.api).toBeCloseTo((2 * 0.4 + 2 * 0.2 + 4 * 0.1) / 1_000);
  expect(need.gib.users).toBeCloseTo(86_400);
  expect(need.gib.writes).toBeCloseTo((43_200 * 90) / 1_024);
  expect(need.hoursAtFirst(3)).toBeCloseTo(24);
});
