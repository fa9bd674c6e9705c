/**
 * docs/compatibility.md: what is asked for and how it is answered is written there by hand, a row each; which tests
 * hold it is filled in from the tests.
 */
import { DIALECT_NAMES, type Dialect } from "../../src/scim/index.ts";
import { TOLERANCES, type Tolerance } from "../../src/scim/dialect/tolerances.ts";
import type { Title } from "./titles.ts";

/** A table of the page: the kind its tests are named by, and the keys that its rows must have. */
export interface Section {
  readonly kind: string;
  readonly keys: readonly string[];
  /** The cells after the key, where the code has them too; else they are written by hand. */
  readonly cells?: Readonly<Record<string, readonly string[]>>;
}

const numbers = (last: number): readonly string[] => Array.from({ length: last }, (_, n) => String(n + 1));

export const SECTIONS: readonly Section[] = [
  { kind: "RFC", keys: numbers(109) },
  { kind: "Entra", keys: numbers(41) },
  toleranceSection(),
];

/**
 * The page with its tables' last cells filled in.
 * @throws {Error} naming rows that are missing or too many, and rows that no test names
 */
export function fillIn(page: string, sections: readonly Section[], titles: readonly Title[]): string {
  return sections.reduce((text, section) => fillSection(text, section, titles), page);
}

/** Table rows stand between two comments, since a formatter would pad them to the longest title. */
function fillSection(page: string, { kind, keys, cells }: Section, titles: readonly Title[]): string {
  const [before, rows, after] = cut(page, kind);
  const written = rows.map(cellsOf);
  const named = written.map(([key = ""]) => bare(key));
  if (!cells && named.join() !== keys.join())
    throw new Error(`the rows of ${kind} are ${named.join()} instead of ${keys.join()}`);
  const filled = cells
    ? keys.map((key) => [`\`${key}\``, ...(cells[key] ?? [])])
    : written.map((row) => row.slice(0, -1));
  const lines = filled.map(([key = "", ...more]) => {
    const texts = titles.filter((title) => title.kind === kind && title.key === bare(key));
    if (texts.length === 0) throw new Error(`no test is named "${kind} ${bare(key)}: …"`);
    return `| ${[key, ...more, texts.map(({ text }) => shown(text, kind)).join("<br>")].join(" | ")} |`;
  });
  return `${before}${lines.join("\n")}${after}`;
}

function toleranceSection(): Section {
  const cells = Object.entries<Tolerance>(TOLERANCES).map(
    ([name, { allows, otherwise, refusal, dialects }]) => {
      const mark = (dialect: Dialect): string => (dialects.includes(dialect) ? "yes" : "");
      const refused = refusal === undefined ? otherwise : `\`${refusal}\`: ${otherwise}`;
      return [name, [allows, refused, ...DIALECT_NAMES.map(mark)]] as const;
    },
  );
  return { kind: "Tolerance", keys: cells.map(([name]) => name), cells: Object.fromEntries(cells) };
}

/** What stands before a section's rows, the rows, and what stands after them. */
function cut(page: string, kind: string): [string, readonly string[], string] {
  const match = new RegExp(`<!-- tests: ${kind} -->\\n\\n\\|.*\\n\\|.*\\n`).exec(page);
  if (!match) throw new Error(`the page has no table after <!-- tests: ${kind} -->`);
  const start = match.index + match[0].length;
  const end = page.indexOf("\n\n", start);
  return [page.slice(0, start), page.slice(start, end).split("\n"), page.slice(end)];
}

/** The cells of a row, `\|` within one being no border. */
function cellsOf(row: string): string[] {
  return row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
}

function bare(cell: string): string {
  return cell.replaceAll("`", "");
}

/** The title without what the row says already, as plain text of a Markdown cell. */
function shown(text: string, kind: string): string {
  return text
    .slice(text.indexOf(": ", kind.length) + 2)
    .replaceAll(/[\\`*_<>|[\]]/g, (sign) => (sign === "|" ? "\\|" : `\\${sign}`));
}
