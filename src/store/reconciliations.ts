/**
 * Reconciliation: the product's own list of its people against the directory. Who is in one and not in the other, who may
 * log in by one and not by the other, and who cannot be told, as a report that stays for a while.
 */
import { randomUUID } from "node:crypto";
import { newId } from "../platform/ids.ts";
import type { Transaction } from "./database.ts";
import { overWhole } from "./over-whole.ts";
import { insertEvents } from "./events.ts";
import { type ExistingUser, normalized } from "./existing-users.ts";
import { matching, readingWhole } from "./matching.ts";

/** As they stand in a report, the pressing ones first. */
export const FINDINGS = [
  "activeOnlyInProduct",
  "activeOnlyInDirectory",
  "onlyInProduct",
  "onlyInDirectory",
  "ambiguous",
  "duplicate",
  "incomplete",
] as const;
export type Finding = (typeof FINDINGS)[number];

export interface ListedPerson extends ExistingUser {
  /** Whether the person may log in, as the product has it. */
  readonly active: boolean;
  /** The user of the directory whom the product takes the person for. */
  readonly userId?: string | undefined;
}

export type ReconciliationCounts = Readonly<
  Record<Finding | "listed" | "directory" | "agreeing" | "accessToRemove" | "accessToGive", number>
>;

export interface ReconciliationKey {
  readonly tenantId: string;
  readonly id: string;
}

export interface Reconciliation extends ReconciliationKey {
  readonly actor: string;
  readonly startedAt: Date;
  /** Null while the list is open. */
  readonly completedAt: Date | null;
  readonly counts: ReconciliationCounts | null;
}

/** Begins an empty list. @returns its id */
export async function openReconciliation(
  tx: Transaction,
  { tenantId, actor }: { readonly tenantId: string; readonly actor: string },
): Promise<string> {
  const id = newId();
  await tx.query("INSERT INTO reconciliations (tenant_id, id, actor) VALUES ($1, $2, $3)", [
    tenantId,
    id,
    actor,
  ]);
  return id;
}

export type ListState = "open" | "completed" | "missing";

/** Holds the list until the commit. */
export async function lockReconciliation(
  tx: Transaction,
  { tenantId, id }: ReconciliationKey,
): Promise<ListState> {
  const [row] = await tx.query<{ isOpen: boolean }>(
    `SELECT completed_at IS NULL AS "isOpen" FROM reconciliations WHERE tenant_id = $1 AND id = $2 FOR UPDATE`,
    [tenantId, id],
  );
  if (row === undefined) return "missing";
  return row.isOpen ? "open" : "completed";
}

const LIST = `
  INSERT INTO reconciliation_people (tenant_id, reconciliation_id, existing_id, user_name, email, external_id,
                                     display_name, active, linked_id, user_name_key, email_key)
  SELECT $1, $2, r.id, r."userName", r.email, r."externalId", r."displayName", r.active, r."userId", r."userNameKey",
         r."emailKey"
    FROM json_to_recordset($3::json)
      AS r (id text, "userName" text, email text, "externalId" text, "displayName" text, active boolean, "userId" uuid,
            "userNameKey" text, "emailKey" text)
   ORDER BY r.id
      ON CONFLICT (tenant_id, reconciliation_id, existing_id) DO UPDATE
     SET user_name = excluded.user_name, email = excluded.email, external_id = excluded.external_id,
         display_name = excluded.display_name, active = excluded.active, linked_id = excluded.linked_id,
         user_name_key = excluded.user_name_key, email_key = excluded.email_key`;

/** Adds people to a list that is open, and locked by the caller; of one id the last entry counts. */
export async function listPeople(
  tx: Transaction,
  { tenantId, id }: ReconciliationKey,
  people: readonly ListedPerson[],
): Promise<void> {
  const rows = new Map(
    people.map((person) => [
      person.id,
      { ...normalized(person), active: person.active, userId: person.userId ?? null },
    ]),
  );
  await tx.query({ name: "list-people", text: LIST }, [tenantId, id, JSON.stringify([...rows.values()])]);
}

const ONE = "tenant_id = $1 AND reconciliation_id = $2";

// One statement, so that the list is held against one moment of the directory. Users who fit somebody are not missing
// from the product, though it cannot be told which of them is meant.
const COMPARE = `
  WITH ${matching({
    people: "reconciliation_people e WHERE e.tenant_id = $1 AND e.reconciliation_id = $2",
    known: `SELECT e.existing_id, u.id, u.active, 0
           FROM reconciliation_people e
           JOIN existing_users x ON x.tenant_id = $1 AND x.existing_id = e.existing_id AND x.adopted_at IS NOT NULL
           JOIN users u ON u.tenant_id = $1 AND u.id = x.user_id
          WHERE e.tenant_id = $1 AND e.reconciliation_id = $2
          UNION
         SELECT e.existing_id, u.id, u.active, 1
           FROM reconciliation_people e JOIN users u ON u.tenant_id = $1 AND u.id = e.linked_id
          WHERE e.tenant_id = $1 AND e.reconciliation_id = $2`,
    columns: [
      ...["user_name", "email", "external_id", "display_name", "user_name_key", "email_key"],
      "active AS active_in_product",
    ],
  })},
       compared AS (
         SELECT CASE WHEN is_duplicate THEN 'duplicate'
                     WHEN found > 1 THEN 'ambiguous'
                     WHEN found IS NULL AND is_incomplete THEN 'incomplete'
                     WHEN found IS NULL THEN 'onlyInProduct'
                     WHEN active_in_product AND NOT active THEN 'activeOnlyInProduct'
                     WHEN active AND NOT active_in_product THEN 'activeOnlyInDirectory' END AS finding,
                existing_id, user_name, email, external_id, display_name, user_name_key, email_key, matched_by, user_id,
                active_in_product, CASE WHEN user_id IS NOT NULL THEN active END AS active_in_directory
           FROM decided
          UNION ALL
         SELECT 'onlyInDirectory', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, u.id, NULL, u.active
           FROM users u
          WHERE u.tenant_id = $1
            AND NOT EXISTS (SELECT FROM candidates c
                              JOIN best b ON b.existing_id = c.existing_id AND b.rank = c.rank AND b.place = 1
                             WHERE c.id = u.id)
       ),
       kept AS (
         INSERT INTO reconciliation_differences (tenant_id, reconciliation_id, position, finding, existing_id, user_name,
                       email, external_id, display_name, user_name_key, email_key, matched_by, user_id, active_in_product,
                       active_in_directory)
         SELECT $1, $2, row_number() OVER (ORDER BY array_position($3::text[], finding), existing_id, user_id), finding,
                existing_id, user_name, email, external_id, display_name, user_name_key, email_key, matched_by, user_id,
                active_in_product, active_in_directory
           FROM compared
          WHERE finding IS NOT NULL
       )
  SELECT coalesce(finding, 'agreeing') AS finding, count(*)::float8 AS people,
         (count(*) FILTER (WHERE active_in_product))::float8 AS "activeInProduct",
         (count(*) FILTER (WHERE active_in_directory))::float8 AS "activeInDirectory"
    FROM compared
   GROUP BY 1`;

/**
 * Compares a list, which the caller has locked, with the directory, and tells of it by an event.
 * @returns undefined where nobody is on the list: that is a mistake, and would report everybody as missing
 */
export async function completeReconciliation(
  tx: Transaction,
  { tenantId, id }: ReconciliationKey,
): Promise<ReconciliationCounts | undefined> {
  const [size] = await tx.query<{ listed: number; directory: number }>(
    `SELECT (SELECT count(*) FROM reconciliation_people WHERE ${ONE})::float8 AS listed,
            (SELECT count(*) FROM users WHERE tenant_id = $1)::float8 AS directory`,
    [tenantId, id],
  );
  if (size === undefined || size.listed === 0) return undefined;
  const found = await readingWhole(tx, (patient) =>
    patient.query<FoundRow>(COMPARE, [tenantId, id, FINDINGS]),
  );
  const counts = countsOf(size, found);
  await forgetList(tx, { tenantId, id });
  await tx.query(
    "UPDATE reconciliations SET completed_at = now(), counts = $3 WHERE tenant_id = $1 AND id = $2",
    [tenantId, id, counts],
  );
  const nothing = { version: null, changed: [], details: null, writeId: null };
  await insertEvents(tx, [
    {
      ...{ tenantId, id: randomUUID(), type: "reconciliation.completed", resourceType: "Reconciliation" },
      ...{ resourceId: id, ...nothing },
    },
  ]);
  return counts;
}

async function forgetList(tx: Transaction, { tenantId, id }: ReconciliationKey): Promise<void> {
  await overWhole(tx, (patient) =>
    patient.query(`DELETE FROM reconciliation_people WHERE ${ONE}`, [tenantId, id]),
  );
}

interface FoundRow {
  readonly finding: Finding | "agreeing";
  readonly people: number;
  readonly activeInProduct: number;
  readonly activeInDirectory: number;
}

function countsOf(
  { listed, directory }: { readonly listed: number; readonly directory: number },
  rows: readonly FoundRow[],
): ReconciliationCounts {
  const row = (finding: FoundRow["finding"]): FoundRow | undefined =>
    rows.find((each) => each.finding === finding);
  const of = (finding: FoundRow["finding"]): number => row(finding)?.people ?? 0;
  const findings = Object.fromEntries(FINDINGS.map((finding) => [finding, of(finding)]));
  return {
    ...{ listed, directory, agreeing: of("agreeing") },
    ...(findings as Record<Finding, number>),
    accessToRemove: of("activeOnlyInProduct") + (row("onlyInProduct")?.activeInProduct ?? 0),
    accessToGive: of("activeOnlyInDirectory") + (row("onlyInDirectory")?.activeInDirectory ?? 0),
  };
}

/** With its report. @returns false where there is none */
export async function deleteReconciliation(
  tx: Transaction,
  { tenantId, id }: ReconciliationKey,
): Promise<boolean> {
  if ((await lockReconciliation(tx, { tenantId, id })) === "missing") return false;
  await forgetList(tx, { tenantId, id });
  await overWhole(tx, (patient) =>
    patient.query(`DELETE FROM reconciliation_differences WHERE ${ONE}`, [tenantId, id]),
  );
  await tx.query("DELETE FROM reconciliations WHERE tenant_id = $1 AND id = $2", [tenantId, id]);
  return true;
}

/** An open list that nobody went on with is forgotten after that long. */
const OPEN_SECONDS_MAX = 86_400;
const PRUNED_MAX = 10;

/** Reports older than is kept, and lists that were left open, a few at a time. @returns how many went */
export async function pruneReconciliations(tx: Transaction, seconds: number): Promise<number> {
  const old = await tx.query<ReconciliationKey>(
    `SELECT tenant_id AS "tenantId", id
       FROM reconciliations
      WHERE started_at < now() - make_interval(secs => CASE WHEN completed_at IS NULL THEN $2::float8 ELSE $1 END)
      ORDER BY started_at
      LIMIT ${PRUNED_MAX}
        FOR UPDATE SKIP LOCKED`,
    [seconds, Math.min(seconds, OPEN_SECONDS_MAX)],
  );
  for (const key of old) await deleteReconciliation(tx, key);
  return old.length;
}
