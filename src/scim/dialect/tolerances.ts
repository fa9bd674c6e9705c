/**
 * What clients do that the RFCs do not allow or do not know, each with a name, and which dialects take it. The readers
 * of bodies, paths and filters are the most lenient there are; what a connection's dialect does not take is refused
 * before they run. docs/compatibility.md lists these, each with the test that sends it both ways.
 */
import { say, ScimError, type ScimType, term, type Term } from "../errors.ts";
import type { ResourceType } from "../resource/resource.ts";

export const DIALECT_NAMES = ["entra", "okta", "strict"] as const;
export type Dialect = (typeof DIALECT_NAMES)[number];

interface DialectFacts {
  /** For people who choose. */
  readonly label: string;
  readonly summary: string;
  /** How a PATCH is answered; 200 always where the client asked for attributes, RFC 7644 section 3.5.2. */
  readonly patchAnswers: Readonly<Record<ResourceType, 200 | 204>>;
}

export const DIALECTS: Readonly<Record<Dialect, DialectFacts>> = {
  entra: {
    label: "Azure AD (Entra ID)",
    summary: "takes everything that Azure AD and most other clients send",
    // Azure reads no body; and saying what 100,000 members are costs more than changing one.
    patchAnswers: { User: 200, Group: 204 },
  },
  okta: {
    label: "Okta",
    summary: "takes what Okta sends beyond the standard, and nothing else",
    patchAnswers: { User: 200, Group: 204 },
  },
  strict: {
    label: "Strict",
    summary: "takes what RFC 7643 and RFC 7644 say, to the letter",
    patchAnswers: { User: 200, Group: 200 },
  },
};

export interface Tolerance {
  /** What is taken. */
  readonly allows: string;
  /** What holds where it is not. */
  readonly otherwise: string;
  /** How it is refused; absent where it is not refused but means something else. */
  readonly refusal?: ScimType;
  readonly dialects: readonly Dialect[];
}

export const TOLERANCES = {
  schemas: {
    allows: "`schemas` may be missing, list what nobody knows, or leave out an extension that is used",
    otherwise:
      "schemas must list the message's or the resource's own schema, each extension used, and no other",
    refusal: "invalidSyntax",
    dialects: ["entra", "okta"],
  },
  "unknown-attributes": {
    allows: "names that no schema has are passed over",
    otherwise: "no schema has this attribute",
    refusal: "invalidSyntax",
    dialects: ["entra", "okta"],
  },
  "extra-keys": {
    allows: "a PATCH and its operations may have keys of the client's own",
    otherwise: "a PATCH has schemas and Operations, and an operation op, path and value",
    refusal: "invalidSyntax",
    dialects: ["entra", "okta"],
  },
  "flattened-names": {
    allows: "dotted, filtered and URN keys in bodies and in values without a path: `name.givenName`",
    otherwise:
      "in a body a name is one attribute's, and an extension's attributes stand in an object under its URN",
    refusal: "invalidSyntax",
    dialects: ["entra"],
  },
  "bare-extension-names": {
    allows: "an extension's attribute by its name alone: `manager`",
    otherwise: "an extension's attribute needs its URN",
    refusal: "invalidPath",
    dialects: ["entra"],
  },
  "role-display-name": {
    allows: "`displayName` within a value where `display` is meant",
    otherwise: "the sub-attribute is display",
    refusal: "invalidSyntax",
    dialects: ["entra"],
  },
  "boolean-text": {
    allows: 'booleans as text, in any case: `"False"`',
    otherwise: "a boolean is true or false without quotes",
    refusal: "invalidValue",
    dialects: ["entra"],
  },
  "number-text": {
    allows: "numbers and booleans where text is wanted, and text where a number is",
    otherwise: "text stands in quotes, a number does not",
    refusal: "invalidValue",
    dialects: ["entra"],
  },
  "list-of-one": {
    allows:
      "one value as a list of one, one value where a list is wanted, a list of objects as a value without a path",
    otherwise: "a multi-valued attribute takes a list, any other takes none",
    refusal: "invalidValue",
    dialects: ["entra"],
  },
  "bare-value": {
    allows:
      'a complex value as its `value` alone (`"manager": "<id>"`), and a simple one as an object with a `value`',
    otherwise: "a complex value is an object, a simple one is none",
    refusal: "invalidValue",
    dialects: ["entra"],
  },
  "empty-text": {
    allows: '`""` unassigns what is not text: a manager, a boolean, a list',
    otherwise: "an empty text is no value of this type; null unassigns",
    refusal: "invalidValue",
    dialects: ["entra", "okta"],
  },
  "several-primary": {
    allows: "several values that say they are primary: the last one is",
    otherwise: "at most one value may be primary",
    refusal: "invalidValue",
    dialects: ["entra"],
  },
  "read-only": {
    allows: "what is read-only, sent along in a PATCH, is passed over: `id`, `groups`, `manager.displayName`",
    otherwise: "the attribute is read-only",
    refusal: "mutability",
    dialects: ["entra", "okta"],
  },
  "operation-case": {
    allows: "`op` in any letter case: `Add`",
    otherwise: "op is add, replace or remove, in small letters",
    refusal: "invalidSyntax",
    dialects: ["entra"],
  },
  "empty-path": {
    allows: "an empty `path` is none",
    otherwise: "an empty path names nothing; leave path out",
    refusal: "invalidPath",
    dialects: ["entra"],
  },
  "value-path-creates": {
    allows: "what a filter in a path describes is made where nothing matches it",
    otherwise: "a filter in a path must match a value that is there",
    refusal: "noTarget",
    dialects: ["entra"],
  },
  "remove-by-value": {
    allows: "`remove` of a whole attribute with a value removes that value alone",
    otherwise: "the value is not looked at, and all values go, as RFC 7644 section 3.5.2.2 has it",
    // Who never means "all" by it must not lose a group over it: all dialects of real clients have this.
    dialects: ["entra", "okta"],
  },
  "unquoted-text": {
    allows: "text without quotes in a filter, and `True` for `true`",
    otherwise: "text in a filter stands in quotes",
    refusal: "invalidFilter",
    dialects: ["entra"],
  },
  "filter-value-type": {
    allows: 'a filter\'s value of another type: `primary eq "True"`',
    otherwise: "the filter's value must be of the attribute's type",
    refusal: "invalidFilter",
    dialects: ["entra"],
  },
  "empty-filter": {
    allows: "an empty `filter=` is none",
    otherwise: "an empty filter would find everybody; leave filter out",
    refusal: "invalidFilter",
    dialects: ["entra", "okta"],
  },
} as const satisfies Record<string, Tolerance>;

export type ToleranceName = keyof typeof TOLERANCES;

const TAKEN: Readonly<Record<Dialect, ReadonlySet<ToleranceName>>> = {
  entra: takenBy("entra"),
  okta: takenBy("okta"),
  strict: takenBy("strict"),
};

export function tolerates(dialect: Dialect, name: ToleranceName): boolean {
  return TAKEN[dialect].has(name);
}

/** True for a dialect that takes everything, so that there is nothing to check. */
export function toleratesAll(dialect: Dialect): boolean {
  return TAKEN[dialect].size === Object.keys(TOLERANCES).length;
}

/**
 * @param where - what is not as it should be
 * @throws {ScimError} when the dialect does not take it
 */
export function assertTolerated(dialect: Dialect, name: ToleranceName, where: Term | string): void {
  if (tolerates(dialect, name)) return;
  const tolerance: Tolerance = TOLERANCES[name];
  const detail = say`${where}: ${term(tolerance.otherwise)}. The connection's dialect is ${term(dialect)}; ${term(tolerance.dialects.join(" and "))} would take it (${term(name)}).`;
  throw new ScimError(tolerance.refusal ?? "invalidSyntax", "not-tolerated", detail);
}

function takenBy(dialect: Dialect): ReadonlySet<ToleranceName> {
  const names = Object.keys(TOLERANCES) as ToleranceName[];
  return new Set(names.filter((name) => (TOLERANCES[name].dialects as readonly Dialect[]).includes(dialect)));
}
