/** Keeps what is to be kept and for no longer: weeks of the ledger are made ahead and dropped, other rows deleted. */
import type { Logger } from "../platform/logger.ts";
import type { DatabasePool } from "../store/database.ts";
import { dropPartitions, emptyDefault, makePartitions, PARTITIONED } from "../store/partitions.ts";
import { pruneAudit, pruneCycles, pruneFailures, pruneGuardCycles } from "../store/retention.ts";

/** In days. */
export interface Retention {
  /** WRITE_RETENTION_DAYS. */
  readonly writes: number;
  /** CYCLE_RETENTION_DAYS. */
  readonly cycles: number;
  /** FAILURE_RETENTION_DAYS. */
  readonly failures: number;
  /** AUDIT_RETENTION_DAYS. */
  readonly audit: number;
}

const ROWS_MAX = 5_000;
const DAY_MS = 86_400_000;

export async function retain(
  db: DatabasePool,
  retention: Retention,
  { now, logger }: { readonly now: Date; readonly logger: Logger },
): Promise<void> {
  const before = (days: number): Date => new Date(now.getTime() - days * DAY_MS);
  await db.transaction((tx) => pruneCycles(tx, { before: before(retention.cycles), perTenantMax: ROWS_MAX }));
  // After the cycles, whose pages show what was counted.
  await db.transaction((tx) =>
    pruneGuardCycles(tx, { before: before(retention.cycles), perTenantMax: ROWS_MAX }),
  );
  await db.transaction((tx) =>
    pruneFailures(tx, { before: before(retention.failures), perTenantMax: ROWS_MAX }),
  );
  await db.transaction((tx) => pruneAudit(tx, { before: before(retention.audit), max: ROWS_MAX }));
  // Last: it needs the right to change tables, and gives up where it would wait for one.
  for (const table of PARTITIONED) {
    const made = await makePartitions(db, table, now);
    const dropped = await dropPartitions(db, table, before(retention.writes));
    if (made.length + dropped.length > 0) logger.info({ table, made, dropped }, "weeks of a table changed");
    await db.transaction((tx) =>
      emptyDefault(tx, table, { before: before(retention.writes), max: ROWS_MAX }),
    );
  }
}
