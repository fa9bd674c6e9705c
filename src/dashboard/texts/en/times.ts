/** How English writes moments, distances between them, and durations. */
import { counted } from "./numbers.ts";

export const timeTexts = {
  /** For `Intl`: the order of day, month and year. */
  locale: "en-GB",
  /** @param moment - as `Intl` writes it */
  utc: (moment: string) => `${moment} UTC`,

  justNow: "just now",
  ago: (distance: string) => `${distance} ago`,
  ahead: (distance: string) => `in ${distance}`,
  distances: {
    day: (many: number) => counted(many, "day"),
    hour: (many: number) => counted(many, "hour"),
    minute: (many: number) => counted(many, "minute"),
    second: (many: number) => counted(many, "second"),
  },

  milliseconds: (ms: number) => `${ms} ms`,
  seconds: (seconds: number) => `${seconds} s`,
  /** Few enough that tenths matter. */
  fewSeconds: (seconds: number) => `${seconds.toFixed(1)} s`,
  minutes: (minutes: number, seconds: number) => `${minutes} min ${seconds} s`,
  hours: (hours: number, minutes: number) => `${hours} h ${minutes} min`,
};
