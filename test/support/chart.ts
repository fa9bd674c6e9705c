/** The Helm chart, rendered by Go's own template engine (compiled to WebAssembly), as Helm would hand it the values. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse as renderTemplate } from "@evertdespiegeleer/go-template";
import { parse, parseAllDocuments } from "yaml";

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Values = Readonly<Record<string, unknown>>;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
  };
  readonly spec?: Record<string, unknown>;
}

const FOLDER = join(import.meta.dirname, "../../charts/rollcall");
const read = (path: string): string => readFileSync(join(FOLDER, path), "utf8");

export const chart = parse(read("Chart.yaml")) as { readonly version: string; readonly appVersion: string };
export const defaultValues = parse(read("values.yaml")) as Values;
export const valuesSchema = JSON.parse(read("values.schema.json")) as object;

/** As Helm merges: objects key by key, everything else is replaced. */
export function merge(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(
    keys.map((key) => [
      key,
      key in over ? (key in base ? merge(base[key], over[key]) : over[key]) : base[key],
    ]),
  );
}

/**
 * Every template by its name. The engine ends at a value that is not there, where Helm would write nothing.
 * @throws {Error} when a template is none of Go's, or uses a function that only Helm has
 */
export async function renderChart(values: Values): Promise<ReadonlyMap<string, string>> {
  const helpers = read("templates/_helpers.tpl");
  const data = {
    Values: merge(defaultValues, values),
    Chart: { Name: "rollcall", Version: chart.version, AppVersion: chart.appVersion },
    Release: { Name: "acme", Namespace: "rollcall", Service: "Helm" },
  };
  const rendered = new Map<string, string>();
  for (const name of readdirSync(join(FOLDER, "templates")).filter((file) => !file.endsWith(".tpl")))
    rendered.set(name, await renderTemplate(`${helpers}${read(`templates/${name}`)}`, data));
  return rendered;
}

/** @throws {Error} when what a template makes is not YAML */
export async function manifestsOf(values: Values): Promise<readonly Manifest[]> {
  const rendered = await renderChart(values);
  return [...rendered]
    .filter(([name]) => name.endsWith(".yaml"))
    .flatMap(([name, text]) =>
      parseAllDocuments(text).map((document) => {
        if (document.errors[0] !== undefined) throw new Error(`${name}: ${document.errors[0].message}`);
        return document.toJS() as Manifest | null;
      }),
    )
    .filter((manifest) => manifest !== null);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
