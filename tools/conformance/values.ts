/** Looking into JSON that may hold anything, and comparing it as SCIM does: unassigned, null and [] are the same. */

/** The value at a path such as `name.givenName`, `emails.0.value` or `urn:…:User:manager.value`. */
export function dig(value: unknown, path: string): unknown {
  let found = value;
  for (const key of keysOf(path)) {
    if (typeof found !== "object" || found === null) return undefined;
    found = (found as Readonly<Record<string, unknown>>)[key];
  }
  return found;
}

/** A URN holds dots, so it is split off at the last colon before the attribute. */
function keysOf(path: string): string[] {
  if (!path.startsWith("urn:")) return path.split(".");
  const colon = path.lastIndexOf(":");
  return [path.slice(0, colon), ...path.slice(colon + 1).split(".")];
}

/** The array at a path, empty when there is none. */
export function list(value: unknown, path: string): readonly unknown[] {
  const found = dig(value, path);
  return Array.isArray(found) ? (found as readonly unknown[]) : [];
}

/** The texts at `key` of the elements at `path`, sorted. */
export function texts(value: unknown, path: string, key: string): string[] {
  return list(value, path)
    .map((element) => String(dig(element, key)))
    .sort();
}

export function isUnassigned(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/**
 * Whether an answer holds what is expected: objects may hold more than expected, arrays hold exactly the expected
 * elements in any order, and what is expected to be unassigned may be absent, null or empty.
 */
export function matches(actual: unknown, expected: unknown): boolean {
  if (isUnassigned(expected)) return isUnassigned(actual);
  if (Array.isArray(expected)) return Array.isArray(actual) && sameElements(actual, expected);
  if (typeof expected !== "object" || expected === null) return actual === expected;
  if (typeof actual !== "object" || actual === null) return false;
  return Object.entries(expected).every(([key, value]) =>
    matches((actual as Readonly<Record<string, unknown>>)[key], value),
  );
}

function sameElements(actual: readonly unknown[], expected: readonly unknown[]): boolean {
  if (actual.length !== expected.length) return false;
  const left = [...actual];
  return expected.every((element) => {
    const index = left.findIndex((candidate) => matches(candidate, element));
    if (index === -1) return false;
    left.splice(index, 1);
    return true;
  });
}

/** A copy in which every string has the tag for `{tag}`. */
export function fillIn(value: unknown, tag: string): unknown {
  if (typeof value === "string") return value.replaceAll("{tag}", tag);
  if (Array.isArray(value)) return value.map((element) => fillIn(element, tag));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fillIn(inner, tag)]));
}
