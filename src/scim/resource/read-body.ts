/** The body of POST and PUT → canonical form. RFC 7644 sections 3.3 and 3.5.1; RFC 7643 section 2. */
import { say, ScimError, term } from "../errors.ts";
import { checkBody } from "../dialect/check-body.ts";
import type { Reading } from "../reading.ts";
import { locate, type Located, type Model } from "../schema/registry.ts";
import { assertBodyObject } from "./body-object.ts";
import { entriesOf, type Entry } from "./entries.ts";
import { assertComplete } from "./extension-rules.ts";
import { readMembers } from "./read-members.ts";
import { type Fields, isObject } from "./fields.ts";
import { isDerived, readSub, readValue } from "./read-value.ts";
import type { CanonicalBody, MemberRef, Resource, ResourceType } from "./resource.ts";

/**
 * Reads a whole resource. What the server decides (id, meta, groups), passwords and names that mean nothing here
 * are left out, as Azure's own bodies ask for.
 * @throws {ScimError} invalidSyntax for what is no object, invalidValue for a value of the wrong type, too long or
 *   absent though required
 */
export function readBody(type: ResourceType, body: unknown, { models, dialect }: Reading): CanonicalBody {
  assertBodyObject(body);
  const model = models[type];
  checkBody(dialect, model, body);
  const resource: Fields = {};
  let members: readonly MemberRef[] | undefined;
  for (const entry of entriesOf(model, body)) {
    if (isMembers(type, entry.place)) members = readMembers(entry.value);
    else if (isWritable(entry.place)) assign(resource, entry);
  }
  const unasserted = type === "User" && resource["active"] === undefined ? ["active"] : [];
  if (type === "User") resource["active"] ??= true;
  assertRequired(model, resource);
  assertComplete(model, resource);
  return { resource, ...(members && { members }), ...(unasserted.length > 0 && { unasserted }) };
}

/** Group membership lives in rows of its own, not in the document. */
export function isMembers(type: ResourceType, { attribute, extension }: Located): boolean {
  return type === "Group" && attribute.key === "members" && !extension;
}

/** The object that holds the attribute: the resource, or its extension's part, made when it is not there. */
export function containerOf(resource: Fields, { extension }: Located): Fields {
  if (!extension) return resource;
  const inner = resource[extension.id];
  if (isObject(inner)) return inner;
  const made: Fields = {};
  resource[extension.id] = made;
  return made;
}

/** False for what clients may send but Rollcall decides or does not keep: id, meta, schemas, groups, password. */
export function isWritable({ attribute }: Located): boolean {
  return attribute.mutability !== "readOnly" && attribute.returned !== "never";
}

function assign(resource: Fields, { place, sub, filter, value }: Entry): void {
  const { attribute } = place;
  if (filter || (sub && (attribute.multiValued || isDerived(sub)))) return; // A body names whole values.
  const read = sub ? readSub(place, sub, value) : readValue(place, value);
  if (read === undefined) return;
  const container = containerOf(resource, place);
  const before = container[attribute.name];
  if (sub) container[attribute.name] = { ...(isObject(before) && before), [sub.name]: read };
  else container[attribute.name] = isObject(before) && isObject(read) ? { ...before, ...read } : read;
}

function assertRequired(model: Model, resource: Resource): void {
  for (const attribute of model.core.attributes) {
    if (!attribute.required || resource[attribute.name] !== undefined) continue;
    const place = locate(model, attribute.name);
    if (!place || !isWritable(place)) continue;
    const detail = say`${term(attribute.name)} is required, and the ${term(model.type)} has none; map it to a source attribute that always has a value.`;
    throw new ScimError("invalidValue", "required-missing", detail);
  }
}
