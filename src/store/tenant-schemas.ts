/**
 * Versions of a tenant's own extension schemas. A version is the complete set, the newest is in force, and 0 stands
 * for a tenant that never had any.
 *
 * The worker writes search documents by the version in force. So that none is written by an older one after the
 * rebuild for a newer, each of its transactions shares a lock per tenant with `waitForWriters`, which takes it alone.
 */
import { compareExtensions, type ExtensionChange, type Extensions } from "../scim/index.ts";
import type { ConnectionKey } from "./cycles.ts";
import { type Database, type DatabasePool, together, type Transaction } from "./database.ts";
import { type Guard, GUARD_COLUMNS } from "./deactivation-guards.ts";
import { parseExtensions } from "./extensions-json.ts";

export interface SchemaVersion {
  readonly version: number;
  readonly extensions: Extensions;
  readonly actor: string;
  readonly createdAt: Date;
  /** When the search documents were as this version has them; null while they are being rebuilt. */
  readonly searchAt: Date | null;
}

const COLUMNS = `version, extensions, actor, created_at AS "createdAt", search_at AS "searchAt"`;

export const NO_EXTENSIONS: Extensions = { User: [], Group: [] };

/** @returns undefined for a tenant without extensions of its own */
export async function findSchemaInForce(db: Database, tenantId: string): Promise<SchemaVersion | undefined> {
  const [row] = await db.query<SchemaVersion>(
    `SELECT ${COLUMNS} FROM tenant_schemas WHERE tenant_id = $1 ORDER BY version DESC LIMIT 1`,
    [tenantId],
  );
  return row && checked(row);
}

export async function findSchemaVersion(
  db: Database,
  tenantId: string,
  version: number,
): Promise<SchemaVersion | undefined> {
  const [row] = await db.query<SchemaVersion>(
    {
      name: "find-schema-version",
      text: `SELECT ${COLUMNS} FROM tenant_schemas WHERE tenant_id = $1 AND version = $2`,
    },
    [tenantId, version],
  );
  return row && checked(row);
}

function checked(row: SchemaVersion): SchemaVersion {
  return { ...row, extensions: parseExtensions(row.extensions) };
}

export interface NewSchema {
  readonly tenantId: string;
  readonly extensions: Extensions;
  readonly actor: string;
  /** Whether what stored values feel may change. */
  readonly isForced: boolean;
}

export type SchemaSet =
  | {
      readonly kind: "set";
      readonly version: number;
      readonly changes: readonly ExtensionChange[];
      /** Whether search documents of stored resources are no longer as this version has them. */
      readonly needsRebuild: boolean;
    }
  | { readonly kind: "same"; readonly version: number; readonly needsRebuild: boolean }
  /** What would take stored values out of sight. */
  | { readonly kind: "refused"; readonly changes: readonly ExtensionChange[] };

/** Puts a new version in force, unless it says the same as the one that is. */
export async function setSchema(tx: Transaction, request: NewSchema): Promise<SchemaSet> {
  const { tenantId, extensions, actor, isForced } = request;
  // Two that set at once would both make the same version.
  await tx.query("SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE", [tenantId]);
  const before = await findSchemaInForce(tx, tenantId);
  const old = before?.extensions ?? NO_EXTENSIONS;
  if (before && JSON.stringify(old) === JSON.stringify(extensions)) {
    return { kind: "same", version: before.version, needsRebuild: before.searchAt === null };
  }
  const changes = compareExtensions(old, extensions);
  const hiding = changes.filter(({ kind }) => kind !== "added");
  if (hiding.length > 0 && !isForced) return { kind: "refused", changes: hiding };
  const version = (before?.version ?? 0) + 1;
  const isFresh = before === undefined || (before.searchAt !== null && hiding.length === 0);
  const needsRebuild = !isFresh || (await hadBefore(tx, tenantId, changes));
  await tx.query(
    `INSERT INTO tenant_schemas (tenant_id, version, extensions, actor, search_at)
     VALUES ($1, $2, $3, $4, CASE WHEN $5 THEN NULL ELSE now() END)`,
    [tenantId, version, JSON.stringify(extensions), actor, needsRebuild],
  );
  return { kind: "set", version, changes, needsRebuild };
}

/** Was any of these there in an earlier version, so that resources may hold values of it? */
async function hadBefore(
  tx: Transaction,
  tenantId: string,
  changes: readonly ExtensionChange[],
): Promise<boolean> {
  const rows = await tx.query<Pick<SchemaVersion, "extensions">>(
    "SELECT extensions FROM tenant_schemas WHERE tenant_id = $1",
    [tenantId],
  );
  const had = new Set(
    rows.flatMap(({ extensions }) => compareExtensions(NO_EXTENSIONS, extensions).map(({ path }) => path)),
  );
  return changes.some(({ path }) => had.has(path));
}

export interface BegunWrites {
  /** The transaction's time. */
  readonly now: Date;
  /** The version of its schemas in force for each tenant. */
  readonly versions: ReadonlyMap<string, number>;
  /** Of the guarded ones among the connections: locked until the commit. */
  readonly guards: readonly Guard[];
  /** Some of the tenants have failures which a write may mend. */
  readonly hasFailures: boolean;
  /** Some of the tenants have writes that are accepted and not applied. */
  readonly hasAccepted: boolean;
}

interface BegunRow extends Pick<BegunWrites, "now" | "hasFailures" | "hasAccepted"> {
  readonly tenantId: string;
  readonly version: number;
  readonly guards: Guard[] | null;
}

/**
 * What the worker's transaction begins with.
 * @param connections - whose writes may take access away
 */
export async function beginWrites(
  tx: Transaction,
  tenantIds: readonly string[],
  connections: readonly ConnectionKey[] = [],
): Promise<BegunWrites> {
  const sorted = [...tenantIds].sort();
  const [, rows] = await together([
    shareSchemas(tx, sorted),
    tx.query<BegunRow>({ name: "begin-writes", text: BEGIN_WRITES }, [
      sorted,
      connections.map(({ tenantId }) => tenantId),
      connections.map(({ connectionId }) => connectionId),
    ]),
  ]);
  return {
    now: rows[0]?.now ?? new Date(),
    versions: new Map(rows.map(({ tenantId, version }) => [tenantId, version])),
    guards: rows.flatMap(({ guards }) => guards ?? []),
    hasFailures: rows.some((row) => row.hasFailures),
    hasAccepted: rows.some((row) => row.hasAccepted),
  };
}

// Guards are locked in one order, before any user is: two batches never wait for each other in a ring.
const BEGIN_WRITES = `
  SELECT now() AS now, t.tenant_id AS "tenantId",
         coalesce((SELECT max(s.version) FROM tenant_schemas s WHERE s.tenant_id = t.tenant_id), 0) AS version,
         EXISTS (SELECT FROM failures f
                  WHERE f.tenant_id = t.tenant_id AND f.state IN ('open', 'retried')) AS "hasFailures",
         EXISTS (SELECT FROM accepted_writes a WHERE a.tenant_id = t.tenant_id) AS "hasAccepted",
         (SELECT json_agg(locked)
            FROM (SELECT ${GUARD_COLUMNS}
                    FROM deactivation_guards g
                   WHERE g.tenant_id = t.tenant_id
                     AND (g.tenant_id, g.connection_id) IN (SELECT c.tenant, c.connection FROM unnest($2::uuid[], $3::uuid[]) AS c (tenant, connection))
                   ORDER BY g.connection_id
                     FOR UPDATE OF g) locked) AS guards
    FROM unnest($1::uuid[]) AS t (tenant_id)`;

/**
 * Until its end the transaction is one of those that `waitForWriters` waits for. A statement of its own: the one after it sees
 * what was committed while it waited.
 * @param tenantIds - in the order in which all take their locks
 */
export async function shareSchemas(tx: Transaction, tenantIds: readonly string[]): Promise<void> {
  await tx.query({ name: "share-schemas", text: SHARE }, [tenantIds.map(lockName)]);
}

const SHARE =
  "SELECT pg_advisory_xact_lock_shared(hashtextextended(lock, 0)) FROM unnest($1::text[]) AS t (lock)";

/** Resolves when no transaction is under way that began before, and may know an older version only. */
export async function waitForWriters(db: DatabasePool, tenantId: string): Promise<void> {
  await db.transaction((tx) =>
    tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [lockName(tenantId)]),
  );
}

/** Of the lock that a transaction of writes shares, for each of its tenants. */
export function lockName(tenantId: string): string {
  return `rollcall schema ${tenantId}`;
}
