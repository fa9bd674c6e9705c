/** Times, durations and counts as people read them. Times are UTC everywhere, as in logs and in Azure's own. */
import { type Html, html } from "./html.ts";
import { texts } from "./texts/texts.ts";

const words = texts.times;

const SECOND_MS = 1000;
const UNITS = [
  ["day", 24 * 3600],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

const DATE_TIME = new Intl.DateTimeFormat(words.locale, {
  day: "numeric",
  month: "short",
  year: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZone: "UTC",
});
const DATE = new Intl.DateTimeFormat(words.locale, {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "UTC",
});
export const { count } = texts.numbers;

const SHORT = new Intl.DateTimeFormat(words.locale, {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});

function inFull(at: Date): string {
  return words.utc(DATE_TIME.format(at));
}

/** The moment to the minute, for narrow columns; the full one for a pointer and for machines. */
export function shortTime(at: Date): Html {
  return html`<time datetime="${at.toISOString()}" title="${inFull(at)}"
    >${words.utc(SHORT.format(at))}</time
  >`;
}

/** The moment in full. */
export function time(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${inFull(at)}</time>`;
}

export function date(at: Date): Html {
  return html`<time datetime="${at.toISOString()}">${DATE.format(at)}</time>`;
}

/** How long ago or how soon, with the moment in full for a pointer and for machines. */
export function ago(at: Date, now: Date): Html {
  return html`<time datetime="${at.toISOString()}" title="${inFull(at)}">${distance(at, now)}</time>`;
}

function distance(at: Date, now: Date): string {
  const seconds = Math.round((now.getTime() - at.getTime()) / SECOND_MS);
  if (Math.abs(seconds) < 5) return words.justNow;
  const far = largestUnit(Math.abs(seconds));
  return seconds > 0 ? words.ago(far) : words.ahead(far);
}

function largestUnit(seconds: number): string {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) return words.distances[unit](Math.floor(seconds / length));
  }
  return words.distances.second(0);
}

/** @returns such as `2 h 5 min`, `41 s` or `0.3 s` */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / SECOND_MS;
  if (seconds < 10) return words.fewSeconds(seconds);
  if (seconds < 60) return words.seconds(Math.round(seconds));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return words.minutes(minutes, Math.floor(seconds % 60));
  return words.hours(Math.floor(minutes / 60), minutes % 60);
}
