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
  if (test.operator === "pr") return true;
  if (test.operator === "eq") return actual === test.value;
  if (isSubstringTest(test)) return typeof actual === "string" && hasSubstring(test, actual);
  return isOrdered(test.operator, compare(actual, test.value));
}

function isSubstringTest(test: SubstringTest | OrderTest): test is SubstringTest {
  return test.operator === "co" || test.operator === "sw" || test.operator === "ew";
}

function hasSubstring({ operator, value }: SubstringTest, actual: string): boolean {
  switch (operator) {
    case "co":
      return actual.includes(value);
    case "sw":
      return actual.startsWith(value);
    case "ew":
      return actual.endsWith(value);
  }
}

/** Not a number, and so no order, where the types differ. */
function compare(actual: unknown, value: Comparable): number {
  if (typeof actual === "string" && typeof value === "string") return compareCodePoints(actual, value);
  return typeof actual === "number" && typeof value === "number" ? actual - value : NaN;
}

function isOrdered(operator: Exclude<OrderTest["operator"], "eq">, difference: number): boolean {
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
