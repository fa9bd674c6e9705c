/**
 * The tree of a filter: plain data that keeps what was written, so that one value meeting two terms stays apart
 * from two values meeting one each. Names are resolved later, against the schema. Source: RFC 7644 section 3.4.2.2.
 */

export type CompareOperator = "eq" | "ne" | "co" | "sw" | "ew" | "gt" | "ge" | "lt" | "le";

export type Literal = string | number | boolean | null;

/** An attribute as the client named it: letter case kept, URN prefix apart, at most one sub-attribute. */
export interface AttributePath {
  readonly urn?: string;
  readonly name: string;
  readonly sub?: string;
}

export interface PresentTerm {
  readonly kind: "present";
  readonly path: AttributePath;
}

export interface CompareTerm {
  readonly kind: "compare";
  readonly path: AttributePath;
  readonly operator: CompareOperator;
  readonly value: Literal;
}

/** `emails[type eq "work"]`: true when one value of the attribute meets the whole inner filter. */
export interface ValuePath {
  readonly kind: "valuePath";
  readonly path: AttributePath;
  readonly filter: Filter;
}

export interface Junction {
  readonly kind: "and" | "or";
  readonly operands: readonly Filter[];
}

export interface Negation {
  readonly kind: "not";
  readonly operand: Filter;
}

export type Filter = PresentTerm | CompareTerm | ValuePath | Junction | Negation;
