/** The command line: parsed, checked, with defaults; faults are told in words. */
import { parseArgs } from "node:util";
import type { SimulationOptions } from "./simulation.ts";

export type CommandLine =
  | { readonly kind: "help" }
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "run"; readonly options: SimulationOptions; readonly reportFile: string | undefined };

export const HELP = `Plays Azure AD's provisioning client against a SCIM service, then checks what the service holds.

  tools/azure-ad/run --url http://127.0.0.1:8080/scim/v2 --token <token> [flags]

  --url <Tenant URL>   as given to Azure AD; a trailing / and ?aadOptscim062020 are borne
  --token <token>      or ROLLCALL_TOKEN in the environment, where ps does not show it
  --users 500          people on the first day
  --groups 12          groups on the first day
  --group-size 25      members of a group on the first day
  --cycles 3           cycles, the initial one included; 0 goes on until stopped
  --beat 40            seconds between the starts of two cycles; 0 is at once
  --concurrency 8      requests under way at once
  --dialect legacy     legacy, compliant (the default with ?aadOptscim062020) or mixed
  --seed 1             another number is another company
  --batch 20           members per PATCH
  --fresh              the tenant is expected to be empty at first: anything else found is a difference (default)
  --keep               the tenant may hold more: what is known is matched and corrected, members of matched groups
                       too; joiners get names of their own; surplus resources are no difference
  --verify-every 0     verify after every so many cycles as well
  --report <file>      write the report as JSON
  --help

The first SIGINT or SIGTERM ends the cycle, verifies and reports; the second leaves at once.
Ends with 0 when the verification found no difference and every error was mended, else 1; 2 on a wrong flag.
`;

const STRING = { type: "string" } as const;
const BOOLEAN = { type: "boolean" } as const;
const FLAGS = {
  url: STRING,
  token: STRING,
  users: STRING,
  groups: STRING,
  "group-size": STRING,
  cycles: STRING,
  beat: STRING,
  concurrency: STRING,
  dialect: STRING,
  seed: STRING,
  batch: STRING,
  report: STRING,
  "verify-every": STRING,
  fresh: BOOLEAN,
  keep: BOOLEAN,
  help: BOOLEAN,
} as const;

type Values = ReturnType<typeof readArguments>;

/** Reads the arguments; `envToken` stands in for a missing `--token`. */
export function parseFlags(args: readonly string[], envToken: string | undefined): CommandLine {
  try {
    const values = readArguments(args);
    if (values.help === true) return { kind: "help" };
    return { kind: "run", options: toOptions(values, envToken), reportFile: values.report };
  } catch (error) {
    return { kind: "fault", message: (error as Error).message };
  }
}

function readArguments(args: readonly string[]) {
  return parseArgs({ args: [...args], options: FLAGS, strict: true }).values;
}

function toOptions(values: Values, envToken: string | undefined): SimulationOptions {
  const url = parseUrl(values.url);
  const token = values.token ?? envToken ?? "";
  if (token === "") throw new Error("--token or ROLLCALL_TOKEN is needed: the secret token of the tenant");
  if (values.fresh === true && values.keep === true) throw new Error("--fresh and --keep exclude each other");
  return {
    url: url.base,
    token,
    users: whole(values, "users", { standard: 500, min: 1, max: 1_000_000 }),
    groups: whole(values, "groups", { standard: 12, min: 0, max: 100_000 }),
    groupSize: whole(values, "group-size", { standard: 25, min: 0, max: 1_000_000 }),
    cycles: whole(values, "cycles", { standard: 3, min: 0, max: 1_000_000 }),
    beat: whole(values, "beat", { standard: 40, min: 0, max: 86_400 }),
    concurrency: whole(values, "concurrency", { standard: 8, min: 1, max: 1000 }),
    dialect: parseDialect(values.dialect ?? (url.isCompliant ? "compliant" : "legacy")),
    seed: whole(values, "seed", { standard: 1, min: 0, max: 2 ** 32 - 1 }),
    batch: whole(values, "batch", { standard: 20, min: 1, max: 1000 }),
    verifyEvery: whole(values, "verify-every", { standard: 0, min: 0, max: 1_000_000 }),
    keep: values.keep === true,
  };
}

function parseUrl(text: string | undefined): { base: string; isCompliant: boolean } {
  if (text === undefined)
    throw new Error("--url is needed: the Tenant URL, such as http://127.0.0.1:8080/scim/v2");
  if (!URL.canParse(text)) throw new Error(`--url ${text} is not a URL`);
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw new Error(`--url ${text} is not http or https`);
  return {
    base: `${url.origin}${url.pathname.replace(/\/+$/, "")}`,
    // The flag is for the client alone; it is not sent.
    isCompliant: url.searchParams.has("aadOptscim062020"),
  };
}

function parseDialect(text: string): SimulationOptions["dialect"] {
  if (text === "legacy" || text === "compliant" || text === "mixed") return text;
  throw new Error(`--dialect ${text} is not one of legacy, compliant, mixed`);
}

interface Limits {
  readonly standard: number;
  readonly min: number;
  readonly max: number;
}

type NumberFlag =
  "users" | "groups" | "group-size" | "cycles" | "beat" | "concurrency" | "seed" | "batch" | "verify-every";

function whole(values: Values, flag: NumberFlag, { standard, min, max }: Limits): number {
  const text = values[flag];
  if (text === undefined) return standard;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`--${flag} ${text} is not a whole number from ${min} to ${max}`);
}
