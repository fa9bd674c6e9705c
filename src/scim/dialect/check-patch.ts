/** Refuses, in a PATCH, what the dialect does not take. What no dialect takes is the reader's to refuse. RFC 7644 section 3.5.2. */
import { term, type Term } from "../errors.ts";
import { parsePath, type PatchPath } from "../filter/parse-path.ts";
import { schemaOf } from "../resource/entries.ts";
import { isMembers } from "../resource/read-body.ts";
import { fieldOf, type Fields, isObject } from "../resource/fields.ts";
import { findSub } from "../resource/read-value.ts";
import type { Attribute } from "../schema/attribute.ts";
import { locate, type Located, type Model, nameOf } from "../schema/registry.ts";
import { URNS } from "../urns.ts";
import { checkAttributes, checkSchemaValue, isListOf } from "./check-body.ts";
import { checkElementFilter } from "./check-filter.ts";
import { checkValue } from "./check-value.ts";
import { assertTolerated, type Dialect, tolerates, toleratesAll } from "./tolerances.ts";

const MESSAGE_KEYS: ReadonlySet<string> = new Set(["schemas", "operations"]);
const OPERATION_KEYS: ReadonlySet<string> = new Set(["op", "path", "value"]);

/** @throws {ScimError} naming what the dialect of the connection does not take */
export function checkPatch(dialect: Dialect, model: Model, body: Readonly<Fields>): void {
  if (toleratesAll(dialect)) return;
  const urn = URNS.patchOp.toLowerCase();
  if (!isListOf(fieldOf(body, "schemas"), { needed: [urn], known: [urn] }))
    assertTolerated(dialect, "schemas", term("schemas"));
  checkKeys(dialect, body, MESSAGE_KEYS);
  const operations = fieldOf(body, "operations");
  if (!Array.isArray(operations)) return;
  operations.forEach((operation, index) => {
    if (!isObject(operation)) return;
    checkKeys(dialect, operation, OPERATION_KEYS);
    checkOperation(dialect, model, { operation, where: term(`Operations[${String(index)}]`) });
  });
}

function checkKeys(dialect: Dialect, fields: Readonly<Fields>, known: ReadonlySet<string>): void {
  const extra = Object.keys(fields).find((key) => !known.has(key.toLowerCase()));
  if (extra !== undefined) assertTolerated(dialect, "extra-keys", extra);
}

function checkOperation(
  dialect: Dialect,
  model: Model,
  { operation, where }: { readonly operation: Readonly<Fields>; readonly where: Term },
): void {
  const [op, path, value] = ["op", "path", "value"].map((key) => fieldOf(operation, key));
  const kind = typeof op === "string" ? op.toLowerCase() : "";
  if (op !== kind) assertTolerated(dialect, "operation-case", where);
  if (path === "") assertTolerated(dialect, "empty-path", where);
  if (typeof path === "string" && path !== "") {
    checkPath(dialect, model, { kind, path, value });
  } else if (Array.isArray(value)) {
    assertTolerated(dialect, "list-of-one", where);
  } else if (isObject(value)) {
    checkAttributes(dialect, model, { fields: value, isPatch: true });
  }
}

interface Addressed {
  readonly kind: string;
  readonly path: string;
  readonly value: unknown;
}

function checkPath(dialect: Dialect, model: Model, { kind, path, value }: Addressed): void {
  const schema = schemaOf(model, path);
  if (schema) {
    checkSchemaValue(dialect, model, { schema, value });
    return;
  }
  const parsed = parsePath(path, !tolerates(dialect, "unquoted-text"));
  const place = locate(model, parsed.name, parsed.urn);
  if (!place) return;
  const sub = parsed.sub === undefined ? undefined : findSub(place.attribute, parsed.sub);
  checkNames(dialect, parsed, { place, sub });
  const { filter } = parsed;
  if (filter) checkElementFilter(dialect, place, filter);
  // Whether the member is there is known to the worker alone, and to add one who is would change nothing.
  if (filter && kind === "add" && isMembers(model.type, place))
    assertTolerated(dialect, "value-path-creates", term(nameOf(place)));
  if (kind === "remove") return;
  checkValue(dialect, { place, sub, isElement: filter !== undefined || kind === "add" }, value);
}

function checkNames(
  dialect: Dialect,
  path: PatchPath,
  { place, sub }: { readonly place: Located; readonly sub: Attribute | undefined },
): void {
  const where = term(nameOf(place, sub));
  if (place.extension && path.urn === undefined) assertTolerated(dialect, "bare-extension-names", where);
  if (!sub) return;
  if (sub.key !== path.sub?.toLowerCase()) assertTolerated(dialect, "role-display-name", where);
  // What is read-only as a whole no dialect takes by its path.
  if (sub.mutability === "readOnly" && place.attribute.mutability !== "readOnly")
    assertTolerated(dialect, "read-only", where);
}
