/**
 * Servers as processes: started in a group of their own, so that Ctrl-C in the terminal reaches only Rollcall, which
 * stops them after its own parts have drained; told apart from strangers that got the same pid later.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, fchownSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Who a server runs as, where that is not who Rollcall runs as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly logFile: string;
  readonly account: Account | undefined;
  /** Undefined: what Rollcall itself was given. */
  readonly env: NodeJS.ProcessEnv | undefined;
}

const POLL_MS = 50;
const STOP_MS = 30_000;
const PRIVATE = 0o600;
// Of a log, what fits into an error message.
const LOG_TAIL_LINES = 8;

/** Starts a server that outlives the terminal's signals; its output goes to a log file, begun anew. */
export async function spawnServer(command: ServerCommand): Promise<ChildProcess & { readonly pid: number }> {
  const { file, args, cwd, logFile, account, env } = command;
  const log = openSync(logFile, "w", PRIVATE);
  try {
    if (account) fchownSync(log, account.uid, account.gid);
    const stdio: ["ignore", number, number] = ["ignore", log, log];
    const child = spawn(file, args, { cwd, detached: true, stdio, env, ...account });
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    return child as ChildProcess & { readonly pid: number };
  } finally {
    closeSync(log);
  }
}

/** The signal is sent even where Rollcall ends without stopping its parts. @returns how to take that back */
export function signalAtExit(pid: number, signal: NodeJS.Signals): () => void {
  const send = (): void => void trySignal(pid, signal);
  process.once("exit", send);
  return () => process.off("exit", send);
}

/** Asks a process to end and waits for it; SIGKILL only when it did not within 30 s. */
export async function stopProcess(pid: number, signal: NodeJS.Signals): Promise<void> {
  const identity = processIdentity(pid);
  if (identity === undefined || !trySignal(pid, signal)) return;
  const isGone = (): boolean => processIdentity(pid) !== identity;
  if (await holdsWithin(STOP_MS, isGone)) return;
  trySignal(pid, "SIGKILL");
  await holdsWithin(STOP_MS, isGone);
}

/** @returns whether the condition held before the time was over */
export async function holdsWithin(
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<boolean> {
  const until = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > until) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/**
 * What tells a process from a later one with the same pid: its time of start.
 * @returns undefined when no such process runs
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform === "linux") {
    try {
      // The name in parentheses may hold anything; after it come the state and, 19 fields on, the time of start.
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
        .replace(/^.*\) /s, "")
        .split(" ");
      return fields[0] === "Z" ? undefined : `start ${fields[19] ?? ""}`;
    } catch {
      return trySignal(pid, 0) ? "alive" : undefined;
    }
  }
  if (!trySignal(pid, 0)) return undefined;
  return askPs(pid, "lstart=") ?? "alive";
}

/** @returns the command line of a process; undefined where that cannot be told */
export function commandLine(pid: number): string | undefined {
  if (process.platform !== "linux") return askPs(pid, "command=");
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return undefined;
  }
}

function askPs(pid: number, column: string): string | undefined {
  try {
    return execFileSync("ps", ["-o", column, "-p", `${pid}`], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}

/** @returns whether there is such a process; one of another user counts */
function trySignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A port of the loopback that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(0, "127.0.0.1", () => resolve()),
  );
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

/** The last lines of a server's log, for the message of an error. */
export function logTail(logFile: string): string {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-LOG_TAIL_LINES).join("\n");
  } catch {
    return "";
  }
}
