/** The door of the protocol core: all that other folders may use. */
export { SCIM_MEDIA_TYPE, URNS } from "./urns.ts";
export { ERROR_CODES, type ErrorCode } from "./error-codes.ts";
export { type Explanation, explanationOf, EXPLANATIONS } from "./explanations.ts";
export { say, SCIM_TYPES, ScimError, term } from "./errors.ts";
export type { Detail, ScimErrorBody, ScimType, Term } from "./errors.ts";
export type * from "./resource/resource.ts";
export { fold } from "./resource/text.ts";
export { DIALECT_NAMES, DIALECTS, type Dialect } from "./dialect/tolerances.ts";
export { readFilter } from "./dialect/check-filter.ts";
export { CORE_READING, type Reading } from "./reading.ts";
export {
  CORE_MODELS,
  defineModels,
  type Extensions,
  type Model,
  type Models,
  RESOURCE_TYPES,
} from "./schema/registry.ts";
export { checkExtensions } from "./schema/check-extensions.ts";
export { compareExtensions, type ExtensionChange } from "./schema/compare-extensions.ts";
export { readBody } from "./resource/read-body.ts";
export { parseProjection, type Projection, wants } from "./resource/project.ts";
export { type ListResponse, listResponse, render, type Rendering } from "./resource/render.ts";
export { locationOf, matchesEtag, weakEtag } from "./resource/meta.ts";
export { applyReplace } from "./resource/replace.ts";
export { searchDocument } from "./resource/search-document.ts";
export type * from "./filter/ast.ts";
export { parseFilter } from "./filter/parse.ts";
export { parseAttributePath } from "./filter/parse-path.ts";
export type { QueryScope } from "./filter/bind.ts";
export { type Candidate, evaluate, evaluateMember } from "./filter/evaluate.ts";
export { type Bind, compileSql, type IdColumn, type SqlColumns } from "./filter/compile-sql.ts";
export { compileSort, type SortExpression } from "./filter/compile-sort.ts";
export { type MemberChange, memberChanges, type Patch, type PatchOperation } from "./patch/operations.ts";
export { readPatch } from "./patch/read-patch.ts";
export { applyPatch, type Patched } from "./patch/apply-patch.ts";
export {
  type DiscoveryOptions,
  type DiscoveryResource,
  resourceTypes,
  schemas,
  serviceProviderConfig,
} from "./discovery.ts";
export {
  BULK_OPERATIONS_MAX,
  type BulkFault,
  type BulkOperation,
  bulkReferences,
  isBulkFault,
  readBulk,
  resolveReferences,
} from "./bulk/read-bulk.ts";
export { planBulk } from "./bulk/plan-bulk.ts";
export {
  bodyOf,
  PROVISIONING_EVENTS,
  type ResourceChange,
  scimEvents,
  scimSubject,
} from "./security-events.ts";
