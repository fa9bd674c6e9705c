/**
 * The two PATCH dialects of Azure AD: the one it speaks by default ("legacy") and the one behind the tenant URL
 * flag aadOptscim062020 ("compliant"). One job may speak both: provision-on-demand ignores the flag.
 */
import type { LeafValue } from "./mapping.ts";
import { MANAGER_PATH } from "./mapping.ts";

export type Dialect = "legacy" | "compliant";

/** Which dialect the next request is in; "mixed" alternates. */
export function createDialects(choice: Dialect | "mixed"): () => Dialect {
  if (choice !== "mixed") return () => choice;
  let asked = 0;
  return () => {
    asked += 1;
    return asked % 2 === 0 ? "compliant" : "legacy";
  };
}

export interface Change {
  readonly kind: "add" | "replace";
  readonly path: string;
  readonly value: LeafValue;
}

export interface PatchOperation {
  readonly op: string;
  readonly path?: string;
  readonly value?: unknown;
}

export interface PatchBody {
  readonly schemas: readonly string[];
  readonly Operations: readonly PatchOperation[];
}

const PATCH_URN = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** Attributes of a user or group, as differences to what the target holds (RFC 7644 §3.5.2). */
export function attributePatch(dialect: Dialect, changes: readonly Change[]): PatchBody {
  return patch(dialect === "legacy" ? changes.map(verbose) : merged(changes));
}

/** The manager, always in a PATCH by itself and as a bare id. */
export function managerPatch(dialect: Dialect, kind: Change["kind"], managerId: string): PatchBody {
  return patch([{ op: spelled(dialect, kind), path: MANAGER_PATH, value: managerId }]);
}

/** New members, several at once. */
export function addMembersPatch(dialect: Dialect, memberIds: readonly string[]): PatchBody {
  return patch([{ op: spelled(dialect, "add"), path: "members", value: memberList(dialect, memberIds) }]);
}

/** Leaving members: by value under a bare path, or one operation with a filter each. */
export function removeMembersPatch(dialect: Dialect, memberIds: readonly string[]): PatchBody {
  if (dialect === "legacy") {
    return patch([{ op: "Remove", path: "members", value: memberList(dialect, memberIds) }]);
  }
  return patch(memberIds.map((id) => ({ op: "remove", path: `members[value eq "${id}"]` })));
}

function patch(operations: readonly PatchOperation[]): PatchBody {
  return { schemas: [PATCH_URN], Operations: operations };
}

/** One operation a leaf, booleans as words. */
function verbose({ kind, path, value }: Change): PatchOperation {
  return { op: spelled("legacy", kind), path: legacyPath(path), value: legacyValue(value) };
}

/** Filtered paths keep their own operation; several others become one without a path. */
function merged(changes: readonly Change[]): PatchOperation[] {
  const alone = (change: Change): PatchOperation => ({
    op: change.kind,
    path: change.path,
    value: change.value,
  });
  const filtered = changes.filter(({ path }) => path.includes("["));
  const simple = changes.filter(({ path }) => !path.includes("["));
  if (simple.length < 2) return [...filtered, ...simple].map(alone);
  const value = Object.fromEntries(simple.map((change) => [change.path, change.value]));
  return [...filtered.map(alone), { op: "replace", value }];
}

function memberList(dialect: Dialect, memberIds: readonly string[]): unknown[] {
  return memberIds.map((value) => (dialect === "legacy" ? { $ref: null, value } : { value }));
}

function spelled(dialect: Dialect, kind: Change["kind"]): string {
  if (dialect === "compliant") return kind;
  return kind === "add" ? "Add" : "Replace";
}

/** The default mapping of proxyAddresses spells its sub-attribute with a capital. */
function legacyPath(path: string): string {
  return path === 'emails[type eq "other"].value' ? 'emails[type eq "other"].Value' : path;
}

function legacyValue(value: LeafValue): string {
  if (typeof value === "string") return value;
  return value ? "True" : "False";
}
