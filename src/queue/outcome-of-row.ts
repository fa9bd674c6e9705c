/** A ledger row as the outcome it records: what a redelivered job returns, and what a lost reply said. */
import type { Outcome } from "./contracts.ts";

/** The part of a ledger row that tells how a write ended. */
export interface EndedWrite {
  readonly result: "applied" | "unchanged" | "refused" | "fault";
  readonly resourceId: string | null;
  readonly status: number;
  readonly scimType: string | null;
  readonly code: string | null;
  readonly detail: string | null;
  readonly version: number | null;
  readonly endedAt: Date;
}

/** Of a fault that passes by itself; in the ledger, what tells it from one that an admin must look at. */
export const PASSING_FAULT_STATUS = 503;

/** Code of a write that the deactivation guard held; of one that was refused, or of one that was applied in part. */
export const HELD_CODE = "deactivation-held";

export function isHeldOutcome(outcome: Outcome): boolean {
  return outcome.kind === "refused"
    ? outcome.code === HELD_CODE
    : outcome.kind === "applied" && outcome.isHeld === true;
}

export function outcomeOfRow(row: EndedWrite): Outcome {
  switch (row.result) {
    case "applied":
    case "unchanged":
      return {
        kind: "applied",
        resourceId: row.resourceId ?? "",
        changed: row.result === "applied",
        written: null,
        recorded: { version: row.version, at: row.endedAt.toISOString() },
        ...(row.code === HELD_CODE && { isHeld: true }),
      };
    case "refused":
      return {
        kind: "refused",
        status: row.status,
        scimType: row.scimType,
        code: row.code ?? "refused",
        detail: row.detail ?? "",
        masked: row.code ?? "refused",
      };
    case "fault":
      return {
        kind: "fault",
        detail: row.detail ?? "",
        isPassing: row.status === PASSING_FAULT_STATUS,
      };
  }
}
