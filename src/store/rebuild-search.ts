/**
 * Search documents made anew from what is stored, after a change of a tenant's schemas that they feel: another
 * caseExact or type, an attribute that is there again. In batches with a transaction each, in the order in which the
 * worker locks rows, while the service runs. Neither version nor lastModified changes: the resource is the same.
 */
import {
  type Models,
  type Resource,
  type ResourceType,
  RESOURCE_TYPES,
  searchDocument,
} from "../scim/index.ts";
import type { DatabasePool, Transaction } from "./database.ts";
import { TABLES } from "./directory-reads.ts";
import { beginWrites, waitForWriters } from "./tenant-schemas.ts";

// Some milliseconds of work: a write that waits for one of these rows does not notice.
const BATCH = 500;

export interface RebuildRequest {
  readonly tenantId: string;
  readonly version: number;
  /** Of that version. */
  readonly models: Models;
}

/** @returns how many resources were looked at; undefined when a newer version has taken over meanwhile */
export async function rebuildSearch(db: DatabasePool, request: RebuildRequest): Promise<number | undefined> {
  await waitForWriters(db, request.tenantId);
  let count = 0;
  for (const type of RESOURCE_TYPES) {
    for (let after = FIRST; ;) {
      const ids = await db.transaction((tx) => rebuildBatch(tx, request, { type, after }));
      if (ids === undefined) return undefined;
      count += ids.length;
      const last = ids.at(-1);
      if (last === undefined) break;
      after = last;
    }
  }
  const { tenantId, version } = request;
  await db.query("UPDATE tenant_schemas SET search_at = now() WHERE tenant_id = $1 AND version = $2", [
    tenantId,
    version,
  ]);
  return count;
}

const FIRST = "00000000-0000-0000-0000-000000000000";

async function rebuildBatch(
  tx: Transaction,
  { tenantId, version, models }: RebuildRequest,
  { type, after }: { readonly type: ResourceType; readonly after: string },
): Promise<readonly string[] | undefined> {
  const { versions } = await beginWrites(tx, [tenantId]);
  if (versions.get(tenantId) !== version) return undefined;
  const table = TABLES[type];
  const rows = await tx.query<{ id: string; resource: Resource }>(
    `SELECT id, resource FROM ${table} WHERE tenant_id = $1 AND id > $2 ORDER BY id LIMIT ${BATCH} FOR NO KEY UPDATE`,
    [tenantId, after],
  );
  const documents = rows.map(({ id, resource }) => ({ id, search: searchDocument(models[type], resource) }));
  await tx.query(
    `UPDATE ${table} t
        SET search = r.search
       FROM json_to_recordset($2::json) AS r (id uuid, search jsonb)
      WHERE t.tenant_id = $1 AND t.id = r.id AND t.search IS DISTINCT FROM r.search`,
    [tenantId, JSON.stringify(documents)],
  );
  return rows.map(({ id }) => id);
}
