/** Where the stores of a running Rollcall are, for commands that come later: `bin/rollcall` finds them here. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { parseJson, readFileIfAny, replacePrivateFile } from "./files.ts";
import { processIdentity } from "./processes.ts";

const State = z.object({
  databaseUrl: z.string(),
  redisUrl: z.string().optional(),
  /** The process that runs the stores. */
  pid: z.int().positive(),
  identity: z.string(),
  /** Origin of the SCIM endpoint, once it listens. */
  apiUrl: z.string().optional(),
});
export type State = z.infer<typeof State>;

/** @returns undefined when no Rollcall runs on this data directory */
export function readState(dataDir: string): State | undefined {
  const state = State.safeParse(parseJson(readFileIfAny(statePath(dataDir))));
  if (!state.success) return undefined;
  return processIdentity(state.data.pid) === state.data.identity ? state.data : undefined;
}

/** Adds to the state of this process. One that was given all its stores keeps no state, so there it does nothing. */
export function writeState(dataDir: string, more: { readonly apiUrl?: string | undefined }): void {
  const state = readState(dataDir);
  if (state?.pid !== process.pid) return;
  replacePrivateFile(statePath(dataDir), JSON.stringify({ ...state, ...more }));
}

export function createState(
  dataDir: string,
  stores: { readonly databaseUrl: string; readonly redisUrl: string | undefined },
): void {
  const { pid } = process;
  const state = { ...stores, pid, identity: processIdentity(pid) ?? "alive" };
  replacePrivateFile(statePath(dataDir), JSON.stringify(state));
}

export function removeState(dataDir: string): void {
  rmSync(statePath(dataDir), { force: true });
}

function statePath(dataDir: string): string {
  return join(dataDir, "state.json");
}
