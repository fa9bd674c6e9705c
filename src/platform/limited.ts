/** Reports that come in a tight loop, told once in a while. */

const REPEATED_ERRORS_MS = 5_000;

/** While its store is gone a queue client reports the same error in a tight loop: one in a while is enough. */
export function limited(report: (error: Error) => void): (error: Error) => void {
  const reportedAt = new Map<string, number>();
  return (error) => {
    const now = Date.now();
    if (now - (reportedAt.get(error.message) ?? 0) < REPEATED_ERRORS_MS) return;
    if (reportedAt.size > 100) reportedAt.clear();
    reportedAt.set(error.message, now);
    report(error);
  };
}
