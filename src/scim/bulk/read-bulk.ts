/**
 * The body of a bulk request → its operations, each on one resource. What is wrong with the whole is thrown, what is
 * wrong with one operation is that operation's own fault. RFC 7644 section 3.7.
 */
import { say, ScimError, term } from "../errors.ts";
import { assertBodyObject } from "../resource/body-object.ts";
import { fieldOf, type Fields, isObject } from "../resource/fields.ts";
import type { ResourceType } from "../resource/resource.ts";
import { ENDPOINTS, RESOURCE_TYPES } from "../schema/registry.ts";

/** Published in ServiceProviderConfig. */
export const BULK_OPERATIONS_MAX = 1_000;

export type BulkMethod = "POST" | "PUT" | "PATCH" | "DELETE";

export interface BulkOperation {
  readonly method: BulkMethod;
  readonly type: ResourceType;
  /** Of the path; absent for POST. May be a reference, `bulkId:…`. */
  readonly id: string | undefined;
  readonly bulkId: string | undefined;
  /** The version that the resource must have, as If-Match has it. */
  readonly version: string | undefined;
  readonly data: unknown;
}

/** An operation that cannot be understood, with as much of it as is echoed. */
export interface BulkFault {
  readonly method: string;
  readonly bulkId: string | undefined;
  readonly error: ScimError;
}

export interface BulkRequest {
  /** Errors after which the rest is left undone; undefined is never. */
  readonly failOnErrors: number | undefined;
  readonly operations: readonly (BulkOperation | BulkFault)[];
}

/** @throws {ScimError} invalidSyntax for what is no bulk request, 413 for one with too many operations */
export function readBulk(body: unknown): BulkRequest {
  assertBodyObject(body);
  const operations = fieldOf(body, "operations");
  if (!Array.isArray(operations)) {
    const detail = say`The bulk request needs an array Operations.`;
    throw new ScimError("invalidSyntax", "operations-missing", detail);
  }
  if (operations.length > BULK_OPERATIONS_MAX) {
    const detail = say`The bulk request has ${operations.length} operations, at most ${BULK_OPERATIONS_MAX} are taken (maxOperations); split it over several requests.`;
    throw new ScimError(413, "operations-too-many", detail);
  }
  const seen = new Set<string>();
  return {
    failOnErrors: readFailOnErrors(fieldOf(body, "failonerrors")),
    operations: operations.map((raw: unknown) => readOperation(raw, seen)),
  };
}

export function isBulkFault(operation: BulkOperation | BulkFault): operation is BulkFault {
  return "error" in operation;
}

const REFERENCE = /^bulkId:(.+)$/i;

/** The bulkIds that a value refers to, anywhere within it. RFC 7644 section 3.7.2. */
export function bulkReferences(value: unknown): readonly string[] {
  if (typeof value === "string") {
    const [, bulkId] = REFERENCE.exec(value) ?? [];
    return bulkId === undefined ? [] : [bulkId];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(bulkReferences);
}

/** The same value with every reference replaced. @param idOf - undefined for a bulkId that the request does not have */
export function resolveReferences(value: unknown, idOf: (bulkId: string) => string | undefined): unknown {
  if (typeof value === "string") {
    const [, bulkId] = REFERENCE.exec(value) ?? [];
    return bulkId === undefined ? value : resolve(bulkId, idOf);
  }
  if (Array.isArray(value)) return value.map((item) => resolveReferences(item, idOf));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, resolveReferences(inner, idOf)]),
  );
}

function resolve(bulkId: string, idOf: (bulkId: string) => string | undefined): string {
  const id = idOf(bulkId);
  if (id !== undefined) return id;
  const detail = say`bulkId:${bulkId} refers to no POST operation of this request.`;
  throw new ScimError("invalidValue", "bulk-reference-unknown", detail);
}

function readOperation(raw: unknown, seen: Set<string>): BulkOperation | BulkFault {
  const fields: Fields = isObject(raw) ? raw : {};
  const method = textOf(fieldOf(fields, "method"))?.toUpperCase() ?? "";
  const bulkId = textOf(fieldOf(fields, "bulkid"));
  try {
    const target = readTarget(method, textOf(fieldOf(fields, "path")) ?? "");
    if (target.method === "POST") claimBulkId(bulkId, seen);
    return { ...target, bulkId, version: textOf(fieldOf(fields, "version")), data: fieldOf(fields, "data") };
  } catch (error) {
    if (error instanceof ScimError) return { method, bulkId, error };
    throw error;
  }
}

function readTarget(method: string, path: string): Pick<BulkOperation, "method" | "type" | "id"> {
  if (method !== "POST" && method !== "PUT" && method !== "PATCH" && method !== "DELETE") {
    const detail = say`The operation has the method ${method}; it must be POST, PUT, PATCH or DELETE.`;
    throw new ScimError("invalidSyntax", "operation-unknown", detail);
  }
  const [, endpoint = "", id] = /^\/?([^/?]+)(?:\/([^/?]+))?$/.exec(path) ?? [];
  const type = RESOURCE_TYPES.find((known) => ENDPOINTS[known].toLowerCase() === endpoint.toLowerCase());
  if (!type || (method === "POST") !== (id === undefined)) {
    const form = method === "POST" ? "/Users or /Groups" : "/Users/{id} or /Groups/{id}";
    const detail = say`The operation's path is ${path}; for ${term(method)} it must be ${term(form)}.`;
    throw new ScimError("invalidPath", "path-syntax", detail);
  }
  return { method, type, id };
}

function claimBulkId(bulkId: string | undefined, seen: Set<string>): void {
  if (bulkId === undefined || bulkId === "") {
    throw new ScimError("invalidSyntax", "bulk-id", say`A POST operation needs a bulkId.`);
  }
  if (seen.has(bulkId)) {
    const detail = say`The bulkId ${bulkId} is used twice; it must be unique within the request.`;
    throw new ScimError("invalidValue", "bulk-id", detail);
  }
  seen.add(bulkId);
}

function readFailOnErrors(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 1) return value;
  const detail = say`failOnErrors must be a whole number of 1 or more, not ${JSON.stringify(value)}.`;
  throw new ScimError("invalidValue", "value-type", detail);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
