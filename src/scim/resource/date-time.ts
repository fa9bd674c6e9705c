/** xsd:dateTime, brought to UTC with milliseconds so that comparing text compares time. RFC 7643 section 2.3.5. */

const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/i;

/**
 * A time without a zone is taken as UTC. Years are 0001 to 9999: what both ISO 8601 text and Postgres can hold.
 * @returns `2026-11-24T09:30:00.000Z`, or undefined when the text is no dateTime
 */
export function normalizeDateTime(text: string): string | undefined {
  const match = DATE_TIME.exec(text);
  if (!match || !isDate(text.slice(0, 4), text.slice(5, 7), text.slice(8, 10))) return undefined;
  const [, fraction = ".", zone = "Z"] = match;
  const millis = fraction.slice(1, 4).padEnd(3, "0");
  const date = new Date(`${text.slice(0, 10)}T${text.slice(11, 19)}.${millis}${zone.toUpperCase()}`);
  if (Number.isNaN(date.getTime())) return undefined;
  const year = date.getUTCFullYear();
  return year >= 1 && year <= 9999 ? date.toISOString() : undefined;
}

/** JavaScript takes 31 February for 3 March. */
function isDate(year: string, month: string, day: string): boolean {
  return Number(day) >= 1 && Number(day) <= daysIn(Number(year), Number(month));
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
}
