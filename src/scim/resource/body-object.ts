/** What every SCIM message is: one JSON object, nested no deeper than any of them needs. */
import { say, ScimError } from "../errors.ts";
import { type Fields, isObject } from "./fields.ts";

// A PATCH value under an extension's URN with a list of complex values has eight levels.
const DEPTH_MAX = 32;

/** @throws {ScimError} invalidSyntax when the body is no object, or nests too deep for what walks it later */
export function assertBodyObject(body: unknown): asserts body is Fields {
  if (!isObject(body)) {
    const kind = Array.isArray(body) ? "an array" : body === null ? "null" : `a ${typeof body}`;
    const detail = say`The request body must be one JSON object; it is ${{ term: kind }}.`;
    throw new ScimError("invalidSyntax", "body-not-object", detail);
  }
  if (isDeeperThan(body, DEPTH_MAX)) {
    const detail = say`The request body nests deeper than ${DEPTH_MAX} levels; no SCIM resource does.`;
    throw new ScimError("invalidSyntax", "body-too-deep", detail);
  }
}

function isDeeperThan(value: unknown, depthMax: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (depthMax === 0) return true;
  for (const inner of Object.values(value)) {
    if (isDeeperThan(inner, depthMax - 1)) return true;
  }
  return false;
}
