/** Filter and path text → tokens, each with its position for messages. RFC 7644 section 3.4.2.2. */
import type { ErrorCode } from "../error-codes.ts";
import { say, ScimError, type ScimType, term } from "../errors.ts";
import { hasForbiddenCharacter } from "../resource/text.ts";

export type Token =
  | { readonly kind: "word"; readonly text: string; readonly at: number }
  | { readonly kind: "string"; readonly value: string; readonly at: number }
  | { readonly kind: "(" | ")" | "[" | "]" | "end"; readonly at: number };

/** What is being read, for messages: the whole text, and whether a fault in it is a filter's or a path's. */
export interface Source {
  readonly kind: "filter" | "path";
  readonly text: string;
  /** Text must stand in quotes; else a word that means nothing else is text that lost them. */
  readonly mustQuote?: boolean;
}

/** Longest text that is read: a filter of a few hundred terms; a person writes a few dozen characters. */
export const FILTER_CHARS_MAX = 10_000;

/** @throws {ScimError} invalidFilter when the text is too long, or a quoted string does not end or is not a JSON string */
export function lex(source: Source): readonly Token[] {
  const { text } = source;
  if (text.length > FILTER_CHARS_MAX) {
    const detail = say`The filter is ${text.length} characters long; at most ${FILTER_CHARS_MAX} are read.`;
    throw new ScimError("invalidFilter", "filter-too-long", detail);
  }
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (isSpace(char)) {
      at += 1;
    } else if (char === "(" || char === ")" || char === "[" || char === "]") {
      tokens.push({ kind: char, at });
      at += 1;
    } else {
      const end = char === '"' ? endOfString(source, at) : endOfWord(text, at);
      const slice = text.slice(at, end);
      tokens.push(char === '"' ? readString(source, slice, at) : { kind: "word", text: slice, at });
      at = end;
    }
  }
  tokens.push({ kind: "end", at });
  return tokens;
}

/** A fault at a position. Positions count from 1, as people do. */
export function syntaxError({ kind, text }: Source, at: number, what: string): ScimError {
  const [scimType, code]: [ScimType, ErrorCode] =
    kind === "filter" ? ["invalidFilter", "filter-syntax"] : ["invalidPath", "path-syntax"];
  const detail = say`The ${term(kind)} ${text} cannot be read at character ${at + 1}: ${term(what)}.`;
  return new ScimError(scimType, code, detail);
}

function isSpace(char: string): boolean {
  return char === " " || char === "\t" || char === "\n" || char === "\r";
}

function endOfWord(text: string, start: number): number {
  let end = start;
  while (end < text.length && !' \t\n\r()[]"'.includes(text.charAt(end))) end += 1;
  return end;
}

function endOfString(source: Source, start: number): number {
  const { text } = source;
  for (let end = start + 1; end < text.length; end += 1) {
    const char = text.charAt(end);
    if (char === '"') return end + 1;
    if (char === "\\") end += 1;
  }
  throw syntaxError(source, start, "the quoted text that opens here has no closing quote");
}

function readString(source: Source, quoted: string, at: number): Token {
  const value = parseJsonString(quoted);
  if (value === undefined) {
    throw syntaxError(source, at, "the quoted text is not a JSON string; write \\\\ for a backslash");
  }
  if (hasForbiddenCharacter(value)) {
    throw syntaxError(source, at, "the quoted text holds a NUL character or broken Unicode");
  }
  return { kind: "string", value, at };
}

function parseJsonString(quoted: string): string | undefined {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return undefined;
  }
}
