/** When Azure is expected again, and when its silence is worth a word. It comes about every 40 minutes. */

export type Overdue = "late" | "silent";

const BEAT_SECONDS = 40 * 60;
/** Azure's clock is not ours, and a busy beat begins late. */
const BEAT_TOLERANCE_SECONDS = 4 * 60;
/** Two beats: one may fail on Azure's side and be made up by the next. */
const LATE_SECONDS = 2 * BEAT_SECONDS;
const SILENT_SECONDS = 24 * 3600;
/** Before that many incremental cycles nobody knows whether Azure comes by itself. */
export const BEATS_MIN = 2;

export interface Heard {
  readonly lastRequestAt: Date | null;
  /** Incremental cycles so far; it is enough to count up to `BEATS_MIN`. */
  readonly incrementalCycles: number;
}

export function overdueOf({ lastRequestAt, incrementalCycles }: Heard, now: Date): Overdue | undefined {
  if (lastRequestAt === null || incrementalCycles < BEATS_MIN) return undefined;
  const seconds = (now.getTime() - lastRequestAt.getTime()) / 1000;
  if (seconds > SILENT_SECONDS) return "silent";
  return seconds > LATE_SECONDS ? "late" : undefined;
}

/** One beat after the start of the last cycle. @returns undefined while nobody knows */
export function nextBeatAt(heard: Heard, lastCycleStartedAt: Date | undefined): Date | undefined {
  if (heard.incrementalCycles < BEATS_MIN || lastCycleStartedAt === undefined) return undefined;
  return new Date(lastCycleStartedAt.getTime() + BEAT_SECONDS * 1000);
}

/** Whether a cycle begins when Azure comes by itself: whole beats after the last one began, or after a long one ended. */
export function isOnBeat(
  startedAt: Date,
  last: { readonly startedAt: Date; readonly endedAt: Date },
): boolean {
  return [last.startedAt, last.endedAt].some((from) => {
    const seconds = (startedAt.getTime() - from.getTime()) / 1000;
    const beats = Math.round(seconds / BEAT_SECONDS);
    return beats >= 1 && Math.abs(seconds - beats * BEAT_SECONDS) <= BEAT_TOLERANCE_SECONDS;
  });
}
