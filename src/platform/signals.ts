/** The words by which a process is asked to end. */
import { constants } from "node:os";

const STOP_SIGNALS = ["SIGTERM", "SIGINT"] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

export function onStopSignals(handler: (signal: StopSignal) => void): void {
  for (const signal of STOP_SIGNALS) process.on(signal, handler);
}

/** By the code by which shells tell of a signal. */
export function endAtOnce(signal: StopSignal): never {
  process.exit(128 + constants.signals[signal]);
}
