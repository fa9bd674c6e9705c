/** The value of a filter's term, brought to the form in which the attribute's values are compared. */
import { say, ScimError, term } from "../errors.ts";
import { normalizeDateTime } from "../resource/date-time.ts";
import { fold } from "../resource/text.ts";
import type { Attribute, AttributeType } from "../schema/attribute.ts";
import type { CompareOperator, Literal } from "./ast.ts";
import type { Comparable } from "./test.ts";

const EQUALITY: readonly CompareOperator[] = ["eq", "ne"];
const ORDERING: readonly CompareOperator[] = ["gt", "ge", "lt", "le"];
const SUBSTRING: readonly CompareOperator[] = ["co", "sw", "ew"];

/** RFC 7644 section 3.4.2.2, table 3: what has no order and what is no text cannot be compared as if it were. */
const OPERATORS: Readonly<Record<AttributeType, ReadonlySet<CompareOperator>>> = {
  string: new Set([...EQUALITY, ...SUBSTRING, ...ORDERING]),
  reference: new Set([...EQUALITY, ...SUBSTRING, ...ORDERING]),
  binary: new Set([...EQUALITY, ...SUBSTRING]),
  boolean: new Set(EQUALITY),
  integer: new Set([...EQUALITY, ...ORDERING]),
  decimal: new Set([...EQUALITY, ...ORDERING]),
  dateTime: new Set([...EQUALITY, ...ORDERING]),
  complex: new Set(),
};

/**
 * @returns null for a comparison with null, which asks for presence
 * @throws {ScimError} invalidFilter when operator or value do not fit the attribute's type
 */
export function comparableOf(
  attribute: Attribute,
  operator: CompareOperator,
  value: Literal,
): Comparable | null {
  if (!OPERATORS[attribute.type].has(operator) || (value === null && !EQUALITY.includes(operator))) {
    throw operatorError(attribute, operator, value);
  }
  if (value === null) return null;
  const comparable = convert(attribute, value);
  if (comparable === undefined) throw valueError(attribute, value);
  return comparable;
}

function convert(attribute: Attribute, value: string | number | boolean): Comparable | undefined {
  switch (attribute.type) {
    case "boolean":
      return booleanOf(value);
    case "integer":
    case "decimal":
      return numberOf(value);
    case "dateTime":
      return typeof value === "string" ? normalizeDateTime(value) : undefined;
    case "string":
    case "reference":
    case "binary":
    case "complex":
      return attribute.caseExact ? String(value) : fold(String(value));
  }
}

/** Azure compares booleans with the string "True". */
function booleanOf(value: string | number | boolean): boolean | undefined {
  const text = String(value).toLowerCase();
  return text === "true" ? true : text === "false" ? false : undefined;
}

function numberOf(value: string | number | boolean): number | undefined {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

function operatorError(attribute: Attribute, operator: CompareOperator, value: Literal): ScimError {
  const allowed = term([...OPERATORS[attribute.type], "pr"].join(", "));
  const detail =
    value === null
      ? say`${term(attribute.name)} can be compared with null by eq and ne only; ${term(operator)} needs a value.`
      : say`The operator ${term(operator)} does not apply to ${term(attribute.name)}, which is of type ${term(attribute.type)}; use one of ${allowed}.`;
  return new ScimError("invalidFilter", "filter-operator-unsupported", detail);
}

function valueError(attribute: Attribute, value: string | number | boolean): ScimError {
  const detail = say`The filter compares ${term(attribute.name)}, which is of type ${term(attribute.type)}, with ${String(value)}; write a value of that type.`;
  return new ScimError("invalidFilter", "filter-value-type", detail);
}
