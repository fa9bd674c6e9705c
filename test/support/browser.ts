/** The system's Chromium, driven by Playwright: no browser of its own is fetched. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
// Without a sandbox it also runs as root in a container; the rest keeps it from talking to anybody but the page.
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** @returns undefined where no Chromium is on the PATH */
export function findChromium(): string | undefined {
  const directories = (process.env["PATH"] ?? "").split(delimiter).filter((directory) => directory !== "");
  return directories.flatMap((directory) => NAMES.map((name) => join(directory, name))).find(isExecutable);
}

/** @throws {Error} where no Chromium is on the PATH */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error("Chromium is not on the PATH; install the package chromium");
  return chromium.launch({ executablePath, args: ARGS });
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether browser tests can run here; where not, it is said in a line that nobody overlooks.
 * @throws {Error} on a CI run, which must not leave them out
 */
export function hasChromium(): boolean {
  if (findChromium() !== undefined) return true;
  if (process.env["CI"] === "true")
    throw new Error("no Chromium on this machine, and a CI run tests the pages");
  console.warn(
    "\n!!! NO CHROMIUM: the console is NOT tested in a browser; install the package chromium !!!\n",
  );
  return false;
}
