/** What differs between two versions of a tenant's extensions, and what of it would take stored values out of sight. */
import { defineSchema } from "./attribute.ts";
import { type Extensions, RESOURCE_TYPES } from "./registry.ts";

export interface ExtensionChange {
  /** `urn:…:attribute` or `urn:…:attribute.sub`. */
  readonly path: string;
  readonly kind: "added" | "removed" | "changed";
  /** Of what changed: "type string → integer". Changes that no stored value feels are not told. */
  readonly how?: string;
}

/** What decides in which form a value is kept and searched. */
const FORM = ["type", "multiValued", "caseExact"] as const;

type Form = Readonly<Record<(typeof FORM)[number], unknown>>;

export function compareExtensions(before: Extensions, after: Extensions): readonly ExtensionChange[] {
  const [old, now] = [formsOf(before), formsOf(after)];
  const removed = [...old.keys()].filter((path) => !now.has(path));
  const added = [...now.keys()].filter((path) => !old.has(path));
  const changed = [...now].flatMap(([path, form]) => {
    const was = old.get(path);
    const how = was ? differences(was, form) : "";
    return how === "" ? [] : [{ path: written(path), kind: "changed" as const, how }];
  });
  return [
    ...removed.map((path) => ({ path: written(path), kind: "removed" as const })),
    ...changed,
    ...added.map((path) => ({ path: written(path), kind: "added" as const })),
  ];
}

function differences(was: Form, is: Form): string {
  return FORM.filter((name) => was[name] !== is[name])
    .map((name) => `${name} ${String(was[name])} → ${String(is[name])}`)
    .join(", ");
}

/** By resource type and path: an extension that moves to the other type is removed and added. */
function formsOf(extensions: Extensions): ReadonlyMap<string, Form> {
  const forms = new Map<string, Form>();
  for (const type of RESOURCE_TYPES) {
    for (const extension of extensions[type].map(defineSchema)) {
      for (const attribute of extension.attributes) {
        const path = `${type} ${extension.id}:${attribute.name}`;
        forms.set(path, attribute);
        for (const sub of attribute.subAttributes) forms.set(`${path}.${sub.name}`, sub);
      }
    }
  }
  return forms;
}

function written(path: string): string {
  return path.slice(path.indexOf(" ") + 1);
}
