/**
 * Tree → bound tree: names resolved against the schema, values brought to comparable form, every operator reduced
 * to tests that are true or false (never unknown). Evaluation and SQL both walk this tree, which is why they agree.
 *
 * What is unassigned: no test holds on it, so `ne` and `not` do. Of a multi-valued attribute a comparison holds when
 * it holds for any value; `ne` also when there is none. RFC 7644 section 3.4.2.2.
 */
import { say, ScimError, term } from "../errors.ts";
import type { ResourceType } from "../resource/resource.ts";
import type { Attribute } from "../schema/attribute.ts";
import { locate, type Located, type Model, type Models, nameOf } from "../schema/registry.ts";
import type { AttributePath, CompareTerm, Filter, PresentTerm, ValuePath } from "./ast.ts";
import { comparableOf } from "./comparable.ts";
import { holds, makeTest, type Test } from "./test.ts";

/** Where a test looks: a column, a path into the search document, or the value that an `any` has in hand. */
export type Source =
  | { readonly kind: "id" }
  | { readonly kind: "date"; readonly column: "created" | "lastModified" }
  | { readonly kind: "document"; readonly keys: readonly string[] }
  | { readonly kind: "element"; readonly sub?: string };

/** What an `any` runs over: values of an attribute, or the rows of group membership. */
export type Range =
  | { readonly kind: "document"; readonly keys: readonly string[]; readonly isMultiValued: boolean }
  | { readonly kind: "membership" };

export type BoundFilter =
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "and" | "or"; readonly operands: readonly BoundFilter[] }
  | { readonly kind: "not"; readonly operand: BoundFilter }
  | { readonly kind: "test"; readonly source: Source; readonly test: Test }
  | { readonly kind: "any"; readonly range: Range; readonly filter: BoundFilter };

type Term = PresentTerm | CompareTerm;

const TRUE: BoundFilter = { kind: "constant", value: true };

/** What is queried: one type, or one of several at once, with the attributes that they have. */
export interface QueryScope {
  readonly models: Models;
  readonly type: ResourceType;
  /** What only another of these has is unassigned here. RFC 7644 section 3.4.2.1. */
  readonly among?: readonly ResourceType[];
}

/** @throws {ScimError} invalidFilter naming the attribute, operator or value that does not fit the schema */
export function bindFilter(filter: Filter, { models, type, among = [type] }: QueryScope): BoundFilter {
  const model = models[type];
  return bindTree(filter, (leaf) => {
    const { name, urn } = leaf.path;
    const place = locate(model, name, urn);
    if (place)
      return leaf.kind === "valuePath" ? bindValuePath(place, leaf.filter) : bindTerm(place, leaf, model);
    if (!among.some((other) => locate(models[other], name, urn))) throw unknownAttribute(leaf.path, model);
    return { kind: "constant", value: holdsOnAbsent(leaf) };
  });
}

function holdsOnAbsent(leaf: Term | ValuePath): boolean {
  if (leaf.kind !== "compare") return false;
  return leaf.value === null ? leaf.operator === "eq" : leaf.operator === "ne";
}

/**
 * Binds the filter of a value path, whose names are sub-attributes of the attribute.
 * @param isBindable - sub-attributes that can be looked at where the values are
 */
export function bindElementFilter(
  place: Located,
  filter: Filter,
  isBindable: (sub: Attribute) => boolean = () => true,
): BoundFilter {
  const { attribute } = place;
  return bindTree(filter, (leaf) => {
    if (leaf.kind === "valuePath") throw unsupported(nameOf(place));
    const { name, sub, urn } = leaf.path;
    if (attribute.type !== "complex" && name.toLowerCase() === "value")
      return testOf({ kind: "element" }, attribute, leaf);
    const found =
      urn === undefined && sub === undefined ? attribute.subByKey.get(name.toLowerCase()) : undefined;
    if (!found) throw unknownSub(place, sub === undefined ? name : `${name}.${sub}`);
    if (!isBindable(found)) throw unsupported(nameOf(place, found));
    return testOf({ kind: "element", sub: found.key }, found, leaf);
  });
}

function bindTree(
  filter: Filter,
  bindLeaf: (leaf: Exclude<Filter, { kind: "and" | "or" | "not" }>) => BoundFilter,
): BoundFilter {
  switch (filter.kind) {
    case "and":
    case "or":
      return { kind: filter.kind, operands: filter.operands.map((operand) => bindTree(operand, bindLeaf)) };
    case "not":
      return { kind: "not", operand: bindTree(filter.operand, bindLeaf) };
    case "present":
    case "compare":
    case "valuePath":
      return bindLeaf(filter);
  }
}

function bindTerm(place: Located, term: Term, model: Model): BoundFilter {
  const { attribute } = place;
  if (attribute.returned === "never") throw unsupported(nameOf(place));
  const common = place.extension ? undefined : bindCommon(place, term, model);
  if (common) return common;
  const sub = subOf(place, term);
  const range = rangeOf(place);
  if (range.kind === "document" && !range.isMultiValued) {
    const keys = sub ? [...range.keys, sub.key] : range.keys;
    return testOf({ kind: "document", keys }, sub ?? attribute, term);
  }
  if (range.kind === "membership" && sub && !isMembershipSub(sub)) throw unsupported(nameOf(place, sub));
  return anyOf(range, (source) => testOf(source, sub ?? attribute, term), sub, term);
}

/** What every resource has is looked for where it is, and not in the document. */
function bindCommon(place: Located, term: Term, model: Model): BoundFilter | undefined {
  const { attribute } = place;
  switch (attribute.key) {
    case "id":
      return testOf({ kind: "id" }, attribute, term);
    case "meta":
      return bindMeta(place, term, model);
    case "schemas":
      return bindSchemas(attribute, term, model);
    default:
      return undefined;
  }
}

/** A comparison with any of several values. Unassigned, the attribute differs from every value. */
function anyOf(
  range: Range,
  bind: (source: Source) => BoundFilter,
  sub: Attribute | undefined,
  term: Term,
): BoundFilter {
  const isPresence = term.kind === "present" || term.value === null;
  if (isPresence) {
    const inner: BoundFilter = sub
      ? { kind: "test", source: { kind: "element", sub: sub.key }, test: { operator: "pr" } }
      : TRUE;
    const present: BoundFilter = { kind: "any", range, filter: inner };
    return term.kind === "compare" && term.operator === "eq" ? { kind: "not", operand: present } : present;
  }
  const any: BoundFilter = {
    kind: "any",
    range,
    filter: bind({ kind: "element", ...(sub && { sub: sub.key }) }),
  };
  if (term.operator !== "ne") return any;
  return { kind: "or", operands: [{ kind: "not", operand: { kind: "any", range, filter: TRUE } }, any] };
}

function bindValuePath(place: Located, filter: Filter): BoundFilter {
  const range = rangeOf(place);
  if (
    (place.attribute.key === "meta" && !place.extension) ||
    (place.attribute.type !== "complex" && !place.attribute.multiValued)
  ) {
    throw unsupported(`${nameOf(place)}[…]`);
  }
  const isBindable = range.kind === "membership" ? isMembershipSub : undefined;
  return { kind: "any", range, filter: bindElementFilter(place, filter, isBindable) };
}

function bindMeta(place: Located, term: Term, model: Model): BoundFilter {
  const { sub } = term.path;
  if (sub === undefined && term.kind === "present") return TRUE;
  const found = sub === undefined ? undefined : place.attribute.subByKey.get(sub.toLowerCase());
  if (!found) throw sub === undefined ? needsSub(place) : unknownSub(place, sub);
  switch (found.name) {
    case "created":
    case "lastModified":
      return testOf({ kind: "date", column: found.name }, found, term);
    case "resourceType":
      return fixed(testOf({ kind: "element" }, found, term), model.type);
    default:
      throw unsupported(nameOf(place, found));
  }
}

/** `schemas` is not stored: the base schema is always there, an extension's when it has values. */
function bindSchemas(attribute: Attribute, term: Term, model: Model): BoundFilter {
  const test = testOf({ kind: "element" }, attribute, term);
  const extensions = model.extensions
    .filter((schema) => fixed(test, schema.id).value)
    .map((schema): BoundFilter => {
      return { kind: "test", source: { kind: "document", keys: [schema.key] }, test: { operator: "pr" } };
    });
  return { kind: "or", operands: [fixed(test, model.core.id), ...extensions] };
}

/** Decides a test whose value is known beforehand. */
function fixed(bound: BoundFilter, actual: string): { kind: "constant"; value: boolean } {
  if (bound.kind === "not") return { kind: "constant", value: !fixed(bound.operand, actual).value };
  return { kind: "constant", value: bound.kind === "test" && holds(bound.test, actual) };
}

function testOf(source: Source, attribute: Attribute, term: Term): BoundFilter {
  const present: BoundFilter = { kind: "test", source, test: { operator: "pr" } };
  if (term.kind === "present") return present;
  const { operator } = term;
  const value = comparableOf(attribute, operator, term.value);
  if (value === null) return operator === "eq" ? { kind: "not", operand: present } : present;
  // RFC 7643 section 2.4: a value that does not say whether it is primary is not.
  if (attribute.key === "primary" && value === false) {
    const isPrimary: BoundFilter = { kind: "test", source, test: makeTest("eq", true) };
    return operator === "eq" ? { kind: "not", operand: isPrimary } : isPrimary;
  }
  const test: BoundFilter = {
    kind: "test",
    source,
    test: makeTest(operator === "ne" ? "eq" : operator, value),
  };
  return operator === "ne" ? { kind: "not", operand: test } : test;
}

/** The sub-attribute that is compared. `emails co "x"` means its value, as in the RFC's own examples. */
function subOf(place: Located, { path, kind }: Term): Attribute | undefined {
  const { attribute } = place;
  if (path.sub !== undefined) {
    const sub = attribute.subByKey.get(path.sub.toLowerCase());
    if (!sub) throw unknownSub(place, path.sub);
    return sub;
  }
  if (attribute.type !== "complex" || kind === "present") return undefined;
  const value = attribute.subByKey.get("value");
  if (!value) throw needsSub(place);
  return value;
}

function rangeOf({ attribute, extension }: Located): Range {
  if (!extension && isMembership(attribute)) return { kind: "membership" };
  const keys = extension ? [extension.key, attribute.key] : [attribute.key];
  return { kind: "document", keys, isMultiValued: attribute.multiValued };
}

/** Both sides of group membership live in rows of their own, not in the document. */
function isMembership({ key, type }: Attribute): boolean {
  return type === "complex" && (key === "members" || key === "groups");
}

function isMembershipSub({ key }: Attribute): boolean {
  return key === "value";
}

function unknownAttribute({ urn, name }: AttributePath, model: Model): ScimError {
  const asked = term(urn === undefined ? name : `${urn}:${name}`);
  const detail = say`The filter names ${asked}, which is no attribute of ${term(model.type)}; correct the matching attribute in the mapping.`;
  return new ScimError("invalidFilter", "filter-attribute-unknown", detail);
}

function unknownSub(place: Located, sub: string): ScimError {
  const known = place.attribute.subAttributes.map(({ name }) => name).join(", ") || "no sub-attributes";
  const detail = say`The filter names ${term(`${nameOf(place)}.${sub}`)}, which does not exist; ${term(nameOf(place))} has ${term(known)}.`;
  return new ScimError("invalidFilter", "filter-attribute-unknown", detail);
}

function needsSub(place: Located): ScimError {
  const [first] = place.attribute.subAttributes;
  const example = term(first ? nameOf(place, first) : nameOf(place));
  const detail = say`${term(nameOf(place))} is complex and cannot be compared as a whole; name a sub-attribute, such as ${example}.`;
  return new ScimError("invalidFilter", "filter-needs-sub-attribute", detail);
}

function unsupported(name: string): ScimError {
  const detail = say`${term(name)} cannot be filtered on; choose another attribute.`;
  return new ScimError("invalidFilter", "filter-attribute-unsupported", detail);
}
