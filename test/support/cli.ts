/** `bin/rollcall` as a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import type { Program } from "./service.ts";

export type CliEnv = Readonly<Record<string, string | undefined>>;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = join(import.meta.dirname, "../..");

const SOURCE: Program = { cwd: ROOT, entry: ["--import", "tsx", "src/cli/main.ts"] };

export function rollcall(env: CliEnv, ...args: readonly string[]): Promise<Ended> {
  return runCommand(SOURCE, env, args);
}

/** @param program - the command of a Rollcall, this one's or another's */
export function runCommand({ cwd, entry }: Program, env: CliEnv, args: readonly string[]): Promise<Ended> {
  const { PATH, HOME } = process.env;
  const options = { cwd, env: { PATH, HOME, ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [...entry, ...args], options, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}
