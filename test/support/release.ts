/** The last release, as it was packed: its own code and migrations, on the packages of this checkout. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type CliEnv, type Ended, runCommand } from "./cli.ts";
import { type ServiceProcess, spawnService } from "./service.ts";

const ROOT = join(import.meta.dirname, "../..");
const RELEASES = join(ROOT, "test/fixtures/releases");
// Below the checkout, so that Node finds the packages; and where git and the linters do not look.
const UNPACKED = join(ROOT, "node_modules/.cache/releases");

export interface Release {
  /** Version and commit. */
  readonly name: string;
  /** Names of its migrations, in the order of their numbers. */
  readonly migrations: readonly string[];
  spawn(env: CliEnv): Promise<ServiceProcess>;
  /** Its `bin/rollcall`. */
  rollcall(env: CliEnv, ...args: readonly string[]): Promise<Ended>;
  remove(): void;
}

export function unpackLastRelease(): Release {
  const packed = readdirSync(RELEASES).filter((file) => file.endsWith(".tar.gz"));
  if (packed.length !== 1) throw new Error(`one release, not ${packed.length}, is kept in ${RELEASES}`);
  const [file = ""] = packed;
  mkdirSync(UNPACKED, { recursive: true });
  const cwd = mkdtempSync(join(UNPACKED, "release-"));
  execFileSync("tar", ["-xzf", join(RELEASES, file), "-C", cwd]);
  return {
    name: file.replace(/\.tar\.gz$/, ""),
    migrations: readdirSync(join(cwd, "migrations"))
      .filter((name) => name.endsWith(".up.sql"))
      .map((name) => name.replace(/\.up\.sql$/, ""))
      .sort(),
    spawn: (env) => spawnService(env, [], [], { cwd, entry: ["dist/src/main.js"] }),
    rollcall: (env, ...args) => runCommand({ cwd, entry: ["dist/src/cli/main.js"] }, env, args),
    remove: () => rmSync(cwd, { recursive: true, force: true }),
  };
}
