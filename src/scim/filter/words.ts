/** The words of a filter or path: attribute names with their URN and sub-attribute, and literals. */
import { hasForbiddenCharacter } from "../resource/text.ts";
import type { AttributePath, Literal } from "./ast.ts";
import { type Source, syntaxError } from "./lex.ts";

const NAME = /^[A-Za-z$][\w$-]*$/; // `$` as in $ref: RFC 7643 section 2.1, which RFC 7644's grammar forgot.
const URN = /^urn:[\x21-\x7e]+$/i;

/**
 * Splits `urn:…:2.0:User:name.givenName` at the last colon, since URNs contain dots. RFC 7644 section 3.10.
 * @throws {ScimError} when a part is not an attribute name
 */
export function pathOf(word: string, at: number, source: Source): AttributePath {
  const colon = word.lastIndexOf(":");
  const urn = colon === -1 ? undefined : word.slice(0, colon);
  const rest = word.slice(colon + 1);
  const dot = rest.indexOf(".");
  const name = dot === -1 ? rest : rest.slice(0, dot);
  const sub = dot === -1 ? undefined : rest.slice(dot + 1);
  if (!NAME.test(name) || (sub !== undefined && !NAME.test(sub))) {
    throw syntaxError(source, at, "an attribute is expected, such as userName or name.givenName");
  }
  if (urn !== undefined && !URN.test(urn)) {
    throw syntaxError(source, at, "before the last colon the URN of a schema is expected");
  }
  return { ...(urn !== undefined && { urn }), name, ...(sub !== undefined && { sub }) };
}

/**
 * true, false, null, a number; any other word is text that lost its quotes. A number that JavaScript would write
 * otherwise (007, 1.0, twenty digits) stays text, since most such words are identifiers.
 */
export function literalOf(word: string, at: number, source: Source): Literal {
  const lower = source.mustQuote ? word : word.toLowerCase();
  if (lower === "true") return true;
  if (lower === "false") return false;
  if (lower === "null") return null;
  if (source.mustQuote) return jsonLiteralOf(word, at, source);
  const number = Number(word);
  if (Number.isFinite(number) && String(number) === word) return number;
  if (hasForbiddenCharacter(word)) {
    throw syntaxError(source, at, "the value holds a NUL character or broken Unicode");
  }
  return word;
}

/** What is neither true, false nor null must be a number as JSON writes it. */
function jsonLiteralOf(word: string, at: number, source: Source): Literal {
  if (!/^-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i.test(word)) {
    throw syntaxError(
      source,
      at,
      'text stands in quotes, such as "text"; true, false and null are in small letters',
    );
  }
  return Number(word);
}
