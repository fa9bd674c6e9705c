/** Rules about the values of a multi-valued attribute among each other. RFC 7643 section 2.4. */
import { isEqual } from "./equal.ts";

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

/** The value that says the same by type and value: it is the one that is meant, not a second one. */
export function findTwin(elements: readonly Element[], wanted: Element): Element | undefined {
  if (wanted["value"] === undefined) return elements.find((element) => isEqual(element, wanted));
  return elements.find(
    (element) => element["value"] === wanted["value"] && labelOf(element) === labelOf(wanted),
  );
}

/** The same list with later repetitions merged into the first of their kind. */
export function withoutTwins(elements: readonly Element[]): Element[] {
  const kept: Element[] = [];
  for (const element of elements) {
    const twin = findTwin(kept, element);
    if (twin) Object.assign(twin, element);
    else kept.push(element);
  }
  return kept;
}

function labelOf({ type }: Element): string {
  return typeof type === "string" ? type.toLowerCase() : "";
}
