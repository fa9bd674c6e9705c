/**
 * Pages whose numbers move by themselves: the address of a page, asked for as an event stream, sends the page's live
 * regions whenever they have changed. The page's own handler makes them, so a stream can say nothing that a reload
 * would not. Who may see the page is asked again each time, since a stream outlives its first check.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Request, Response } from "express";
import type { Page } from "./page.ts";

export interface LiveStreamSettings {
  /** True once the process stops; streams then end too, and browsers come again elsewhere. */
  readonly isDraining: () => boolean;
  readonly onError: (error: unknown) => void;
  readonly everyMs?: number;
}

const EVERY_MS = 1_000;
// A page that is dear to make is made less often: a stream spends a tenth of its time on it at most.
const REST_FACTOR = 9;
const KEEP_ALIVE_MS = 15_000;
const RECONNECT_MS = 3_000;
// Each looks at the database again and again.
const STREAMS_MAX = 200;

export function wantsStream(request: Request): boolean {
  return request.method === "GET" && request.get("accept")?.split(",")[0]?.trim() === "text/event-stream";
}

/**
 * @returns a function that streams a page's regions until the browser has gone
 * @param settings - `look`, which the function is given, makes the page anew; undefined ends the stream
 */
export function createLiveStreams(settings: LiveStreamSettings) {
  let open = 0;

  async function run(response: Response, look: () => Promise<Page | undefined>): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.status(200).set({
      "Content-Type": "text/event-stream",
      "Cache-Control": "no-store",
      "X-Accel-Buffering": "no",
    });
    response.write(`retry: ${RECONNECT_MS}\n\n`);
    const sent = new Map<string, string>();
    let spokeAt = Date.now();
    while (!gone.signal.aborted && !settings.isDraining()) {
      const lookedAt = performance.now();
      const text = await changes(look, sent);
      if (text !== "" || Date.now() - spokeAt > KEEP_ALIVE_MS) {
        response.write(text || ": still here\n\n");
        spokeAt = Date.now();
      }
      if (text === GONE) break;
      const tookMs = performance.now() - lookedAt;
      const restMs = Math.max(settings.everyMs ?? EVERY_MS, tookMs * REST_FACTOR);
      await sleep(restMs, undefined, { signal: gone.signal }).catch(() => undefined);
    }
    response.end();
  }

  /** A page that cannot be made at the moment stands as it is. */
  async function changes(look: () => Promise<Page | undefined>, sent: Map<string, string>): Promise<string> {
    try {
      const regions = (await look())?.live?.regions;
      if (regions === undefined) return GONE;
      return Object.entries(regions)
        .filter(([name, { text }]) => sent.get(name) !== text)
        .map(([name, { text }]) => {
          sent.set(name, text);
          return `event: region\ndata: ${JSON.stringify({ name, html: text })}\n\n`;
        })
        .join("");
    } catch (error) {
      settings.onError(error);
      return "";
    }
  }

  return async function stream(response: Response, look: () => Promise<Page | undefined>): Promise<void> {
    if (open >= STREAMS_MAX) {
      response.status(503).set("Retry-After", "30").end();
      return;
    }
    open += 1;
    try {
      await run(response, look);
    } finally {
      open -= 1;
    }
  };
}

const GONE = "event: gone\ndata: {}\n\n";
