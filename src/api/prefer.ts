/** The Prefer header: whether a write may go on without its request, and how long that shall wait. RFC 7240. */
import type { IncomingMessage } from "node:http";

export interface Preference {
  readonly isAsync: boolean;
  /** How long a client that takes 202 would rather wait for the answer itself. */
  readonly waitMs: number;
}

const NONE: Preference = { isAsync: false, waitMs: 0 };
const WAIT = /^wait\s*=\s*"?(\d{1,6})"?$/;

/** `wait` alone asks for nothing that the budget of a request does not give already. */
export function preferenceOf(request: IncomingMessage): Preference {
  const header = request.headers["prefer"];
  if (header === undefined) return NONE;
  const preferences = String(header)
    .split(",")
    .map((part) => (part.split(";", 1)[0] ?? "").trim().toLowerCase());
  if (!preferences.includes("respond-async")) return NONE;
  // Of one that comes twice the first counts.
  const seconds = preferences.map((each) => WAIT.exec(each)?.[1]).find((found) => found !== undefined);
  return { isAsync: true, waitMs: Number(seconds ?? 0) * 1_000 };
}
