/** A table on a terminal: columns as wide as their widest cell. */
import type { Context } from "./command.ts";

/** @param rows - the first one is the heading */
export function printTable({ print }: Pick<Context, "print">, rows: readonly (readonly string[])[]): void {
  const widths =
    rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  for (const row of rows)
    print(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}
