/** Helm itself, which `bin/test` fetches where it is not on the PATH. No cluster is asked for anything. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Manifest, Values } from "./chart.ts";

const ROOT = join(import.meta.dirname, "../..");
const FETCHED = join(ROOT, "node_modules/.cache/helm/helm");
const CHART = join(ROOT, "charts/rollcall");
const PROGRAM = existsSync(FETCHED) ? FETCHED : "helm";

/**
 * Whether this machine has it; where not, it is said in a line that nobody overlooks.
 * @throws {Error} on a CI run, which must not leave it out
 */
export function hasHelm(): boolean {
  try {
    execFileSync(PROGRAM, ["version"], { stdio: "ignore" });
    return true;
  } catch {
    if (process.env["CI"] === "true")
      throw new Error("no Helm on this machine, and a CI run renders the chart");
    console.warn(
      "\n!!! NO HELM: the chart is rendered without it; run bin/test once, which fetches it !!!\n",
    );
    return false;
  }
}

export interface HelmAnswer {
  readonly isGood: boolean;
  readonly output: string;
}

/** Helm's own examination of the chart with these values. */
export function lintWithHelm(values: Values): HelmAnswer {
  return withValues(values, (file) => {
    try {
      return { isGood: true, output: helm("lint", CHART, "--strict", "--values", file) };
    } catch (error) {
      const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
      return { isGood: false, output: `${stdout ?? ""}${stderr ?? ""}` };
    }
  });
}

/** What `helm template` writes for the release "acme". @throws {Error} when Helm refuses the chart or the values */
export function renderWithHelm(values: Values): readonly Manifest[] {
  const text = withValues(values, (file) =>
    helm("template", "acme", CHART, "--namespace", "rollcall", "--values", file),
  );
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

function helm(...args: readonly string[]): string {
  return execFileSync(PROGRAM, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** JSON is YAML, so Helm reads it as it is. */
function withValues<Result>(values: Values, use: (file: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "rollcall-helm-"));
  try {
    const file = join(folder, "values.yaml");
    writeFileSync(file, JSON.stringify(values));
    return use(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
