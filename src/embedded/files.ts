/** Files that hold secrets: made whole or not at all, and readable by their owner alone. */
import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

const PRIVATE_FILE = 0o600;
const PRIVATE_DIR = 0o700;
const PASSWORD_BYTES = 24;

export function makePrivateDir(path: string): void {
  mkdirSync(path, { recursive: true, mode: PRIVATE_DIR });
}

/** Of two processes that create the file at once, one wins. @returns whether it was this one */
export function createPrivateFile(path: string, text: string): boolean {
  const draft = writeDraft(path, text);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

export function replacePrivateFile(path: string, text: string): void {
  renameSync(writeDraft(path, text), path);
}

/** @returns undefined when there is no such file */
export function readFileIfAny(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

/** For files that we wrote ourselves. @returns undefined when the text is no JSON: then we did not */
export function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function randomPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === code;
}

function writeDraft(path: string, text: string): string {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  writeFileSync(draft, text, { mode: PRIVATE_FILE, flag: "wx" });
  return draft;
}
