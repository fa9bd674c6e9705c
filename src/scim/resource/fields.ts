/** A JSON object whose members are not known yet: of a message, a resource or a complex value. */

export type Fields = Record<string, unknown>;

export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The member of a message or value by its lower-cased name: names have no letter case, RFC 7643 section 2.1. */
export function fieldOf(fields: Readonly<Fields>, key: string): unknown {
  if (Object.hasOwn(fields, key)) return fields[key];
  const name = Object.keys(fields).find((candidate) => candidate.toLowerCase() === key);
  return name === undefined ? undefined : fields[name];
}
