/**
 * Changes of users and groups, set-based: a batch of any size is one statement of each kind. Only the worker's
 * batch calls these. Rows are locked in (tenant, id) order, so that two batches never wait for each other in a ring.
 */
import type { Resource, ResourceType } from "../scim/index.ts";
import { together, type Transaction } from "./database.ts";

export interface ResourceKey {
  readonly tenantId: string;
  readonly id: string;
}

/** In the place of a time: that of the transaction which writes the row. */
export const TRANSACTION_TIME = "";

/** A user's or group's row as a batch works on it. Times are ISO strings in milliseconds, UTC. */
export interface ResourceRow extends ResourceKey {
  readonly version: number;
  readonly created: string;
  readonly lastModified: string;
  readonly resource: Resource;
  /** True of a user whose deactivation or deletion is held, or was rejected. */
  readonly isHeld?: boolean;
}

/** What a row needs besides the resource: the extracted, indexed columns. */
export interface NewResourceRow extends ResourceRow {
  /** Comparison key of userName, or of a group's displayName. */
  readonly nameKey: string;
  readonly externalId: string | null;
  /** Null for groups, which are never inactive. */
  readonly active: boolean | null;
  readonly search: Readonly<Record<string, unknown>>;
}

const TABLES = {
  User: { table: "users", nameKey: "user_name_key", isHeld: "r.is_held" },
  Group: { table: "groups", nameKey: "display_name_key", isHeld: "false" },
} as const satisfies Record<ResourceType, unknown>;

/** Locks the rows for a change; one that is about to be deleted is locked against new members as well. */
export async function lockResources(
  tx: Transaction,
  type: ResourceType,
  keys: readonly (ResourceKey & { readonly forDelete: boolean })[],
): Promise<readonly ResourceRow[]> {
  const deleted = keys.filter(({ forDelete }) => forDelete);
  const changed = keys.filter(({ forDelete }) => !forDelete);
  const rows = await together([
    lock(tx, type, { keys: deleted, strength: "FOR UPDATE" }),
    lock(tx, type, { keys: changed, strength: "FOR NO KEY UPDATE" }),
  ]);
  return rows.flat();
}

async function lock(
  tx: Transaction,
  type: ResourceType,
  wanted: { readonly keys: readonly ResourceKey[]; readonly strength: string },
): Promise<readonly ResourceRow[]> {
  if (wanted.keys.length === 0) return [];
  const { table, isHeld } = TABLES[type];
  const rows = await tx.query<RawRow>(
    {
      name: `lock-${table}-${wanted.strength}`,
      text: `
  SELECT r.tenant_id AS "tenantId", r.id, r.version, r.created_at, r.updated_at, r.resource,
         ${isHeld} AS "isHeld"
    FROM ${table} r
    JOIN unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
      ON r.tenant_id = wanted.tenant_id AND r.id = wanted.id
   ORDER BY r.tenant_id, r.id
     ${wanted.strength} OF r`,
    },
    keyArrays(wanted.keys),
  );
  return rows.map(({ version, created_at, updated_at, ...row }) => ({
    ...row,
    version: Number(version),
    created: created_at.toISOString(),
    lastModified: updated_at.toISOString(),
  }));
}

interface RawRow {
  readonly tenantId: string;
  readonly id: string;
  /** bigint, so a string in JavaScript. */
  readonly version: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly resource: Resource;
  readonly isHeld: boolean;
}

/** @throws a unique violation when a userName is taken; callers look for that first */
export async function insertResources(
  tx: Transaction,
  type: ResourceType,
  rows: readonly NewResourceRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const { table, nameKey } = TABLES[type];
  const active = type === "User" ? { column: ", active", value: ", r.active" } : { column: "", value: "" };
  // In name order: two batches that insert the same names meet in the same order, so neither waits in a ring.
  await tx.query(
    {
      name: `insert-${table}`,
      text: `
  INSERT INTO ${table} (tenant_id, id, ${nameKey}, external_id, resource, search, version, created_at, updated_at${active.column})
  SELECT r.tenant_id, r.id, r.name_key, r.external_id, r.resource, r.search, r.version, coalesce(r.created_at, ${NOW}), coalesce(r.updated_at, ${NOW})${active.value}
    FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS (${RECORD})) WITH ORDINALITY
      AS r (tenant_id, id, name_key, external_id, active, resource, search, version, created_at, updated_at, position)
   ORDER BY r.tenant_id, r.name_key, r.position`,
    },
    [toRecords(rows)],
  );
}

// In milliseconds, as SCIM's dateTime shows them.
const NOW = "date_trunc('milliseconds', now())";

const RECORD = `tenant_id uuid, id uuid, name_key text, external_id text, active boolean, resource jsonb,
         search jsonb, version bigint, created_at timestamptz, updated_at timestamptz`;

/** @throws a unique violation when a new userName is taken; callers look for that first */
export async function updateResources(
  tx: Transaction,
  type: ResourceType,
  rows: readonly NewResourceRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const { table, nameKey } = TABLES[type];
  await tx.query(
    {
      name: `update-${table}`,
      text: `
  UPDATE ${table} t
     SET ${nameKey} = r.name_key, external_id = r.external_id, resource = r.resource, search = r.search,
         version = r.version, updated_at = r.updated_at${type === "User" ? ", active = r.active" : ""}
    FROM jsonb_to_recordset($1::jsonb) AS r (${RECORD})
   WHERE t.tenant_id = r.tenant_id AND t.id = r.id`,
    },
    [toRecords(rows)],
  );
}

/** Deletes rows, and whatever memberships they had or held. */
export async function deleteResources(
  tx: Transaction,
  type: ResourceType,
  keys: readonly ResourceKey[],
): Promise<void> {
  if (keys.length === 0) return;
  const { table } = TABLES[type];
  const held = deleteMemberships(tx, "group_id", type === "Group" ? keys : []);
  const had = deleteMemberships(tx, "member_id", keys);
  const resources = tx.query(
    {
      name: `delete-${table}`,
      text: `
  DELETE FROM ${table} t
   USING unnest($1::uuid[], $2::uuid[]) AS gone (tenant_id, id)
   WHERE t.tenant_id = gone.tenant_id AND t.id = gone.id`,
    },
    keyArrays(keys),
  );
  await together([held, had, resources]);
}

async function deleteMemberships(
  tx: Transaction,
  side: "group_id" | "member_id",
  keys: readonly ResourceKey[],
): Promise<void> {
  if (keys.length === 0) return;
  await tx.query(
    {
      name: `delete-memberships-by-${side}`,
      text: `
  DELETE FROM group_members m
   USING unnest($1::uuid[], $2::uuid[]) AS gone (tenant_id, id)
   WHERE m.tenant_id = gone.tenant_id AND m.${side} = gone.id`,
    },
    keyArrays(keys),
  );
}

/** Who holds these user names. @returns ids by `tenantId nameKey` */
export async function findNameHolders(
  tx: Transaction,
  names: readonly { readonly tenantId: string; readonly nameKey: string }[],
): Promise<ReadonlyMap<string, string>> {
  if (names.length === 0) return new Map();
  const rows = await tx.query<{ tenantId: string; nameKey: string; id: string }>(
    {
      name: "find-name-holders",
      text: `
  SELECT u.tenant_id AS "tenantId", u.user_name_key AS "nameKey", u.id
    FROM users u
    JOIN unnest($1::uuid[], $2::text[]) AS wanted (tenant_id, name_key)
      ON u.tenant_id = wanted.tenant_id AND u.user_name_key = wanted.name_key`,
    },
    [names.map(({ tenantId }) => tenantId), names.map(({ nameKey }) => nameKey)],
  );
  return new Map(rows.map(({ tenantId, nameKey, id }) => [`${tenantId} ${nameKey}`, id]));
}

/** One JSON text for all rows: made by V8's own serialiser and read by one function call in Postgres. */
function toRecords(rows: readonly NewResourceRow[]): string {
  return JSON.stringify(
    rows.map((row) => ({
      tenant_id: row.tenantId,
      id: row.id,
      name_key: row.nameKey,
      external_id: row.externalId,
      active: row.active,
      resource: row.resource,
      search: row.search,
      version: row.version,
      created_at: row.created === TRANSACTION_TIME ? null : row.created,
      updated_at: row.lastModified === TRANSACTION_TIME ? null : row.lastModified,
    })),
  );
}

/** Two parallel arrays, for `unnest`. */
function keyArrays(keys: readonly ResourceKey[]): [string[], string[]] {
  return [keys.map(({ tenantId }) => tenantId), keys.map(({ id }) => id)];
}
