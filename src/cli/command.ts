/** What a command of `bin/rollcall` is, and the two ways in which one may end badly. */
import { parseArgs, type ParseArgsConfig } from "node:util";

export type Env = Readonly<Record<string, string | undefined>>;

export interface Context {
  readonly env: Env;
  /** Of the package. */
  readonly version: string;
  /** Writes a line to stdout, which is the command's result; anything else belongs on stderr. */
  readonly print: (line: string) => void;
}

export interface Command {
  /** As one types it, with its arguments and options. */
  readonly usage: string;
  readonly summary: string;
  /** @returns the exit code */
  run(args: readonly string[], context: Context): Promise<number>;
}

/** What was asked cannot be done; the message is one line that says why, and what to do. Exit code 1. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}

/** It cannot be told what was asked; the usage is shown. Exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Args<Options extends ParseArgsConfig["options"]> = ReturnType<
  typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>
>;

/** Options by their names, and the arguments without one. @throws {TypeError} when an option is not one of these */
export function readArgs<const Options extends NonNullable<ParseArgsConfig["options"]>>(
  args: readonly string[],
  options: Options,
): Args<Options> {
  return parseArgs({ args: [...args], options, allowPositionals: true });
}

/** @throws {UsageError} unless there is exactly one argument, the one called `name` */
export function onlyArgument(positionals: readonly string[], name: string): string {
  const [value, unexpected] = positionals;
  if (value === undefined) throw new UsageError(`<${name}> is missing`);
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  return value;
}

/** @throws {UsageError} unless there are exactly these two arguments */
export function twoArguments(
  positionals: readonly string[],
  names: readonly [string, string],
): [string, string] {
  const [first, second, unexpected] = positionals;
  if (first === undefined) throw new UsageError(`<${names[0]}> is missing`);
  if (second === undefined) throw new UsageError(`<${names[1]}> is missing`);
  if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
  return [first, second];
}

/** Of a refused connection, whose words hide in an AggregateError or in the cause. */
export function reason(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return reason(error.errors[0]);
  if (!(error instanceof Error)) return String(error);
  if (error instanceof CommandError) return error.message; // Says already what its cause says.
  return error.cause instanceof Error ? reason(error.cause) : error.message;
}
