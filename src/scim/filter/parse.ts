/**
 * Tokens → tree, by recursive descent with bounded depth. Precedence: grouping, then `not`, `and`, `or`. Operators
 * and attribute names are read without regard to letter case. RFC 7644 section 3.4.2.2.
 */
import { say, ScimError } from "../errors.ts";
import type { AttributePath, CompareOperator, Filter, Literal } from "./ast.ts";
import { lex, type Source, syntaxError, type Token } from "./lex.ts";
import { literalOf, pathOf } from "./words.ts";

const FILTER_DEPTH_MAX = 32; // Deeper than a person writes, shallow enough for a recursive parser's stack.

const OPERATORS: ReadonlySet<string> = new Set(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]);

/**
 * @param mustQuote - text without quotes is refused
 * @throws {ScimError} invalidFilter with the position of the fault
 */
export function parseFilter(text: string, mustQuote = false): Filter {
  const parser = new Parser({ kind: "filter", text, mustQuote });
  const filter = parser.filter();
  parser.expectEnd();
  return filter;
}

/** Reads tokens from left to right. PATCH paths use it for the filter between their brackets. */
export class Parser {
  readonly #tokens: readonly Token[];
  #source: Source;
  #next = 0;
  #depth = 0;

  constructor(source: Source) {
    this.#tokens = lex(source);
    this.#source = source;
  }

  /** A whole filter; between brackets, one whose terms are about the sub-attributes of one value. */
  filter(isInValue = false): Filter {
    this.#depth += 1;
    if (this.#depth > FILTER_DEPTH_MAX) {
      const detail = say`The filter nests deeper than ${FILTER_DEPTH_MAX} levels; write it flatter.`;
      throw new ScimError("invalidFilter", "filter-too-deep", detail);
    }
    const filter = this.#junction("or", () => this.#junction("and", () => this.#operand(isInValue)));
    this.#depth -= 1;
    return filter;
  }

  /** The filter between `[` and `]`, if a bracket opens here. Its faults are a filter's, also within a path. */
  bracketed(): Filter | undefined {
    if (this.peek().kind !== "[") return undefined;
    this.take();
    const outer = this.#source;
    this.#source = { ...outer, kind: "filter" };
    const filter = this.filter(true);
    this.#expect("]", "a closing bracket ']' is missing");
    this.#source = outer;
    return filter;
  }

  /** The `.sub` that directly follows a closing bracket. */
  subAfterBracket(): string | undefined {
    const token = this.peek();
    const isAdjacent = this.#tokens[this.#next - 1]?.at === token.at - 1;
    if (token.kind !== "word" || !token.text.startsWith(".") || !isAdjacent) return undefined;
    this.take();
    const { name, urn, sub } = pathOf(token.text.slice(1), token.at, this.#source);
    if (urn === undefined && sub === undefined) return name;
    throw syntaxError(this.#source, token.at, "one sub-attribute name is expected after ']'");
  }

  path(): AttributePath {
    const token = this.peek();
    if (token.kind !== "word") throw syntaxError(this.#source, token.at, "an attribute name is expected");
    this.take();
    return pathOf(token.text, token.at, this.#source);
  }

  peek(): Token {
    return this.#tokens[this.#next] ?? { kind: "end", at: 0 };
  }

  take(): void {
    this.#next += 1;
  }

  expectEnd(): void {
    const { kind, at } = this.peek();
    if (kind !== "end") throw syntaxError(this.#source, at, "'and', 'or' or the end is expected");
  }

  #junction(kind: "and" | "or", operand: () => Filter): Filter {
    const operands = [operand()];
    while (this.#isWord(kind)) {
      this.take();
      operands.push(operand());
    }
    const [first] = operands;
    return operands.length === 1 && first ? first : { kind, operands };
  }

  #operand(isInValue: boolean): Filter {
    if (this.#isWord("not") && this.#tokens[this.#next + 1]?.kind === "(") {
      this.take();
      return { kind: "not", operand: this.#group(isInValue) };
    }
    return this.peek().kind === "(" ? this.#group(isInValue) : this.#term(isInValue);
  }

  #group(isInValue: boolean): Filter {
    this.take();
    const filter = this.filter(isInValue);
    this.#expect(")", "a closing parenthesis ')' is missing");
    return filter;
  }

  #term(isInValue: boolean): Filter {
    const path = this.path();
    if (this.peek().kind !== "[") return this.#comparison(path);
    if (isInValue) throw syntaxError(this.#source, this.peek().at, "brackets cannot stand within brackets");
    if (path.sub !== undefined) {
      throw syntaxError(this.#source, this.peek().at, "brackets follow an attribute, not a sub-attribute");
    }
    return this.#valuePath(path);
  }

  /** `emails[type eq "work"]`, and Azure's `emails[type eq "work"].value eq "x"`: all terms on one value. */
  #valuePath(path: AttributePath): Filter {
    const inner = this.bracketed();
    if (!inner) throw syntaxError(this.#source, this.peek().at, "'[' is expected");
    const sub = this.subAfterBracket();
    if (sub === undefined) return { kind: "valuePath", path, filter: inner };
    const comparison = this.#comparison({ name: sub });
    const operands = inner.kind === "and" ? [...inner.operands, comparison] : [inner, comparison];
    return { kind: "valuePath", path, filter: { kind: "and", operands } };
  }

  #comparison(path: AttributePath): Filter {
    const token = this.peek();
    const operator = token.kind === "word" ? token.text.toLowerCase() : "";
    if (operator === "pr") {
      this.take();
      return { kind: "present", path };
    }
    if (!OPERATORS.has(operator)) {
      throw syntaxError(
        this.#source,
        token.at,
        "an operator is expected: eq, ne, co, sw, ew, gt, ge, lt, le or pr",
      );
    }
    this.take();
    return { kind: "compare", path, operator: operator as CompareOperator, value: this.#literal() };
  }

  #literal(): Literal {
    const token = this.peek();
    if (token.kind !== "string" && token.kind !== "word") {
      throw syntaxError(this.#source, token.at, 'a value is expected, such as "text", 5, true or null');
    }
    this.take();
    return token.kind === "string" ? token.value : literalOf(token.text, token.at, this.#source);
  }

  #expect(kind: Token["kind"], what: string): void {
    const token = this.peek();
    if (token.kind !== kind) throw syntaxError(this.#source, token.at, what);
    this.take();
  }

  #isWord(word: string): boolean {
    const token = this.peek();
    return token.kind === "word" && token.text.toLowerCase() === word;
  }
}
