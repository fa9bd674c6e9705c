/**
 * Packs a commit as the release from which the upgrade test starts: what its own build makes of it, with its migrations
 * and without its packages. `npm run pack:release -- <commit>`; docs/releasing.md says when.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const ROOT = join(import.meta.dirname, "..");
const RELEASES = join(ROOT, "test/fixtures/releases");
const MAX_BYTES = 64 * 1024 * 1024;

const [wanted, ...others] = process.argv.slice(2);
if (wanted === undefined || others.length > 0) {
  process.stderr.write("Usage: npm run pack:release -- <commit or tag>\n");
  process.exit(2);
}

const commit = git("rev-parse", "--short=10", "--verify", `${wanted}^{commit}`);
const seconds = git("log", "-1", "--format=%ct", commit);
const folder = mkdtempSync(join(tmpdir(), "rollcall-release-"));
try {
  const version = build();
  const packed = pack();
  keep(`${version}-${commit}.tar.gz`, packed);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** @returns the version that the commit says it is */
function build(): string {
  const source = join(folder, "source.tar");
  git("archive", "--output", source, commit);
  run("tar", "-xf", source);
  rmSync(source);
  run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund");
  run("npm", "run", "build");
  for (const name of readdirSync(join(folder, "dist"), { recursive: true, encoding: "utf8" }))
    if (/\.map$|\.d\.ts$/.test(name)) rmSync(join(folder, "dist", name));
  return run("node", "-p", "require('./package.json').version");
}

/** Two runs, on whatever machines, give the same bytes: nothing of who packed or when is in them. */
function pack(): Buffer {
  const anonymous = ["--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"];
  const order = ["--sort=name", `--mtime=@${seconds}`, "--format=ustar"];
  const tar = execFileSync(
    "tar",
    ["-cf", "-", ...order, ...anonymous, "dist", "migrations", "package.json"],
    {
      cwd: folder,
      maxBuffer: MAX_BYTES,
    },
  );
  return gzipSync(tar, { level: 9 });
}

/** One release is kept: the last. */
function keep(name: string, packed: Buffer): void {
  mkdirSync(RELEASES, { recursive: true });
  for (const old of readdirSync(RELEASES).filter((each) => each.endsWith(".tar.gz")))
    rmSync(join(RELEASES, old));
  writeFileSync(join(RELEASES, name), packed);
  process.stdout.write(`test/fixtures/releases/${name}  ${Math.ceil(packed.length / 1024)} KiB\n`);
}

function git(...args: readonly string[]): string {
  return execFileSync("git", args, { cwd: ROOT, encoding: "utf8" }).trim();
}

function run(command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  }).trim();
}
