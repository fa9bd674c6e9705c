/** Taking a whole tenant out of Postgres: every row of every table that has a tenant, whichever tables there are. */
import type { Database, DatabasePool } from "./database.ts";
import type { Erased } from "./erase-person.ts";

// As many rows as a transaction takes away in a second or two: nobody else waits long for a lock.
const ROWS_AT_ONCE = 20_000;

/**
 * Its tokens and keys must have ended before. In steps, so that it may be run again after it was cut off.
 * @returns the proof: rows by table
 */
export async function eraseTenantRows(db: DatabasePool, tenantId: string): Promise<Erased> {
  const erased: Record<string, number> = {};
  for (const table of await tablesOfTenants(db)) {
    for (;;) {
      const rows = await db.transaction(async (tx) => {
        const gone = await tx.query(
          `DELETE FROM ${table}
            WHERE tenant_id = $1
              AND (tableoid, ctid) IN (SELECT tableoid, ctid FROM ${table} WHERE tenant_id = $1 LIMIT ${ROWS_AT_ONCE})
           RETURNING 1`,
          [tenantId],
        );
        return gone.length;
      });
      erased[table] = (erased[table] ?? 0) + rows;
      if (rows === 0) break;
    }
  }
  const gone = await db.transaction((tx) =>
    tx.query("DELETE FROM tenants WHERE id = $1 RETURNING id", [tenantId]),
  );
  return { ...erased, tenants: gone.length };
}

/** What refers to another table comes before it. */
async function tablesOfTenants(db: Database): Promise<readonly string[]> {
  const tables = await db.query<{ name: string; refersTo: readonly string[] }>(
    `SELECT c.relname AS name,
            ARRAY(SELECT DISTINCT r.relname::text
                    FROM pg_constraint k JOIN pg_class r ON r.oid = k.confrelid
                   WHERE k.conrelid = c.oid AND k.contype = 'f' AND k.confrelid <> c.oid) AS "refersTo"
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
      WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
      ORDER BY c.relname`,
  );
  const ordered: string[] = [];
  const rest = new Map(tables.map((table) => [table.name, table]));
  while (rest.size > 0) {
    const free = [...rest.keys()].filter((name) =>
      [...rest.values()].every((other) => !other.refersTo.includes(name)),
    );
    // Tables that refer to each other in a ring would never be free.
    if (free.length === 0) throw new Error(`tables refer to each other: ${[...rest.keys()].join(", ")}`);
    for (const name of free) rest.delete(name);
    ordered.push(...free);
  }
  return ordered;
}
