/** What a write changed, attribute by attribute, from → to: for the history of a person. Bounded, whatever was sent. */
import type { Resource } from "../scim/index.ts";
import type { AttributeChanges } from "../store/history.ts";

// A photo or a list of hundreds is named as changed and not kept.
const VALUE_CHARS_MAX = 500;
const WHOLE_CHARS_MAX = 4_000;
const TOO_LARGE = "…";
/** Of what is deleted, as much as tells who it was. */
const IDENTITY = ["userName", "displayName", "externalId", "active"];

/** @param names - of the attributes that differ, an extension's with their URN */
export function attributeChanges(
  before: Resource,
  after: Resource | undefined,
  names: readonly string[] = IDENTITY,
): AttributeChanges {
  const changes: Record<string, { from?: unknown; to?: unknown }> = {};
  let chars = 0;
  for (const name of names) {
    const from = bounded(valueOf(before, name));
    const to = bounded(after && valueOf(after, name));
    if (from.value === undefined && to.value === undefined) continue;
    chars += name.length + from.chars + to.chars;
    changes[name] =
      chars > WHOLE_CHARS_MAX
        ? {}
        : {
            ...(from.value !== undefined && { from: from.value }),
            ...(to.value !== undefined && { to: to.value }),
          };
  }
  return changes;
}

function bounded(value: unknown): { readonly value: unknown; readonly chars: number } {
  if (value === undefined) return { value, chars: 0 };
  const chars = JSON.stringify(value).length;
  return chars > VALUE_CHARS_MAX ? { value: TOO_LARGE, chars: TOO_LARGE.length } : { value, chars };
}

function valueOf(resource: Resource, name: string): unknown {
  if (!name.toLowerCase().startsWith("urn:")) return resource[name];
  const urn = Object.keys(resource).find((key) => name.startsWith(`${key}:`));
  if (urn === undefined) return undefined;
  return (resource[urn] as Resource | undefined)?.[name.slice(urn.length + 1)];
}
