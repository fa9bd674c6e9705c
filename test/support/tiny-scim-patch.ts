/** PATCH for the tiny SCIM service: the forms Azure AD sends, in both dialects, and nothing else. */

type Json = Record<string, unknown>;

interface Operation {
  readonly op: string;
  readonly path?: string;
  readonly value?: unknown;
}

const PATH = /^(?:(urn:.+):)?(\w+)(?:\[(?:type|value) eq "([^"]+)"\])?(?:\.(\w+))?$/;

/** Applies the operations in order, in place. An unknown form is a failed test, so it throws. */
export function applyPatch(resource: Json, body: Json): void {
  for (const { op, path, value } of body["Operations"] as Operation[]) {
    if (path === undefined) {
      for (const [key, part] of Object.entries(value as Json)) setPath(resource, key, part);
    } else if (path.startsWith("members")) patchMembers(resource, op.toLowerCase(), path, value);
    else setPath(resource, path, value);
  }
}

function patchMembers(group: Json, op: string, path: string, value: unknown): void {
  const members = new Set(((group["members"] ?? []) as { value: string }[]).map((member) => member.value));
  const named = PATH.exec(path)?.[3];
  const ids = named === undefined ? (value as { value: string }[]).map((member) => member.value) : [named];
  for (const id of ids) {
    if (op === "add") members.add(id);
    else members.delete(id);
  }
  group["members"] = [...members].map((id) => ({ value: id }));
}

function setPath(resource: Json, path: string, value: unknown): void {
  const [, urn, attribute, type, sub] = PATH.exec(path) ?? [];
  if (attribute === undefined) throw new Error(`unknown path ${path}`);
  const owner = urn === undefined ? resource : child(resource, urn);
  if (type !== undefined) elementOf(owner, attribute, type)[sub === "Value" ? "value" : (sub ?? "")] = value;
  else if (sub !== undefined) child(owner, attribute)[sub] = value;
  else owner[attribute] = typed(attribute, value);
}

function child(owner: Json, name: string): Json {
  return (owner[name] ??= {}) as Json;
}

function elementOf(owner: Json, attribute: string, type: string): Json {
  const list = (owner[attribute] ??= []) as Json[];
  const found = list.find((element) => element["type"] === type);
  if (found !== undefined) return found;
  const made = { type };
  list.push(made);
  return made;
}

function typed(attribute: string, value: unknown): unknown {
  if (attribute === "manager") return { value };
  if (attribute === "active" && typeof value === "string") return value.toLowerCase() === "true";
  return value;
}
