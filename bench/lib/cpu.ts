/**
 * Processor time by process, as Linux tells it. Unlike a rate it hardly minds what else the machine does, so it says
 * where a request's cost lies, and whether a change of the code was one.
 */
import { readdirSync, readFileSync } from "node:fs";

const TICKS_PER_SECOND = 100;

/** Processor time, by where it is spent: milliseconds of a request, or seconds since the start. */
export interface Used {
  readonly node: number;
  readonly postgres: number;
  readonly redis: number;
}

interface Stat {
  readonly parent: number;
  readonly seconds: number;
  /** Of children that have ended. */
  readonly reapedSeconds: number;
}

/** @returns seconds that the process has used since its start; 0 for one that is gone */
export function cpuSeconds(pid: number): number {
  return statOf(pid)?.seconds ?? 0;
}

/** The same of a process and of all whose parent it is or was, such as Postgres and its backends. */
export function cpuSecondsOfFamily(pid: number): number {
  let sum = cpuSeconds(pid) + (statOf(pid)?.reapedSeconds ?? 0);
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
    if (stat?.parent === pid) sum += stat.seconds;
  }
  return sum;
}

export function parentOf(pid: number): number {
  return statOf(pid)?.parent ?? 0;
}

/** Seconds of all cores in which the machine did anything, for whomever, since it was started. */
export function busySeconds(): number {
  const [line = ""] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const [, user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0] = line.split(/\s+/).map(Number);
  return (user + nice + system + interrupts + soft) / TICKS_PER_SECOND;
}

/** Resident memory in MiB. */
export function residentMib(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name stands in parentheses and may hold anything.
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const ticks = Number(fields[11]) + Number(fields[12]);
    const reaped = Number(fields[13]) + Number(fields[14]);
    return {
      parent: Number(fields[1]),
      seconds: ticks / TICKS_PER_SECOND,
      reapedSeconds: reaped / TICKS_PER_SECOND,
    };
  } catch {
    return undefined;
  }
}
