/** Which tests name what: the titles of tests, read from their sources, so that no service must run to know them. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** What a title begins with: `RFC 12: …`, `Entra 6: …`. */
export interface Subject {
  readonly kind: string;
  readonly key: string;
}

export interface Title extends Subject {
  readonly text: string;
  /** From the root. */
  readonly file: string;
}

const SUBJECT = /^(RFC|Entra|Tolerance) ([\w-]+): ./;
// A table of rows has its titles in the rows, and their common first word in the call of `test.each`.
const ROW = /^[\w-]+: ./;

/** Every title in the tests of a folder that names a subject, in the order of files and lines, none twice. */
export function titlesIn(root: string, folder: string): readonly Title[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".test.ts"))
    .sort();
  const titles = files.flatMap((name) => {
    const file = `${folder}/${name}`;
    return titlesOf(file, readFileSync(join(root, file), "utf8"));
  });
  return [...new Map(titles.map((title) => [title.text, title])).values()];
}

/** @param file - for the titles and for the parser's messages */
export function titlesOf(file: string, text: string): readonly Title[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  let prefix: string | undefined;
  const visit = (node: ts.Node): void => {
    const literal = textOf(node);
    if (literal !== undefined) {
      const [, kind] = /^(RFC|Entra|Tolerance) %s$/.exec(literal) ?? [];
      prefix ??= kind;
      if (SUBJECT.test(literal) || isRowTitle(node, literal)) found.push(literal);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found.flatMap((literal) => {
    const whole = SUBJECT.test(literal) ? literal : `${prefix ?? ""} ${literal}`;
    const [, kind, key] = SUBJECT.exec(whole) ?? [];
    return kind === undefined || key === undefined ? [] : [{ kind, key, text: whole, file }];
  });
}

function isRowTitle(node: ts.Node, literal: string): boolean {
  const { parent } = node;
  return ts.isPropertyAssignment(parent) && parent.name.getText() === "title" && ROW.test(literal);
}

/** A string or a template; what varies in it, for the table of a `test.each` or within a template, becomes `…`. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return varying(node.text);
  if (!ts.isTemplateExpression(node)) return undefined;
  return varying(node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join(""));
}

function varying(text: string): string {
  return /^\w+ %s$/.test(text) ? text : text.replaceAll(/%[sjdifoO]/g, "…");
}
