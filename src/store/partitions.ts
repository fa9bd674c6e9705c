/**
 * Tables that are partitioned by the time in a write's id, a week each: the weeks ahead are made before anybody needs
 * them, and a week that is older than is kept is dropped, which costs the same however much is in it. A row of a week
 * that is missing lands in the default partition, and is deleted from there when its time has come.
 */
import { firstIdAt } from "../platform/ids.ts";
import { type DatabasePool, isCheckViolation, type Transaction } from "./database.ts";

export type PartitionedTable = "writes" | "member_changes";
export const PARTITIONED: readonly PartitionedTable[] = ["writes", "member_changes"];

const WEEK_MS = 7 * 86_400_000;
/** The epoch was a Thursday; weeks here begin on Mondays, at midnight UTC. */
const MONDAY_MS = 4 * 86_400_000;
const WEEKS_AHEAD = 4;
/** Everybody waits behind whoever waits for a table's lock, so nobody waits long: the next beat tries again. */
const LOCK_TIMEOUT_MS = 1_000;

interface Partition {
  readonly name: string;
  /** The first id that is none of its; null for the default partition. */
  readonly to: string | null;
}

/**
 * Makes what is missing of this week and the next ones.
 * @returns the names of those that were made
 */
export async function makePartitions(
  db: DatabasePool,
  table: PartitionedTable,
  now: Date,
): Promise<readonly string[]> {
  const known = await db.transaction((tx) => partitionsOf(tx, table));
  const made: string[] = [];
  const thisWeek = Math.floor((now.getTime() - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS;
  for (let week = 0; week <= WEEKS_AHEAD; week += 1) {
    const from = new Date(thisWeek + week * WEEK_MS);
    const to = firstIdAt(new Date(from.getTime() + WEEK_MS));
    // What the table held before it had weeks ends on a Monday as well.
    if (known.some((partition) => partition.to !== null && partition.to >= to)) continue;
    const name = `${table}_${from.toISOString().slice(0, 10).replaceAll("-", "")}`;
    if (await attach(db, { table, name, from: firstIdAt(from), to })) made.push(name);
  }
  return made;
}

/**
 * Drops the weeks whose last moment was before this one.
 * @returns the names of those that were dropped
 */
export async function dropPartitions(
  db: DatabasePool,
  table: PartitionedTable,
  before: Date,
): Promise<readonly string[]> {
  const bound = firstIdAt(before);
  const known = await db.transaction((tx) => partitionsOf(tx, table));
  const old = known.filter(({ to }) => to !== null && to <= bound);
  for (const { name } of old) {
    await db.transaction(async (tx) => {
      await limitWaiting(tx);
      await tx.query("SELECT drop_week($1, $2)", [table, name]);
    });
  }
  return old.map(({ name }) => name);
}

/** Deletes what is old and landed in no week of its own. @returns how many rows went, at most so many */
export async function emptyDefault(
  tx: Transaction,
  table: PartitionedTable,
  { before, max }: { readonly before: Date; readonly max: number },
): Promise<number> {
  const [row] = await tx.query<{ gone: number }>(
    `WITH gone AS (
       DELETE FROM ${table}_default
        WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}_default WHERE write_id < $1 LIMIT $2))
       RETURNING 1
     )
     SELECT count(*)::int AS gone FROM gone`,
    [firstIdAt(before), max],
  );
  return row?.gone ?? 0;
}

/** Oldest first. Two workers that make or drop at once do so one after the other. */
async function partitionsOf(tx: Transaction, table: PartitionedTable): Promise<readonly Partition[]> {
  return tx.query<Partition>(
    `SELECT c.oid::regclass::text AS name,
            substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''([0-9a-f-]{36})''\\)') AS "to"
       FROM pg_inherits i
       JOIN pg_class c ON c.oid = i.inhrelid
      WHERE i.inhparent = $1::regclass
      ORDER BY 2 NULLS LAST`,
    [table],
  );
}

interface NewPartition extends Partition {
  readonly table: PartitionedTable;
  readonly from: string;
  readonly to: string;
}

/**
 * Attached, and not created as a partition: that would lock the whole table against its readers.
 * @returns false where somebody else makes it, or where rows of its time are in the default partition already
 */
async function attach(db: DatabasePool, { table, name, from, to }: NewPartition): Promise<boolean> {
  try {
    return await db.transaction(async (tx) => {
      await limitWaiting(tx);
      const [asked] = await tx.query<{ mayMake: boolean }>(
        `SELECT pg_try_advisory_xact_lock(hashtext('rollcall partitions')) AND to_regclass($1) IS NULL AS "mayMake"`,
        [name],
      );
      if (asked?.mayMake !== true) return false;
      await tx.query("SELECT make_week($1, $2, $3, $4)", [table, name, from, to]);
      return true;
    });
  } catch (error) {
    if (isCheckViolation(error)) return false;
    throw error;
  }
}

async function limitWaiting(tx: Transaction): Promise<void> {
  await tx.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
}
