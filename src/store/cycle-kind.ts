/**
 * Which kind of cycle it was. The protocol does not say; what was asked for, how much of it, and when, does. Azure repeats
 * the probe of its connection test before each cycle and before each provision-on-demand, so a probe alone is a test.
 */
import type { Counts } from "../platform/counts.ts";
import { isOnBeat } from "./overdue.ts";

export const CYCLE_KINDS = ["initial", "incremental", "on_demand", "test"] as const;
export type CycleKind = (typeof CYCLE_KINDS)[number];

export interface CycleFacts {
  readonly startedAt: Date;
  readonly requests: number;
  readonly requestKinds: Counts;
  /** Of any result. */
  readonly writes: number;
  /** Users and groups. */
  readonly created: number;
  /** Users and groups that the tenant has now. */
  readonly resources: number;
  /** Whether an earlier cycle of the connection created something. */
  readonly hasCreatedBefore: boolean;
  /** When the connection's last initial or incremental cycle started and ended. */
  readonly lastBeat: { readonly startedAt: Date; readonly endedAt: Date } | undefined;
}

const ON_DEMAND_REQUESTS_MAX = 5;
/** What a test of a connection asks for. */
const TESTING = new Set(["User.probe", "Group.probe", "discovery.get"]);

export function kindOfCycle(facts: CycleFacts): CycleKind {
  const { requests, requestKinds, writes, created, resources, hasCreatedBefore } = facts;
  if (created > 0 && !hasCreatedBefore) return "initial";
  const isExpected = facts.lastBeat !== undefined && isOnBeat(facts.startedAt, facts.lastBeat);
  if (!isExpected) {
    const isTesting = requests <= 1 || Object.keys(requestKinds).every((kind) => TESTING.has(kind));
    if (writes === 0 && isTesting) return "test";
    if (requests <= ON_DEMAND_REQUESTS_MAX) return "on_demand";
  }
  return created * 2 > resources ? "initial" : "incremental";
}
