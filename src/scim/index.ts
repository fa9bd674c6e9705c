/** The door of the protocol core: all that other folders may use. */
import type { Filter } from "./filter/ast.ts";
import type {
  CanonicalBody,
  MemberRef,
  MemberView,
  Resource,
  ResourceType,
  Stored,
} from "./resource/resource.ts";

export { SCIM_MEDIA_TYPE, URNS } from "./urns.ts";
export { ERROR_CODES, type ErrorCode } from "./error-codes.ts";
export { ScimError, say, term, SCIM_TYPES } from "./errors.ts";
export type { Detail, ScimErrorBody, ScimType, Term } from "./errors.ts";
export type * from "./resource/resource.ts";
export type * from "./filter/ast.ts";

export declare function fold(text: string): string;
export declare function readBody(type: ResourceType, body: unknown): CanonicalBody;

export interface Projection {
  readonly attributes?: ReadonlyMap<string, ReadonlySet<string> | "whole">;
  readonly excludedAttributes?: ReadonlyMap<string, ReadonlySet<string> | "whole">;
}
export declare function parseProjection(
  attributes: string | undefined,
  excludedAttributes: string | undefined,
): Projection;
export declare function wants(
  projection: Projection,
  type: ResourceType,
  attribute: "members" | "groups",
): boolean;
export declare function render(
  stored: Stored,
  baseUrl: string,
  projection: Projection,
): Record<string, unknown>;
export interface ListResponse {
  readonly schemas: readonly string[];
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly Resources: readonly object[];
}
export declare function listResponse(page: {
  readonly totalResults: number;
  readonly startIndex: number;
  readonly resources: readonly object[];
}): ListResponse;
export declare function locationOf(type: ResourceType, id: string, baseUrl: string): string;
export declare function weakEtag(version: number): string;
export declare function matchesEtag(header: string, version: number): boolean;

export declare function parseFilter(text: string): Filter;
export declare function searchDocument(type: ResourceType, resource: Resource): Record<string, unknown>;
export interface Candidate {
  readonly id: string;
  readonly created: string;
  readonly lastModified: string;
  readonly search: Readonly<Record<string, unknown>>;
  /** A group's members, or the groups of a user. */
  readonly memberIds: readonly string[];
}
export declare function evaluate(filter: Filter, type: ResourceType, candidate: Candidate): boolean;
/** For `removeWhere`: does this member meet the filter inside `members[…]`? */
export declare function evaluateMember(filter: Filter, member: MemberView): boolean;

/** A column that holds a resource id. */
export interface IdColumn {
  /** The id as text, for comparisons other than eq. */
  readonly text: string;
  /** The condition "is this id", written so that an index serves it and a malformed id is simply false. */
  equals(placeholder: string): string;
}
export interface SqlColumns {
  readonly id: IdColumn;
  /** timestamptz, whole milliseconds */
  readonly created: string;
  readonly lastModified: string;
  /** jsonb, what `searchDocument` returns */
  readonly search: string;
  /** Attributes with an indexed column of their own, by lower-cased name ("username"), comparable form, NULL when unassigned. */
  readonly extracted: ReadonlyMap<string, string>;
  /** Rows of group membership: of a group its members, of a user its groups. */
  readonly membership: {
    /** `EXISTS (SELECT … WHERE <this resource> AND (condition))` */
    exists(condition: string): string;
    readonly value: IdColumn;
  };
}
export declare function compileSql(
  filter: Filter,
  type: ResourceType,
  columns: SqlColumns,
  bind: (value: unknown) => string,
): string;

export type MemberChange =
  | { readonly kind: "add"; readonly members: readonly MemberRef[] }
  | { readonly kind: "remove"; readonly ids: readonly string[] }
  | { readonly kind: "removeWhere"; readonly filter: Filter }
  | { readonly kind: "replace"; readonly members: readonly MemberRef[] }
  | { readonly kind: "clear" };
export type PatchOperation =
  | { readonly kind: "members"; readonly change: MemberChange }
  | {
      readonly kind: "add" | "replace" | "remove";
      /** Lower-cased URN of the extension the attribute belongs to. */
      readonly extension?: string;
      readonly attribute: string;
      readonly filter?: Filter;
      readonly sub?: string;
      readonly value?: unknown;
    };
export interface Patch {
  readonly operations: readonly PatchOperation[];
}
export declare function readPatch(type: ResourceType, body: unknown): Patch;
export declare function memberChanges(patch: Patch): readonly MemberChange[];
export interface Patched {
  readonly resource: Resource;
  readonly changed: readonly string[];
}
export declare function applyPatch(type: ResourceType, resource: Resource, patch: Patch): Patched;
export declare function changedAttributes(before: Resource, after: Resource): readonly string[];

export interface DiscoveryOptions {
  readonly baseUrl: string;
  readonly filterResultsMax: number;
  readonly documentationUri?: string;
}
export declare function serviceProviderConfig(options: DiscoveryOptions): object;
export declare function resourceTypes(baseUrl: string): readonly DiscoveryResource[];
export declare function schemas(baseUrl: string): readonly DiscoveryResource[];
export interface DiscoveryResource {
  readonly id: string;
  readonly [attribute: string]: unknown;
}
