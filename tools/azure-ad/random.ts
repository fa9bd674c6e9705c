/** Seeded randomness: the same seed gives the same directory and the same changes on every machine. */

export interface Random {
  /** The next number in [0, 1). */
  readonly next: () => number;
  /** An integer in [0, below). */
  readonly below: (below: number) => number;
  readonly pick: <T>(values: readonly T[]) => T;
  readonly chance: (probability: number) => boolean;
  /** Up to `count` different elements, in random order. */
  readonly sample: <T>(values: readonly T[], count: number) => T[];
  readonly guid: () => string;
}

/** Mulberry32: 32 bits of state, ample for test data, and one line to carry between languages. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  const pick = <T>(values: readonly T[]): T => {
    const value = values[below(values.length)];
    if (value === undefined) throw new RangeError("nothing to pick from");
    return value;
  };
  return {
    next,
    below,
    pick,
    chance: (probability) => next() < probability,
    sample: (values, count) => sample(values, count, below),
    guid: () => guid(below),
  };
}

/** One seed out of a seed and a label, so that streams of random numbers do not disturb each other. */
export function deriveSeed(seed: number, label: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0;
  for (const character of label) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash;
}

/** The front of a Fisher-Yates shuffle: linear, also for large directories. */
function sample<T>(values: readonly T[], count: number, below: (limit: number) => number): T[] {
  const rest = [...values];
  const wanted = Math.min(count, rest.length);
  for (let index = 0; index < wanted; index += 1) {
    const other = index + below(rest.length - index);
    [rest[index], rest[other]] = [rest[other] as T, rest[index] as T];
  }
  return rest.slice(0, wanted);
}

function guid(below: (limit: number) => number): string {
  const hex = (digits: number): string =>
    Array.from({ length: digits }, () => below(16).toString(16)).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${"89ab".charAt(below(4))}${hex(3)}-${hex(12)}`;
}
