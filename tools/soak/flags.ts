/** The command line: parsed, checked, with defaults; faults are told in words. */
import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";
import type { SoakSettings } from "./soak.ts";
import type { QueueKind } from "./stores.ts";

export type Options = Omit<SoakSettings, "root" | "onLine">;

export type CommandLine =
  | { readonly kind: "help" }
  | { readonly kind: "fault"; readonly message: string }
  | { readonly kind: "run"; readonly options: Options; readonly jsonFile: string | undefined };

export const HELP = `Runs Rollcall with its stores, kills and cuts what there is, and checks that nothing was lost or done twice.

  bin/soak [flags]

  --minutes 5          how long faults are injected
  --queue redis        redis or postgres: where the queue lives
  --seed <number>      repeats the choices of a run; without it a new one, which is printed
  --clients 12         clients, each a connection of its own
  --workers 3          worker processes
  --together           the apis are workers as well, as in one process of all roles
  --hold 6             seconds that a store or process is away or frozen at most
  --faults a,b         only these; none for no fault at all; without it all
  --json <file>        write the report as JSON
  --keep               keep the directory with the logs
  --help

Faults: ${FAULTS.map(({ name }) => name).join(", ")}.
Ends with 0 when every answer is explained, 1 when one is not, 2 on a wrong flag. It listens on the loopback alone.
`;

const STRING = { type: "string" } as const;
const BOOLEAN = { type: "boolean" } as const;
const FLAGS = {
  minutes: STRING,
  queue: STRING,
  seed: STRING,
  clients: STRING,
  workers: STRING,
  together: BOOLEAN,
  hold: STRING,
  faults: STRING,
  json: STRING,
  keep: BOOLEAN,
  help: BOOLEAN,
} as const;

/** @param newSeed - for a run that names none */
export function parseFlags(args: readonly string[], newSeed: number): CommandLine {
  try {
    const { values } = parseArgs({ args: [...args], options: FLAGS, strict: true });
    if (values.help === true) return { kind: "help" };
    const options: Options = {
      minutes: positive("minutes", values.minutes ?? "5"),
      queue: queueOf(values.queue ?? "redis"),
      seed: values.seed === undefined ? newSeed : positive("seed", values.seed),
      clients: positive("clients", values.clients ?? "12"),
      workers: positive("workers", values.workers ?? "3"),
      together: values.together === true,
      holdSeconds: positive("hold", values.hold ?? "6"),
      faults: faultsOf(values.faults),
      keep: values.keep === true,
    };
    return { kind: "run", options, jsonFile: values.json };
  } catch (error) {
    return { kind: "fault", message: (error as Error).message };
  }
}

function queueOf(text: string): QueueKind {
  if (text === "redis" || text === "postgres") return text;
  throw new Error(`--queue ${text} is neither redis nor postgres`);
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`--${flag} ${text} is not a number above 0`);
}

function faultsOf(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  const names = text === "none" ? [] : text.split(",");
  const unknown = names.find((name) => !FAULTS.some((fault) => fault.name === name));
  if (unknown !== undefined) throw new Error(`--faults ${unknown} is no fault; see --help`);
  return names;
}
