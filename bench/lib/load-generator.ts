/** The parent's side of the load generator. */
import { fork } from "node:child_process";
import { join } from "node:path";
import type { Load, Report, Seen } from "./generator.ts";

export interface LoadGenerator {
  readonly pid: number;
  /** Resolves when the load has ended. @throws when an answer was not what the scenario needs */
  run(load: Load): Promise<Seen>;
  stop(): Promise<void>;
}

export function startLoadGenerator(): LoadGenerator {
  const child = fork(join(import.meta.dirname, "generator.ts"), { execArgv: ["--import", "tsx"] });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    pid: child.pid ?? 0,
    async run(load) {
      const report = await new Promise<Report>((resolve, reject) => {
        child.once("message", (message) => resolve(message as Report));
        void exited.then(() => reject(new Error("the load generator ended")));
        child.send(load);
      });
      if ("error" in report) throw new Error(report.error);
      return report.seen;
    },
    async stop() {
      child.kill();
      await exited;
    },
  };
}
