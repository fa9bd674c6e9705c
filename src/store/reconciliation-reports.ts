/** Reports of reconciliations as they are read: the latest of a tenant, one with its counts, and who differs in pages. */
import { csvLine } from "../platform/csv.ts";
import type { Database } from "./database.ts";
import type { MatchedBy } from "./matching.ts";
import {
  type Finding,
  FINDINGS,
  type Reconciliation,
  type ReconciliationCounts,
  type ReconciliationKey,
} from "./reconciliations.ts";

const COLUMNS = `tenant_id AS "tenantId", id, actor, started_at AS "startedAt", completed_at AS "completedAt", counts`;

/** The latest of a tenant, newest first; ids hold their time. @param limit - at most so many */
export async function listReconciliations(
  db: Database,
  tenantId: string,
  limit: number,
): Promise<readonly Reconciliation[]> {
  const rows = await db.query<Reconciliation>(
    `SELECT ${COLUMNS} FROM reconciliations WHERE tenant_id = $1 ORDER BY id DESC LIMIT $2`,
    [tenantId, limit],
  );
  return rows.map(asCounted);
}

const COUNTS = ["listed", "directory", "agreeing", ...FINDINGS, "accessToRemove", "accessToGive"] as const;

/** Counts in the order in which they were made: jsonb puts short names first. */
function asCounted(row: Reconciliation): Reconciliation {
  const { counts } = row;
  if (counts === null) return row;
  const ordered = Object.fromEntries(COUNTS.map((name) => [name, counts[name]]));
  return { ...row, counts: ordered as ReconciliationCounts };
}

/** Those of these that the tenant has, by id. */
export async function findReconciliations(
  db: Database,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Reconciliation>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<Reconciliation>(
    `SELECT ${COLUMNS} FROM reconciliations WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`,
    [tenantId, ids],
  );
  return new Map(rows.map((row) => [row.id, asCounted(row)]));
}

export async function findReconciliation(
  db: Database,
  { tenantId, id }: ReconciliationKey,
): Promise<Reconciliation | undefined> {
  return (await findReconciliations(db, tenantId, [id])).get(id);
}

/** One who differs: values are the product's, and the directory's where the product has none. */
export interface Difference {
  /** Place in the report, to go on after. */
  readonly position: number;
  readonly finding: Finding;
  /** The product's own id; null where the product has nobody. */
  readonly id: string | null;
  readonly userId: string | null;
  readonly userName: string | null;
  readonly email: string | null;
  readonly externalId: string | null;
  readonly displayName: string | null;
  readonly matchedBy: MatchedBy | null;
  /** As they were when they were compared; null where there is nobody. */
  readonly activeInProduct: boolean | null;
  readonly activeInDirectory: boolean | null;
}

export interface DifferencesQuery extends ReconciliationKey {
  /** All where there is none. */
  readonly findings: readonly Finding[];
  readonly after: number;
  readonly limit: number;
}

// Names of the directory are read as they are now and not kept: whoever was erased since has none.
const DIFFERENCES = `
  SELECT d.position, d.finding, d.existing_id AS id, d.user_id AS "userId",
         coalesce(d.user_name, u.resource ->> 'userName') AS "userName",
         coalesce(d.email, u.resource #>> '{emails,0,value}') AS email,
         coalesce(d.external_id, u.external_id) AS "externalId",
         coalesce(d.display_name, u.resource ->> 'displayName') AS "displayName", d.matched_by AS "matchedBy",
         d.active_in_product AS "activeInProduct", d.active_in_directory AS "activeInDirectory"
    FROM reconciliation_differences d
    LEFT JOIN users u ON u.tenant_id = d.tenant_id AND u.id = d.user_id
   WHERE d.tenant_id = $1 AND d.reconciliation_id = $2 AND d.position > $3 AND d.finding = ANY ($4::text[])
   ORDER BY d.position
   LIMIT $5`;

/** A page of a report. */
export async function listDifferences(
  db: Database,
  { tenantId, id, findings, after, limit }: DifferencesQuery,
): Promise<readonly Difference[]> {
  const wanted = findings.length === 0 ? FINDINGS : findings;
  return db.query<Difference>(DIFFERENCES, [tenantId, id, after, wanted, limit]);
}

const CSV_PAGE = 1_000;
const CSV_COLUMNS = [
  ...["finding", "id", "userId", "userName", "email", "externalId", "displayName", "matchedBy"],
  ...["activeInProduct", "activeInDirectory"],
] as readonly (keyof Difference)[];

/** A report as a file, page by page. */
export async function* differencesCsv(
  db: Database,
  query: ReconciliationKey & Pick<DifferencesQuery, "findings">,
): AsyncGenerator<string> {
  yield csvLine(CSV_COLUMNS);
  for (let after = 0; ;) {
    const page = await listDifferences(db, { ...query, after, limit: CSV_PAGE });
    if (page.length > 0) yield page.map((row) => csvLine(CSV_COLUMNS.map((column) => row[column]))).join("");
    if (page.length < CSV_PAGE) return;
    after = page.at(-1)?.position ?? after;
  }
}
