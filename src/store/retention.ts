/**
 * What is kept for a time and then deleted, so many rows at once. Ids hold their time, so what is old is a range of a
 * tenant's key, and nothing is searched for. What is dropped by the week is in partitions.ts.
 */
import { firstIdAt } from "../platform/ids.ts";
import type { Transaction } from "./database.ts";

export interface Old {
  readonly before: Date;
  /** Rows of one tenant at a time. */
  readonly perTenantMax: number;
}

/** Cycles that have ended, with their durations. @returns how many went */
export async function pruneCycles(tx: Transaction, { before, perTenantMax }: Old): Promise<number> {
  return deleted(
    tx,
    `DELETE FROM cycles c
      USING tenants t
      CROSS JOIN LATERAL (SELECT id FROM cycles
                           WHERE tenant_id = t.id AND id < $1 AND ended_at < $3
                           ORDER BY id LIMIT $2) old
      WHERE c.tenant_id = t.id AND c.id = old.id`,
    [firstIdAt(before), perTenantMax, before],
  );
}

/** What the deactivation guard counted in cycles; of a cycle with held ones, not before those are decided. @returns how many went */
export async function pruneGuardCycles(tx: Transaction, { before, perTenantMax }: Old): Promise<number> {
  return deleted(
    tx,
    `DELETE FROM guard_cycles g
      USING tenants t
      CROSS JOIN LATERAL (SELECT cycle_id FROM guard_cycles o
                           WHERE o.tenant_id = t.id AND o.cycle_id < $1 AND o.created_at < $3
                             AND NOT EXISTS (SELECT FROM cycles WHERE tenant_id = t.id AND id = o.cycle_id)
                             AND NOT EXISTS (SELECT FROM held_deactivations
                                              WHERE tenant_id = t.id AND cycle_id = o.cycle_id AND state = 'waiting')
                           ORDER BY cycle_id LIMIT $2) old
      WHERE g.tenant_id = t.id AND g.cycle_id = old.cycle_id`,
    [firstIdAt(before), perTenantMax, before],
  );
}

/** Failures, whatever became of them. @returns how many went */
export async function pruneFailures(tx: Transaction, { before, perTenantMax }: Old): Promise<number> {
  return deleted(
    tx,
    `DELETE FROM failures f
      USING tenants t
      CROSS JOIN LATERAL (SELECT write_id FROM failures
                           WHERE tenant_id = t.id AND write_id < $1
                           ORDER BY write_id LIMIT $2) old
      WHERE f.tenant_id = t.id AND f.write_id = old.write_id`,
    [firstIdAt(before), perTenantMax],
  );
}

/** Lines of the audit, oldest first: their numbers are in the order of their times. @returns how many went */
export async function pruneAudit(
  tx: Transaction,
  { before, max }: { readonly before: Date; readonly max: number },
): Promise<number> {
  return deleted(
    tx,
    `DELETE FROM audit
      WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT $2) AND created_at < $1`,
    [before, max],
  );
}

async function deleted(tx: Transaction, text: string, values: readonly unknown[]): Promise<number> {
  const [row] = await tx.query<{ gone: number }>(
    `WITH gone AS (${text} RETURNING 1) SELECT count(*)::int AS gone FROM gone`,
    values,
  );
  return row?.gone ?? 0;
}
