/** The shapes a PATCH takes on its way: plain data, so that it can travel through the queue. */
import type { Filter } from "../filter/ast.ts";
import type { MemberRef } from "../resource/resource.ts";

/** A change to a group's membership, which lives in rows and not in the group's document. */
export type MemberChange =
  | { readonly kind: "add"; readonly members: readonly MemberRef[] }
  | { readonly kind: "remove"; readonly ids: readonly string[] }
  | { readonly kind: "removeWhere"; readonly filter: Filter }
  | { readonly kind: "replace"; readonly members: readonly MemberRef[] }
  | { readonly kind: "clear" };

export interface AttributeChange {
  readonly kind: "add" | "replace" | "remove";
  /** Lower-cased URN of the extension that the attribute belongs to. */
  readonly extension?: string;
  /** Lower-cased, as is `sub`. */
  readonly attribute: string;
  /** Which values of a multi-valued attribute are meant. */
  readonly filter?: Filter;
  readonly sub?: string;
  /** A filter that matches nothing is refused, where else what it describes would be made. */
  readonly mustMatch?: boolean;
  /** Canonical. Always there for add and replace; for remove, the values to take out of a multi-valued attribute. */
  readonly value?: unknown;
}

export type PatchOperation = { readonly kind: "members"; readonly change: MemberChange } | AttributeChange;

/** A PATCH in canonical form: what an identity provider meant, in order. */
export interface Patch {
  readonly operations: readonly PatchOperation[];
}

/** The membership part of a PATCH, in order. */
export function memberChanges(patch: Patch): readonly MemberChange[] {
  return patch.operations.flatMap((operation) => (operation.kind === "members" ? [operation.change] : []));
}
