/** Comma-separated values as spreadsheets write them. RFC 4180, with semicolons and tabs as well. */

/** What is wrong with a file, in words for who made it. */
export class FileError extends Error {
  override readonly name = "FileError";
}

/** Rows of cells, empty lines left out, one after the other, so that nobody need hold them all. @throws {FileError} when a quote is not closed */
export function* csvRows(text: string): Generator<readonly string[]> {
  const content = text.replace(/^\ufeff/, "");
  const separator = separatorOf(content);
  let row: string[] = [];
  // A cell and what ends it: a quoted text with doubled quotes, or anything up to the next separator.
  const cell = new RegExp(
    `(?:"((?:[^"]|"")*)"|([^"${separator}\\r\\n][^${separator}\\r\\n]*)?)(${separator}|\\r?\\n|$)`,
    "y",
  );
  while (cell.lastIndex < content.length) {
    const at = cell.lastIndex;
    const match = cell.exec(content);
    if (!match) throw new FileError(`line ${lineAt(content, at)} of the file has a quote that is not closed`);
    row.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? "");
    if (match[3] === separator && cell.lastIndex < content.length) continue;
    if (match[3] === separator) row.push("");
    if (row.some((text) => text !== "")) yield row;
    row = [];
  }
}

/** The one that the heading has most of. */
function separatorOf(content: string): string {
  const [heading = ""] = content.split("\n", 1);
  const counts = [",", ";", "\t"].map((candidate) => ({
    candidate,
    count: heading.split(candidate).length,
  }));
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).candidate;
}

function lineAt(content: string, offset: number): number {
  return content.slice(0, offset).split("\n").length;
}

/** A line of a file for spreadsheets: quoted where it must be, and what would be taken for a formula is made text. */
export function csvLine(values: readonly unknown[]): string {
  return `${values.map(cellOf).join(",")}\r\n`;
}

function cellOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
