/** One process of the service under test, on a fixed port, with its output in a file: killed, stopped and started. */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

export interface ServiceSettings {
  readonly name: string;
  /** Root of the tree whose src/main.ts runs. */
  readonly root: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[];
}

export interface ServiceProcess {
  readonly name: string;
  /** Of the process that runs now; undefined between two. */
  pid(): number | undefined;
  /** Resolves when it says that it is ready. @throws {Error} when it ends instead */
  start(): Promise<void>;
  /** @returns milliseconds until it was gone */
  signal(signal: NodeJS.Signals): Promise<number>;
  /** SIGSTOP and SIGCONT: nobody notices but by its silence. */
  freeze(isFrozen: boolean): void;
  /** Where it tells its metrics; undefined until it has said so. */
  metricsUrl(): string | undefined;
  /** How often it ended although nobody asked. */
  crashes(): number;
  lines(): number;
}

const READY_MS = 60_000;
const POLL_MS = 20;

export function createServiceProcess(settings: ServiceSettings): ServiceProcess {
  const log = createWriteStream(settings.logFile, { flags: "a" });
  let child: ChildProcess | undefined;
  let isAskedToEnd = false;
  let crashes = 0;
  let lines = 0;
  let tail = "";
  let metricsUrl: string | undefined;

  const run = (): ChildProcess => {
    const { root, nodeOptions = [], env } = settings;
    const args = [...nodeOptions, "--import", "tsx", "src/main.ts"];
    const started = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [started.stdout, started.stderr]) {
      stream.on("data", (bytes: Buffer) => {
        log.write(bytes);
        const text = bytes.toString("utf8");
        lines += text.split("\n").length - 1;
        tail = (tail + text).slice(-20_000);
      });
    }
    started.once("exit", () => {
      if (!isAskedToEnd) crashes += 1;
      if (child === started) child = undefined;
    });
    return started;
  };

  return {
    name: settings.name,
    pid: () => child?.pid,
    metricsUrl: () => metricsUrl,
    crashes: () => crashes,
    lines: () => lines,
    async start() {
      isAskedToEnd = false;
      tail = "";
      const started = (child = run());
      const until = Date.now() + READY_MS;
      while (!tail.includes("Rollcall is ready")) {
        if (started.exitCode !== null || Date.now() > until) {
          throw new Error(`${settings.name} did not start:\n${tail}`);
        }
        await sleep(POLL_MS);
      }
      metricsUrl = /^Metrics\s+(\S+)/m.exec(tail)?.[1];
    },
    async signal(signal) {
      const ending = child;
      if (!ending) return 0;
      isAskedToEnd = true;
      const startedAt = performance.now();
      const gone = new Promise((resolve) => ending.once("exit", resolve));
      ending.kill("SIGCONT"); // One that is frozen hears no SIGTERM.
      ending.kill(signal);
      await gone;
      return performance.now() - startedAt;
    },
    freeze: (isFrozen) => void child?.kill(isFrozen ? "SIGSTOP" : "SIGCONT"),
  };
}
