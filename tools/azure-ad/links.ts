/**
 * What the simulator believes of the target: the ids its objects got, the values it provisioned, and the escrow
 * of objects whose change failed and waits for the next cycle.
 */
import type { Leaves } from "./mapping.ts";

export interface UserLink {
  readonly id: string;
  leaves: Leaves;
  /** A write ended without a clear answer: what the target holds is not known until it is read again. */
  uncertain: boolean;
}

export interface GroupLink {
  readonly id: string;
  displayName: string;
  externalId: string;
  /** Target ids. */
  members: Set<string>;
  uncertain: boolean;
}

export interface Escrow {
  readonly put: (key: string, reason: string) => void;
  readonly clear: (key: string) => void;
  readonly has: (key: string) => boolean;
  readonly entries: () => ReadonlyMap<string, string>;
}

export interface Links {
  readonly users: Map<string, UserLink>;
  readonly groups: Map<string, GroupLink>;
  readonly escrow: Escrow;
}

/** Nothing provisioned yet. */
export function createLinks(): Links {
  const waiting = new Map<string, string>();
  return {
    users: new Map(),
    groups: new Map(),
    escrow: {
      put: (key, reason) => void waiting.set(key, reason),
      clear: (key) => void waiting.delete(key),
      has: (key) => waiting.has(key),
      entries: () => waiting,
    },
  };
}

export interface Findings {
  readonly add: (text: string) => void;
  readonly total: () => number;
  readonly first: () => readonly string[];
}

const FINDINGS_KEPT_MAX = 50;

/** A bounded list of differences between belief and target. */
export function createFindings(): Findings {
  const first: string[] = [];
  let total = 0;
  return {
    add: (text) => {
      total += 1;
      if (first.length < FINDINGS_KEPT_MAX) first.push(text);
    },
    total: () => total,
    first: () => first,
  };
}
