/**
 * Durations as counts in buckets that grow by a tenth: small, added up by name wherever they were counted, and a quantile
 * read from them is at most five per cent off. (DDSketch, Masson et al. 2019, with a relative accuracy of 0.05.)
 */

/** Counts by the number of a bucket, as text: what JSON can hold and Postgres can add up. */
export type Buckets = Readonly<Record<string, number>>;

const ACCURACY = 0.05;
const GROWTH = (1 + ACCURACY) / (1 - ACCURACY);
const LN_GROWTH = Math.log(GROWTH);
/** What is shorter is shown as this: nobody tells tenths of a millisecond apart. */
const LEAST_MS = 0.1;

/** @returns the bucket whose values lie in (GROWTH^(n-1), GROWTH^n] */
export function bucketOf(ms: number): string {
  return String(Math.ceil(Math.log(Math.max(ms, LEAST_MS)) / LN_GROWTH));
}

/** @returns the value below which this part of the values lies; undefined where there are none */
export function quantile(buckets: Buckets, part: number): number | undefined {
  const sorted = Object.entries(buckets)
    .map(([bucket, count]) => [Number(bucket), count] as const)
    .sort(([one], [other]) => one - other);
  const total = sorted.reduce((sum, [, count]) => sum + count, 0);
  const rank = Math.max(1, Math.ceil(total * part));
  let seen = 0;
  for (const [bucket, count] of sorted) {
    seen += count;
    if (seen >= rank) return (2 * GROWTH ** bucket) / (GROWTH + 1);
  }
  return undefined;
}
