/** Words that a source of the console has in itself: in its templates, and in strings that read like words to show. */
import ts from "typescript";

export interface FoundWords {
  readonly line: number;
  readonly text: string;
}

/** Stands for a value of a template while its text is read. */
const VALUE = "\uFFFC";

/** @param source - of one file, TypeScript or JavaScript */
export function wordsIn(source: string): readonly FoundWords[] {
  const file = ts.createSourceFile("page.ts", source, ts.ScriptTarget.Latest, true);
  const found: FoundWords[] = [];
  const note = (node: ts.Node, texts: readonly string[]): void => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    for (const text of texts) found.push({ line: line + 1, text });
  };
  const visit = (node: ts.Node): void => {
    if (isNeverShown(node)) return;
    const text = textOf(node);
    if (text !== undefined) note(node, isMarkup(node, text) ? wordsOfMarkup(text) : wordsOfString(text));
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The text of a string or a template, with a sign for each value; undefined for other nodes. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join(VALUE);
}

/** Names of modules and types, directives such as `use strict`; what a developer reads in a log or the trace of an error. */
function isNeverShown(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node)) return true;
  if (ts.isExpressionStatement(node) && ts.isStringLiteral(node.expression)) return true;
  if (ts.isNewExpression(node)) return ts.isIdentifier(node.expression) && node.expression.text === "Error";
  return ts.isCallExpression(node) && /(^|\.)logger\.\w+$/.test(node.expression.getText());
}

/** Whether a string is written as HTML: by `html`, or as what it makes, or a whole document. */
function isMarkup({ parent }: ts.Node, text: string): boolean {
  if (/^<[^>]+>/.test(text)) return true;
  if (ts.isTaggedTemplateExpression(parent)) return parent.tag.getText() === "html";
  return ts.isNewExpression(parent) && parent.expression.getText() === "Html";
}

const ATTRIBUTE = /^\s*(?:[a-z-]+="[^"]*"|required|checked|selected|open|hidden|disabled)\s*$/;
const SHOWN_ATTRIBUTES = /\s(?:aria-label|title|placeholder|alt|label|summary)\s*=\s*"([^"]*)"/g;
// That of a <button> is sent, not shown.
const BUTTON = /^<input(?=[^>]*\stype="(?:submit|button|reset)")/;

function wordsOfMarkup(markup: string): readonly string[] {
  // An optional attribute is a template too: `required`, or `value="…"`.
  const text = ATTRIBUTE.test(markup) ? `<i ${markup}>` : markup;
  const tags = text.match(/<[^>]*>/g) ?? [];
  const attributes = tags.flatMap((tag) => [
    ...[...tag.matchAll(SHOWN_ATTRIBUTES)].map(([, value = ""]) => value),
    ...(BUTTON.test(tag) ? [/\svalue="([^"]*)"/.exec(tag)?.[1] ?? ""] : []),
  ]);
  const between = text.split(/<[^>]*>/).map((each) => each.replace(/&#?\w+;/g, " "));
  return [...between, ...attributes].filter(hasLetters).map(tidied);
}

/** One word with a capital letter, or two words and more; beside a value one is enough. */
const WORDS = /^\P{L}*\p{Lu}\p{Ll}+\P{L}*$|\p{L}[,;:.!?]? [\p{L}\uFFFC]|\uFFFC[,;:.!?]? \p{L}/u;

function wordsOfString(text: string): readonly string[] {
  return WORDS.test(text) ? [tidied(text)] : [];
}

function hasLetters(text: string): boolean {
  return /\p{L}/u.test(text);
}

function tidied(text: string): string {
  return text.replaceAll(VALUE, "…").replace(/\s+/g, " ").trim();
}
