/**
 * Postgres refuses to run as root, so a Rollcall that does run as root, as in many a container, gives it to an
 * account of little power. That account must reach what it works on, through every directory above it.
 */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { makePrivateDir } from "./files.ts";
import type { Account } from "./processes.ts";

const ACCOUNTS = ["postgres", "nobody"];
const OTHERS_EXECUTE = 0o001;
const OTHERS_READ = 0o004;
const ELSEWHERE = "/var/lib/rollcall";

export interface Home {
  /** Where the server keeps all it has; owned by the account. */
  readonly path: string;
  /** Undefined where the server runs as who we are. */
  readonly account: Account | undefined;
}

/**
 * The directory of a server that may not run as root: in the data directory, or, where the account could not get
 * there (below /root, say), elsewhere with a link in the data directory that leads to it.
 */
export function openHome(dataDir: string, name: string): Home {
  const link = join(dataDir, name);
  const isRoot = process.getuid?.() === 0;
  if (!isLinked(link)) makeHome(dataDir, link, isRoot);
  const path = realHome(link);
  if (!isRoot) return { path, account: undefined };
  // Made by a start that was not root's: its owner goes on, so that the next such start can read its data too.
  const { uid, gid } = statSync(path);
  const account = uid === 0 ? findAccount() : { uid, gid };
  chownSync(path, account.uid, account.gid);
  return { path, account };
}

/** Whether everybody may read the file, and search each directory on the way to it. */
export function isOpenToAll(file: string): boolean {
  const real = realpathSync(file);
  return (statSync(real).mode & OTHERS_READ) !== 0 && isReachable(dirname(real));
}

function isReachable(directory: string): boolean {
  if ((statSync(directory).mode & OTHERS_EXECUTE) === 0) return false;
  const parent = dirname(directory);
  return parent === directory || isReachable(parent);
}

function makeHome(dataDir: string, link: string, isRoot: boolean): void {
  const real = realpathSync(dataDir);
  if (isRoot && !isReachable(dirname(real))) {
    const elsewhere = makeElsewhere(real);
    // For who finds it there: nothing removes it together with the data directory.
    writeFileSync(join(elsewhere, "belongs-to"), `${link}\n`, { mode: 0o600 });
    symlinkSync(elsewhere, link);
    return;
  }
  // The account passes through the data directory, but cannot list it; the files in it stay private.
  if (isRoot) chmodSync(real, statSync(real).mode | OTHERS_EXECUTE);
  makePrivateDir(link);
}

/** A new name each time: who removes the data directory starts afresh, and what lay there is not opened again. */
function makeElsewhere(dataDir: string): string {
  const name = `${createHash("sha256").update(dataDir).digest("hex").slice(0, 12)}-`;
  try {
    mkdirSync(ELSEWHERE, { recursive: true, mode: 0o711 });
    if (isReachable(ELSEWHERE)) return mkdtempSync(join(ELSEWHERE, name));
  } catch {
    // Not every root may write there; a system that is read-only has at least a directory for temporary files.
  }
  return mkdtempSync(join(tmpdir(), `rollcall-${name}`));
}

function isLinked(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function realHome(link: string): string {
  try {
    return realpathSync(link);
  } catch (error) {
    throw new Error(
      `the data that ${link} leads to is gone: restore it, or remove that link to start afresh`,
      {
        cause: error,
      },
    );
  }
}

function findAccount(): Account {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ACCOUNTS) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (Number(uid) > 0) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error(
    `Postgres does not run as root, and there is no user ${ACCOUNTS.join(" or ")} to run it as; ` +
      "start Rollcall as another user, or set DATABASE_URL",
  );
}
