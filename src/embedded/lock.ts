/** One Rollcall at a time on a data directory: two would fight over its servers and over its state. */
import { linkSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { createPrivateFile, parseJson, readFileIfAny } from "./files.ts";
import { processIdentity } from "./processes.ts";

const Holder = z.object({ pid: z.int().positive(), identity: z.string() });
// Each round ends with the lock or with its live holder, unless holders die while we look.
const ROUNDS_MAX = 10;

/**
 * @returns how to let go of it
 * @throws {Error} naming the process that has it
 */
export function lockDataDir(dataDir: string): () => void {
  const path = join(dataDir, "lock");
  const text = JSON.stringify({ pid: process.pid, identity: processIdentity(process.pid) ?? "alive" });
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (createPrivateFile(path, text)) return () => release(path, text);
    const found = readFileIfAny(path);
    const holder = liveHolder(found);
    if (holder !== undefined) {
      throw new Error(
        `another Rollcall (process ${holder}) runs on ${dataDir}; stop it, or give this one a directory of its own ` +
          "by ROLLCALL_DATA_DIR",
      );
    }
    if (found !== undefined) discard(path, found);
  }
  throw new Error(`${path} changes all the time; is another Rollcall restarting on ${dataDir}?`);
}

/** @returns the pid of the process that wrote this lock, while that runs */
function liveHolder(text: string | undefined): number | undefined {
  const holder = Holder.safeParse(parseJson(text));
  if (!holder.success) return undefined;
  const { pid, identity } = holder.data;
  return processIdentity(pid) === identity ? pid : undefined;
}

/** Takes a dead process's lock away; if a live one has replaced it in between, that one gets it back. */
function discard(path: string, stale: string): void {
  const aside = `${path}.stale-${process.pid}`;
  try {
    renameSync(path, aside);
    if (readFileIfAny(aside) !== stale) linkSync(aside, path);
  } catch {
    return; // Another process was faster; the next round sees what it made.
  } finally {
    rmSync(aside, { force: true });
  }
}

function release(path: string, text: string): void {
  if (readFileIfAny(path) === text) rmSync(path, { force: true });
}
