/** Files of people on the command line: which heading is which field, the text, and a bar while it is stored. */
import { readFileSync } from "node:fs";
import { FileError } from "../platform/csv.ts";
import { CommandError, reason, UsageError } from "./command.ts";

/** @throws {UsageError} for what is no `<field>=<heading>,…` */
export function headingsOf<Name extends string>(
  map: string | undefined,
  fields: readonly Name[],
): ReadonlyMap<Name, string> {
  const headings = new Map<Name, string>();
  for (const part of map?.split(",") ?? []) {
    const [name = "", ...heading] = part.split("=");
    const field = fields.find((each) => each.toLowerCase() === name.trim().toLowerCase());
    if (field === undefined || heading.length === 0)
      throw new UsageError(
        `--map takes <field>=<heading> with a field of ${fields.join(", ")}, not "${part}"`,
      );
    headings.set(field, heading.join("=").trim());
  }
  return headings;
}

/** @throws {CommandError} when there is no such file, or it is not UTF-8 */
export function readText(file: string | number): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw new CommandError(`${file} cannot be read as UTF-8: ${reason(error)}`);
  }
}

/** What reads a file, with what is wrong in it told of that file. */
export function inFile<Result>(file: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    if (error instanceof FileError) throw new CommandError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

/** A bar for people; a file or a pipe gets none. */
export function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY) return;
  const width = 30;
  const filled = Math.round((width * done) / total);
  process.stderr.write(`\r[${"#".repeat(filled)}${" ".repeat(width - filled)}] ${done} of ${total}`);
  if (done === total) process.stderr.write("\n");
}
