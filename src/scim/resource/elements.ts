/** Rules about the values of a multi-valued attribute among each other. RFC 7643 section 2.4. */
import type { Attribute } from "../schema/attribute.ts";
import { isEqual } from "./equal.ts";
import { searchValue } from "./search-document.ts";
import { fold } from "./text.ts";

type Element = Record<string, unknown>;

/**
 * At most one value is primary: the one that was written last. The others become `false`, as RFC 7644 section 3.5.2
 * asks. Changes the elements in place.
 * @param before - elements that were primary before the write
 */
export function keepOnePrimary(
  elements: readonly Element[],
  before: ReadonlySet<Element> = new Set(),
): readonly Element[] {
  const primary = elements.filter((element) => element["primary"] === true);
  if (primary.length < 2) return elements;
  const kept = primary.findLast((element) => !before.has(element)) ?? primary.at(-1);
  for (const element of primary) {
    if (element !== kept) element["primary"] = false;
  }
  return elements;
}

/**
 * The elements with others added. What says the same by type and value is the one that is meant, not a second one:
 * it takes over the other parts. Changes the elements in place.
 */
export function addElements(
  attribute: Attribute,
  elements: readonly Element[],
  added: readonly Element[],
): Element[] {
  const all = [...elements];
  const twins = firstBy(elements, (element) => twinKey(attribute, element));
  for (const element of added) {
    const key = twinKey(attribute, element);
    const twin = key === undefined ? all.find((other) => isEqual(other, element)) : twins.get(key);
    if (twin) {
      Object.assign(twin, element);
    } else {
      const copy = { ...element };
      all.push(copy);
      if (key !== undefined) twins.set(key, copy);
    }
  }
  return all;
}

/** The elements that are named; who names one need not say of what type it is. */
export function findNamed(
  attribute: Attribute,
  elements: readonly Element[],
  named: readonly Element[],
): ReadonlySet<Element> {
  const byTwin = firstBy(elements, (element) => twinKey(attribute, element));
  const byValue = firstBy(elements, (element) => valueKey(attribute, element));
  const found = named.map((name) => {
    const isTyped = name["type"] !== undefined;
    const key = isTyped ? twinKey(attribute, name) : valueKey(attribute, name);
    if (key !== undefined) return (isTyped ? byTwin : byValue).get(key);
    return elements.find((element) => isEqual(isTyped ? element : withoutType(element), name));
  });
  return new Set(found.filter((element) => element !== undefined));
}

/** Simple values with others added, each once. */
export function addValues(
  attribute: Attribute,
  values: readonly unknown[],
  added: readonly unknown[],
): unknown[] {
  const byKey = new Map(values.map((value) => [simpleKey(attribute, value), value]));
  for (const value of added) {
    const key = simpleKey(attribute, value);
    if (!byKey.has(key)) byKey.set(key, value);
  }
  return [...byKey.values()];
}

/** Simple values without those that are named. */
export function withoutValues(
  attribute: Attribute,
  values: readonly unknown[],
  named: readonly unknown[],
): unknown[] {
  const keys = new Set(named.map((value) => simpleKey(attribute, value)));
  return values.filter((value) => !keys.has(simpleKey(attribute, value)));
}

function simpleKey(attribute: Attribute, value: unknown): string {
  return JSON.stringify(searchValue(attribute, value));
}

function firstBy(
  elements: readonly Element[],
  keyOf: (element: Element) => string | undefined,
): Map<string, Element> {
  const first = new Map<string, Element>();
  for (const element of elements) {
    const key = keyOf(element);
    if (key !== undefined && !first.has(key)) first.set(key, element);
  }
  return first;
}

/** @returns undefined for an element without a value, such as an address: it is the same only as a whole */
function twinKey(attribute: Attribute, element: Element): string | undefined {
  const { type } = element;
  const key = valueKey(attribute, element);
  return key === undefined
    ? undefined
    : JSON.stringify([typeof type === "string" ? type.toLowerCase() : "", key]);
}

/** Letter case counts only where the schema says so: RFC 7643 section 7 (caseExact). */
function valueKey({ subByKey }: Attribute, { value }: Element): string | undefined {
  if (typeof value !== "string") return value === undefined ? undefined : JSON.stringify(value);
  return subByKey.get("value")?.caseExact === false ? fold(value) : value;
}

function withoutType(element: Element): Element {
  return Object.fromEntries(Object.entries(element).filter(([name]) => name !== "type"));
}
