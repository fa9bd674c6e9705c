/**
 * Ids: UUIDs of version 7 (RFC 9562), so that their order is that of their making. Within a process every id is
 * greater than the one before, also within a millisecond and when the clock is set back: what counts "every write up
 * to this one" relies on it. Randomness is drawn from the system for many ids at once, which is most of an id's cost.
 */
import { randomFillSync } from "node:crypto";

// 62 random bits an id; the pool is filled again when it is used up.
const RANDOM_BYTES = 8;
const POOL_BYTES = 512 * RANDOM_BYTES;
/** Ids that one millisecond holds before the next one is borrowed from. */
const SEQUENCE_MAX = 0xfff;

/** @param now - milliseconds since the epoch; a test holds it */
export function createIdSource(now: () => number = Date.now): () => string {
  const pool = Buffer.allocUnsafe(POOL_BYTES);
  let used = POOL_BYTES;
  let milliseconds = 0;
  let sequence = 0;

  return () => {
    if (used === POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const time = now();
    if (time > milliseconds) {
      milliseconds = time;
      // Room for half of the range: two processes of one millisecond seldom begin alike.
      sequence = pool.readUInt16BE(used) & (SEQUENCE_MAX >> 1);
    } else if (sequence < SEQUENCE_MAX) {
      sequence += 1;
    } else {
      milliseconds += 1;
      sequence = 0;
    }
    // The variant of RFC 9562 is the two bits 10.
    pool[used] = ((pool[used] ?? 0) & 0x3f) | 0x80;
    const random = pool.toString("hex", used, used + RANDOM_BYTES);
    used += RANDOM_BYTES;
    const head = milliseconds.toString(16).padStart(12, "0");
    const third = (0x7000 | sequence).toString(16);
    return `${head.slice(0, 8)}-${head.slice(8)}-${third}-${random.slice(0, 4)}-${random.slice(4)}`;
  };
}

/** A new id. */
export const newId = createIdSource();

/** @param hex - 32 digits */
export function uuidOf(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/** @returns the id below which all ids are older than this moment */
export function firstIdAt(at: Date): string {
  const head = Math.max(0, at.getTime()).toString(16).padStart(12, "0");
  return `${head.slice(0, 8)}-${head.slice(8)}-0000-0000-000000000000`;
}
