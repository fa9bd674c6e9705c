/** Bounded concurrency over a list, without a queue of its own. */

export interface PoolOptions {
  readonly concurrency: number;
  /** Once true, nothing new is begun; what runs ends. */
  readonly isStopping: () => boolean;
}

/** Runs `work` over all items, some at once. The first failure ends the run and is thrown. */
export async function eachOf<T>(
  items: Iterable<T>,
  { concurrency, isStopping }: PoolOptions,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) {
      if (failed || isStopping()) return;
      try {
        await work(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  // All lanes end before the failure is told, so that nothing runs on behind the caller's back.
  const lanes = await Promise.allSettled(Array.from({ length: concurrency }, lane));
  for (const ended of lanes) if (ended.status === "rejected") throw ended.reason;
}
