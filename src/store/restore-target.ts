/** The database a backup goes into: what is in it, who uses it, and what must be set right once the rows are back. */
import type { Database, DatabasePool, Transaction } from "./database.ts";
import { recordAudit } from "./audit.ts";

const EPOCH_KEY = "restored";

export interface RestoreTarget {
  readonly database: string;
  /** Tables outside the system's own schemas. */
  readonly tables: number;
  /** What else of Rollcall is connected, by the name that each process gives itself. */
  readonly connected: readonly string[];
}

export async function examineTarget(db: Database, queueSchema: string): Promise<RestoreTarget> {
  const [row] = await db.query<RestoreTarget>(
    `SELECT current_database() AS database,
            (SELECT count(*)::int FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
                AND n.nspname !~ '^pg_(toast|temp)') AS tables,
            ARRAY(SELECT DISTINCT application_name FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()
                     AND application_name ~ '^rollcall-' AND application_name <> 'rollcall-cli'
                   ORDER BY 1) AS connected`,
    [queueSchema],
  );
  if (row === undefined) throw new Error("Postgres did not say which database this is");
  return row;
}

/** Leaves nothing of ours: the tables, and the queue where it lives in Postgres. */
export async function emptyTarget(tx: Transaction, queueSchema: string): Promise<void> {
  await tx.query(`DROP SCHEMA IF EXISTS ${queueSchema} CASCADE`);
  await tx.query("DROP SCHEMA IF EXISTS public CASCADE");
  await tx.query("CREATE SCHEMA public AUTHORIZATION pg_database_owner");
  await tx.query("GRANT USAGE ON SCHEMA public TO PUBLIC");
}

export interface Restored {
  readonly tenants: number;
  readonly connections: number;
  readonly sessionsEnded: number;
}

/**
 * What was true at the time of the backup and must not be now: a session that was ended since opens again, and a
 * product's cursor from the time that was lost would pass over what happens from now on.
 */
export async function settleRestored(
  db: DatabasePool,
  { epoch, takenAt, actor }: { readonly epoch: string; readonly takenAt: string; readonly actor: string },
): Promise<Restored> {
  return db.transaction(async (tx) => {
    await tx.query(
      `INSERT INTO installation (key, value) VALUES ($1, $2)
       ON CONFLICT (key) DO UPDATE SET value = excluded.value`,
      [EPOCH_KEY, epoch],
    );
    // A link that was used up since would let its reader set a password once more.
    await tx.query("DELETE FROM account_links");
    const ended = await tx.query<{ id: string }>("DELETE FROM sessions RETURNING 'x' AS id");
    await recordAudit(tx, [
      { tenantId: null, actor, action: "database.restored", subject: `backup of ${takenAt}` },
    ]);
    const [counts] = await tx.query<Omit<Restored, "sessionsEnded">>(
      `SELECT (SELECT count(*)::int FROM tenants) AS tenants,
              (SELECT count(*)::int FROM connections WHERE disconnected_at IS NULL) AS connections`,
    );
    return { tenants: 0, connections: 0, ...counts, sessionsEnded: ended.length };
  });
}

/** Changes with each restore; empty where there was none. Cursors of the event feed are worth nothing beyond it. */
export async function readRestoreEpoch(db: Database): Promise<string> {
  const rows = await db.query<{ value: string }>("SELECT value FROM installation WHERE key = $1", [
    EPOCH_KEY,
  ]);
  return rows[0]?.value ?? "";
}
