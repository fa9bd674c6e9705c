/**
 * Starts parts in order and stops them in reverse, so that a process can always be drained. Before the first one stops,
 * those outside have a while to notice that the process leaves.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "./logger.ts";
import { within } from "./within.ts";

export interface Part {
  readonly name: string;
  /** Resolves once the part accepts work. */
  start(): Promise<void>;
  /** The end is near: the part says so to whoever asks, and works as before. */
  leave?(): void;
  /** Resolves once no work is in flight. Safe before `start`, and safe twice. */
  stop(): Promise<void>;
}

export interface LifecycleSettings {
  readonly logger: Logger;
  /** Between the word that the process leaves and the stop of its first part. */
  readonly leaveMs: number;
  /** A part that is not done by then is left behind: its stores are gone, or it hangs. */
  readonly stopTimeoutMs: number;
  /** All parts together, once the first one stops: an orchestrator's patience ends, however many of them hang. */
  readonly stopTotalMs: number;
}

/** @returns one part made of several; a part that fails to start stops those before it */
export function createLifecycle(parts: readonly Part[], settings: LifecycleSettings): Part {
  const started: Part[] = [];

  async function stop(): Promise<void> {
    for (const part of started) part.leave?.();
    const { leaveMs, logger } = settings;
    if (leaveMs > 0 && started.length > 0) {
      logger.info({ leaveMs }, "the process leaves: it is not ready any more, and still answers");
      await sleep(leaveMs);
    }
    await stopStarted();
  }

  async function stopStarted(): Promise<void> {
    const until = Date.now() + settings.stopTotalMs;
    for (let part = started.pop(); part !== undefined; part = started.pop()) {
      const stopTimeoutMs = Math.min(settings.stopTimeoutMs, Math.max(0, until - Date.now()));
      await stopPart(part, { ...settings, stopTimeoutMs });
    }
  }

  async function start(): Promise<void> {
    for (const part of parts) {
      started.push(part);
      await part.start().catch(async (error: unknown) => {
        await stopStarted();
        throw new Error(`${part.name} did not start`, { cause: error });
      });
    }
  }

  return { name: "process", start, stop };
}

/** Never throws: the parts behind a broken one must be stopped as well. */
async function stopPart(part: Part, { logger, stopTimeoutMs }: LifecycleSettings): Promise<void> {
  const stopped = part.stop().catch((err: unknown) => {
    logger.error({ err, part: part.name }, "part did not stop well");
  });
  const isInTime = await within(
    stopTimeoutMs,
    stopped.then(() => true),
  );
  if (isInTime !== true) logger.error({ part: part.name }, "part did not stop in time and is left behind");
}
