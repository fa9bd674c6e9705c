/** `bin/rollcall` as a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";

export type CliEnv = Readonly<Record<string, string | undefined>>;

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = join(import.meta.dirname, "../..");

export function rollcall(env: CliEnv, ...args: readonly string[]): Promise<Ended> {
  const { PATH, HOME } = process.env;
  const options = { cwd: ROOT, env: { PATH, HOME, ...env } };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--import", "tsx", "src/cli/main.ts", ...args],
      options,
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr });
      },
    );
  });
}
