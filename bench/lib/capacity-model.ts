/** What an installation needs, reckoned from what one request and one row cost: arithmetic alone, no machine. */

/** Milliseconds of a processor for one request, by where they are spent. */
export interface Cost {
  readonly api: number;
  readonly worker: number;
  readonly postgres: number;
  readonly redis: number;
}

/** Bytes of a row with its part of every index. */
export interface RowBytes {
  readonly users: number;
  readonly writes: number;
  readonly events: number;
}

/** What one turn of a client consists of, such as a cycle's look-up, create and change of one user. */
export type Mix<Kind extends string> = Readonly<Record<Kind, number>>;

const PLACES = ["api", "worker", "postgres", "redis"] as const;
const MS_PER_SECOND = 1_000;

export function total(cost: Cost): number {
  return PLACES.reduce((sum, place) => sum + cost[place], 0);
}

export function costOf<Kind extends string>(mix: Mix<Kind>, costs: Readonly<Record<Kind, Cost>>): Cost {
  const sum = { api: 0, worker: 0, postgres: 0, redis: 0 };
  for (const kind of Object.keys(mix) as Kind[])
    for (const place of PLACES) sum[place] += mix[kind] * costs[kind][place];
  return sum;
}

/**
 * Of the cores' time, what is worked in: the rest they wait for each other, for the disk, for the next of a closed loop's
 * requests. Of one number for all loads, which at 64 connections keep 74 to 97 % of two cores busy.
 */
const BUSY_SHARE = 0.8;

/**
 * How often a second something can be done on so many cores: as busy as they get, or one process of a single thread that
 * has no more. @param besides - milliseconds of other work that each needs on the same cores, such as the client's
 */
export function rateOn(cores: number, cost: Cost, besides: number): number {
  const all = (cores * BUSY_SHARE * MS_PER_SECOND) / (total(cost) + besides);
  const busiest = Math.max(cost.api, cost.worker, cost.redis, besides);
  return Math.min(all, MS_PER_SECOND / busiest);
}

export interface Installation {
  readonly tenants: number;
  readonly users: number;
  /** Of the users, those that change in a day. */
  readonly changedPerDay: number;
  /** How much more the busiest hour has than the middle one. */
  readonly peak: number;
  readonly signInsPerUserPerDay: number;
  readonly writeDays: number;
  readonly eventDays: number;
  /** Writes of one user when its tenant is provisioned first: create, manager, membership. */
  readonly writesAtFirst: number;
}

export interface Need {
  readonly writesPerSecond: number;
  readonly loginChecksPerSecond: number;
  /** Cores that are busy in the busiest hour. */
  readonly cores: Cost;
  readonly gib: { readonly users: number; readonly writes: number; readonly events: number };
  /** Hours in which all tenants could be provisioned at first, at so many writes a second. */
  readonly hoursAtFirst: (writesPerSecond: number) => number;
}

const SECONDS_PER_HOUR = 3_600;
const SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR;
const GIB = 2 ** 30;

/** @param costs - of a write, of the read that Azure sends before it, and of a login check */
export function needOf(
  of: Installation,
  costs: Readonly<Record<"write" | "read" | "loginCheck", Cost>>,
  bytes: RowBytes,
): Need {
  const changes = of.users * of.changedPerDay;
  const writesPerSecond = (changes / SECONDS_PER_DAY) * of.peak;
  const loginChecksPerSecond = ((of.users * of.signInsPerUserPerDay) / SECONDS_PER_DAY) * of.peak;
  const perSecond = costOf(
    { write: writesPerSecond, read: writesPerSecond, loginCheck: loginChecksPerSecond },
    costs,
  );
  const place = (name: keyof Cost): number => perSecond[name] / MS_PER_SECOND;
  return {
    writesPerSecond,
    loginChecksPerSecond,
    cores: { api: place("api"), worker: place("worker"), postgres: place("postgres"), redis: place("redis") },
    gib: {
      users: (of.users * bytes.users) / GIB,
      writes: (changes * of.writeDays * bytes.writes) / GIB,
      events: (changes * of.eventDays * bytes.events) / GIB,
    },
    hoursAtFirst: (rate) => (of.users * of.writesAtFirst) / rate / SECONDS_PER_HOUR,
  };
}
