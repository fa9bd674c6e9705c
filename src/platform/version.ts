/** The version of the package that runs, from its package.json. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

// A built file lies one folder deeper than its source.
const ROOTS = ["../..", "../../.."].map((path) => join(import.meta.dirname, path));

/** @throws {Error} when the package is not whole */
export function packageVersion(): string {
  for (const root of ROOTS) {
    const text = read(join(root, "package.json"));
    if (text !== undefined) return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
  }
  throw new Error("package.json is missing beside src or dist");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
