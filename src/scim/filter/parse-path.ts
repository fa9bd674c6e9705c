/** PATCH paths: `attribute`, `attribute.sub`, `attribute[filter]`, `attribute[filter].sub`, each with or without URN. */
import type { AttributePath, Filter } from "./ast.ts";
import { type Source, syntaxError } from "./lex.ts";
import { Parser } from "./parse.ts";
import { pathOf } from "./words.ts";

export interface PatchPath extends AttributePath {
  readonly filter?: Filter;
}

/**
 * @param mustQuote - text without quotes is refused in the filter
 * @throws {ScimError} invalidPath, or invalidFilter between the brackets, with the position. RFC 7644 section 3.5.2
 */
export function parsePath(text: string, mustQuote = false): PatchPath {
  const source: Source = { kind: "path", text, mustQuote };
  const parser = new Parser(source);
  const path = parser.path();
  const opening = parser.peek().at;
  const filter = parser.bracketed();
  if (filter && path.sub !== undefined) {
    throw syntaxError(source, opening, "brackets follow an attribute, not a sub-attribute");
  }
  const sub = path.sub ?? (filter && parser.subAfterBracket());
  const { kind, at } = parser.peek();
  if (kind !== "end") throw syntaxError(source, at, "the end of the path is expected");
  return { ...path, ...(filter && { filter }), ...(sub !== undefined && { sub }) };
}

/** An attribute without a filter, as `sortBy` has it. @throws {ScimError} invalidPath with the position */
export function parseAttributePath(text: string): AttributePath {
  return pathOf(text.trim(), 0, { kind: "path", text });
}
