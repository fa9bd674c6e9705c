/** Parts start in order and stop in reverse; one that fails or hangs does not keep the others from stopping. */
import { expect, test, vi } from "vitest";
import { createLifecycle, type Part } from "../../../src/platform/lifecycle.ts";
import { createLogger } from "../../../src/platform/logger.ts";

function setup(): { log: string[]; part: (name: string, more?: Partial<Part>) => Part } {
  const log: string[] = [];
  const part = (name: string, more: Partial<Part> = {}): Part => ({
    name,
    start: () => Promise.resolve(void log.push(`+${name}`)),
    stop: () => Promise.resolve(void log.push(`-${name}`)),
    ...more,
  });
  return { log, part };
}

const settings = {
  logger: createLogger({ service: "test", level: "silent" }),
  leaveMs: 0,
  stopTimeoutMs: 20,
  stopTotalMs: 100,
};

test("what starts first stops last, and once", async () => {
  const { log, part } = setup();
  const lifecycle = createLifecycle([part("database"), part("door")], settings);

  await lifecycle.start();
  await lifecycle.stop();
  await lifecycle.stop();

  expect(log).toEqual(["+database", "+door", "-door", "-database"]);
});

test("all are told that the process leaves, and all work on, before the first one stops", async () => {
  const { log, part } = setup();
  const leave = (name: string) => () => void log.push(`~${name}`);
  const parts = [
    part("database"),
    part("door", { leave: leave("door") }),
    part("console", { leave: leave("console") }),
  ];
  const lifecycle = createLifecycle(parts, { ...settings, leaveMs: 1 });

  await lifecycle.start();
  await lifecycle.stop();

  expect(log.slice(3)).toEqual(["~door", "~console", "-console", "-door", "-database"]);
});

test("a part that does not start stops those before it, and is named with its cause", async () => {
  const { log, part } = setup();
  const cause = new Error("port taken");
  const door = part("door", { start: () => Promise.reject(cause) });

  const start = createLifecycle([part("database"), door], settings).start();

  await expect(start).rejects.toMatchObject({ message: "door did not start", cause });
  expect(log).toEqual(["+database", "-door", "-database"]);
});

test("a part that hangs or fails to stop is left behind", async () => {
  const { log, part } = setup();
  const hanging = part("hanging", { stop: () => new Promise(() => undefined) });
  const failing = part("failing", { stop: () => Promise.reject(new Error("no")) });
  const lifecycle = createLifecycle([part("database"), hanging, failing], settings);

  await lifecycle.start();
  await lifecycle.stop();

  expect(log.at(-1)).toBe("-database");
});

test("however many parts hang, a process ends in the time it has", async () => {
  vi.useFakeTimers();
  try {
    const { part } = setup();
    const hanging = Array.from({ length: 5 }, (_, index) =>
      part(`hanging ${index}`, { stop: () => new Promise(() => undefined) }),
    );
    const lifecycle = createLifecycle(hanging, { ...settings, stopTimeoutMs: 12_000, stopTotalMs: 25_000 });
    await lifecycle.start();
    let isStopped = false;
    void lifecycle.stop().then(() => (isStopped = true));

    await vi.advanceTimersByTimeAsync(24_000);
    expect(isStopped).toBe(false);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(isStopped).toBe(true);
  } finally {
    vi.useRealTimers();
  }
});
