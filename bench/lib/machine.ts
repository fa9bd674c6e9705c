/** What a figure is of: the machine, and the commit. */
import { execFileSync } from "node:child_process";
import { cpus } from "node:os";

export function machine(): string {
  const cores = cpus();
  return `${cores[0]?.model.trim() ?? "unknown CPU"}, ${cores.length} cores, Node ${process.versions.node}`;
}

export function commit(): string {
  return execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
}
