/** The leaf of a bound filter: one comparison with one value. False on what is unassigned; `ne` is `not eq`. */
import { compareCodePoints } from "../resource/text.ts";
import type { CompareOperator } from "./ast.ts";

export type Comparable = string | number | boolean;

export interface SubstringTest {
  readonly operator: "co" | "sw" | "ew";
  readonly value: string;
}

export interface OrderTest {
  readonly operator: "eq" | "gt" | "ge" | "lt" | "le";
  readonly value: Comparable;
}

export type Test = { readonly operator: "pr" } | SubstringTest | OrderTest;

export function makeTest(operator: Exclude<CompareOperator, "ne">, value: Comparable): Test {
  return operator === "co" || operator === "sw" || operator === "ew"
    ? { operator, value: String(value) }
    : { operator, value };
}

export function holds(test: Test, actual: unknown): boolean {
  if (actual === undefined) return false;
  switch (test.operator) {
    case "pr":
      return true;
    case "co":
      return typeof actual === "string" && actual.includes(test.value);
    case "sw":
      return typeof actual === "string" && actual.startsWith(test.value);
    case "ew":
      return typeof actual === "string" && actual.endsWith(test.value);
    case "eq":
      return actual === test.value;
    case "gt":
    case "ge":
    case "lt":
    case "le":
      return isOrdered(test.operator, compare(actual, test.value));
  }
}

/** Not a number, and so no order, where the types differ. */
function compare(actual: unknown, value: Comparable): number {
  if (typeof actual === "string" && typeof value === "string") return compareCodePoints(actual, value);
  return typeof actual === "number" && typeof value === "number" ? actual - value : NaN;
}

function isOrdered(operator: "gt" | "ge" | "lt" | "le", difference: number): boolean {
  switch (operator) {
    case "gt":
      return difference > 0;
    case "ge":
      return difference >= 0;
    case "lt":
      return difference < 0;
    case "le":
      return difference <= 0;
  }
}
