/**
 * The body of a PATCH → canonical operations. Both dialects of Azure AD and the RFC's own forms come in, one form
 * goes out; values are read and checked here, so that the worker meets only what can be applied. RFC 7644 section 3.5.2.
 */
import { say, ScimError, term, type Term } from "../errors.ts";
import { checkPatch } from "../dialect/check-patch.ts";
import { type Dialect, tolerates } from "../dialect/tolerances.ts";
import { type PatchPath, parsePath } from "../filter/parse-path.ts";
import type { Reading } from "../reading.ts";
import { assertBodyObject } from "../resource/body-object.ts";
import { entriesOf, entriesOfSchema, type Entry, schemaOf } from "../resource/entries.ts";
import { isMembers } from "../resource/read-body.ts";
import { fieldOf, type Fields, isObject } from "../resource/fields.ts";
import { findSub } from "../resource/read-value.ts";
import { assertMemberCount } from "../resource/read-members.ts";
import type { ResourceType } from "../resource/resource.ts";
import type { Schema } from "../schema/attribute.ts";
import { locate, type Located, type Model } from "../schema/registry.ts";
import { isSilentlyKept, readChange } from "./read-change.ts";
import { readMemberChange } from "./read-member-change.ts";
import { memberChanges, type Patch, type PatchOperation } from "./operations.ts";

/** More than Azure batches, little enough to be applied within one transaction's time. */
export const OPERATIONS_MAX = 1_000;

type Kind = "add" | "replace" | "remove";

/** One operation as it was sent. */
interface Sent {
  readonly kind: Kind;
  readonly path: string | undefined;
  readonly value: unknown;
  readonly hasValue: boolean;
  /** A filter in the path must match something. */
  readonly mustMatch: boolean;
}

/**
 * @throws {ScimError} invalidSyntax, invalidPath, invalidFilter, invalidValue, mutability or noTarget, naming the
 *   attribute; the PATCH is then refused whole
 */
export function readPatch(type: ResourceType, body: unknown, { models, dialect }: Reading): Patch {
  assertBodyObject(body);
  const model = models[type];
  checkPatch(dialect, model, body);
  const patch = {
    operations: operationsOf(body).flatMap((raw, index) =>
      readOperation(model, readSent(raw, index, dialect)),
    ),
  };
  assertMemberCount(memberChanges(patch).reduce((count, change) => count + sizeOf(change), 0));
  return patch;
}

function sizeOf(change: ReturnType<typeof memberChanges>[number]): number {
  if (change.kind === "remove") return change.ids.length;
  return change.kind === "add" || change.kind === "replace" ? change.members.length : 0;
}

function operationsOf(body: Fields): readonly unknown[] {
  const operations = fieldOf(body, "operations");
  if (!Array.isArray(operations) || operations.length === 0) {
    const detail = say`The PATCH body needs an array Operations with at least one operation.`;
    throw new ScimError("invalidSyntax", "operations-missing", detail);
  }
  if (operations.length > OPERATIONS_MAX) {
    const detail = say`The PATCH body has ${operations.length} operations, at most ${OPERATIONS_MAX} are taken; split it over several requests.`;
    throw new ScimError(413, "operations-too-many", detail);
  }
  return operations;
}

function readSent(raw: unknown, index: number, dialect: Dialect): Sent {
  const where = term(`Operations[${String(index)}]`);
  if (!isObject(raw)) {
    const detail = say`${where} must be an object with op, path and value.`;
    throw new ScimError("invalidSyntax", "operation-unknown", detail);
  }
  const kind = kindOf(fieldOf(raw, "op"), where);
  const path = fieldOf(raw, "path") ?? "";
  if (typeof path !== "string") {
    throw new ScimError("invalidPath", "path-syntax", say`${where} has a path that is not a string.`);
  }
  const sent = fieldOf(raw, "value");
  const value = kind === "remove" && !tolerates(dialect, "remove-by-value") ? undefined : sent;
  if (kind !== "remove" && value === undefined) {
    const detail = say`${where} is an ${term(kind)} without a value; send a value, or null to clear the attribute.`;
    throw new ScimError("invalidSyntax", "value-missing", detail);
  }
  return {
    kind,
    path: path === "" ? undefined : path,
    value,
    hasValue: value !== undefined,
    mustMatch: kind !== "remove" && !tolerates(dialect, "value-path-creates"),
  };
}

/** Azure writes `Add`, `Replace` and `Remove`. */
function kindOf(op: unknown, where: Term): Kind {
  const kind = typeof op === "string" ? op.toLowerCase() : "";
  if (kind === "add" || kind === "replace" || kind === "remove") return kind;
  const detail = say`${where} has the op ${typeof op === "string" ? op : typeof op}; it must be add, replace or remove.`;
  throw new ScimError("invalidSyntax", "operation-unknown", detail);
}

function readOperation(model: Model, sent: Sent): readonly PatchOperation[] {
  if (sent.path === undefined) return readPathless(model, sent, entriesOfValue(model, sent));
  const schema = schemaOf(model, sent.path);
  if (schema) return readSchema(model, schema, sent);
  const path = parsePath(sent.path);
  const place = locate(model, path.name, path.urn);
  if (!place) throw unknownPath(model, sent.path);
  return readEntry(model, sent, {
    place,
    ...targetIn(model, place, { path, text: sent.path }),
    value: sent.value,
  });
}

/** `{"op": "replace", "value": {…}}`. RFC 7644 sections 3.5.2.1 and 3.5.2.3. */
function entriesOfValue(model: Model, { kind, value }: Sent): readonly Entry[] {
  if (kind === "remove") {
    const detail = say`A remove operation needs a path that names what to remove, such as displayName or members[value eq "…"].`;
    throw new ScimError("noTarget", "remove-without-path", detail);
  }
  if (isObject(value)) return entriesOf(model, value);
  // SailPoint sends a list of such objects.
  if (Array.isArray(value) && value.length > 0 && value.every(isObject))
    return value.flatMap((part) => entriesOf(model, part));
  const detail = say`An ${term(kind)} operation without a path needs an object of attributes as its value; ${JSON.stringify(value)} is none.`;
  throw new ScimError("invalidValue", "value-type", detail);
}

/** What the client need not know to be kept by the server is passed over where it was not named by a path. */
function readPathless(model: Model, sent: Sent, entries: readonly Entry[]): readonly PatchOperation[] {
  return entries
    .filter(({ place, sub }) => place.attribute.mutability !== "readOnly" && !isSilentlyKept(place, sub))
    .flatMap((entry) => readEntry(model, sent, entry));
}

/** A path that is the URN of a schema means its attributes together. */
function readSchema(model: Model, schema: Schema, sent: Sent): readonly PatchOperation[] {
  if (sent.kind !== "remove") return readPathless(model, sent, entriesOfSchema(model, schema, sent.value));
  if (schema === model.core) throw unknownPath(model, schema.id);
  return schema.attributes.map(({ key }) => ({ kind: "remove", extension: schema.key, attribute: key }));
}

function readEntry(model: Model, sent: Sent, entry: Entry): readonly PatchOperation[] {
  const { place, sub } = entry;
  if (isMembers(model.type, place)) {
    const change = readMemberChange(sent, entry);
    return change ? [{ kind: "members", change }] : [];
  }
  if (isSilentlyKept(place, sub)) return [];
  return [readChange(sent, entry)];
}

function targetIn(
  model: Model,
  place: Located,
  { path, text }: { readonly path: PatchPath; readonly text: string },
): Pick<Entry, "filter" | "sub"> {
  const sub = path.sub === undefined ? undefined : findSub(place.attribute, path.sub);
  if (path.sub !== undefined && !sub) throw unknownPath(model, text);
  return { filter: path.filter, sub };
}

function unknownPath(model: Model, path: string): ScimError {
  const detail = say`The path ${path} names no attribute of ${term(model.type)}; correct or remove the mapping that writes it.`;
  return new ScimError("invalidPath", "path-unknown", detail);
}
