/** The secret of an installation that was given none: made once, kept in the data directory. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { createPrivateFile, makePrivateDir, readFileIfAny } from "./files.ts";

const SECRET_BYTES = 48;
const SECRET_LENGTH_MIN = 32;

/** @returns undefined when the data directory has none */
export function readSecret(dataDir: string): string | undefined {
  const path = secretPath(dataDir);
  const secret = readFileIfAny(path)?.trim();
  if (secret === undefined || secret.length >= SECRET_LENGTH_MIN) return secret;
  throw new Error(`${path} is damaged: restore it, or set ROLLCALL_SECRET`);
}

/** The kept secret; made where there is none. */
export function openSecret(dataDir: string): string {
  const kept = readSecret(dataDir);
  if (kept !== undefined) return kept;
  makePrivateDir(dataDir);
  const secret = randomBytes(SECRET_BYTES).toString("base64url");
  if (createPrivateFile(secretPath(dataDir), `${secret}\n`)) return secret;
  return openSecret(dataDir);
}

function secretPath(dataDir: string): string {
  return join(dataDir, "secret");
}
