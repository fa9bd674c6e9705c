/** Counts by name, where most of the names that there could be never come about. */

export type Counts = Readonly<Record<string, number>>;

/** Adds to the first. @returns it */
export function addTo(sum: Record<string, number>, counts: Counts): Record<string, number> {
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}
