/**
 * Membership rows. One change to a group of 100,000 reads and writes one row: only what a batch touches is looked
 * up, and a whole group is read only where the whole is replaced.
 */
import type { ResourceType } from "../scim/index.ts";
import type { Transaction } from "./database.ts";
import type { ResourceKey } from "./directory-writes.ts";

export interface MemberKey {
  readonly tenantId: string;
  readonly groupId: string;
  readonly memberId: string;
}

export interface MemberRow extends MemberKey {
  readonly memberType: ResourceType;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for text that can be an id of ours. Ids are compared exactly (caseExact), so upper case is another id. */
export function isResourceId(text: string): boolean {
  return UUID.test(text);
}

const TOUCHED = `
  SELECT m.tenant_id AS "tenantId", m.group_id AS "groupId", m.member_id AS "memberId", m.member_type AS "memberType"
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS wanted (tenant_id, group_id, member_id)
    JOIN group_members m
      ON m.tenant_id = wanted.tenant_id AND m.group_id = wanted.group_id AND m.member_id = wanted.member_id`;

/** Which of these memberships exist. */
export async function findMemberships(
  tx: Transaction,
  keys: readonly MemberKey[],
): Promise<readonly MemberRow[]> {
  if (keys.length === 0) return [];
  return tx.query<MemberRow>({ name: "find-memberships", text: TOUCHED }, memberArrays(keys));
}

const WHOLE = `
  SELECT m.tenant_id AS "tenantId", m.group_id AS "groupId", m.member_id AS "memberId", m.member_type AS "memberType"
    FROM unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, group_id)
    JOIN group_members m
      ON m.tenant_id = wanted.tenant_id AND m.group_id = wanted.group_id`;

/** All members of these groups; for changes that are about the whole membership. */
export async function findAllMemberships(
  tx: Transaction,
  groups: readonly ResourceKey[],
): Promise<readonly MemberRow[]> {
  if (groups.length === 0) return [];
  return tx.query<MemberRow>({ name: "find-all-memberships", text: WHOLE }, [
    groups.map(({ tenantId }) => tenantId),
    groups.map(({ id }) => id),
  ]);
}

// KEY SHARE lets others update the member, and keeps it from being deleted until the membership is committed.
const SHARE_MEMBERS = (table: "users" | "groups") => `
  SELECT r.tenant_id AS "tenantId", r.id
    FROM ${table} r
    JOIN unnest($1::uuid[], $2::uuid[]) AS wanted (tenant_id, id)
      ON r.tenant_id = wanted.tenant_id AND r.id = wanted.id
   ORDER BY r.tenant_id, r.id
     FOR KEY SHARE OF r`;

/** Holds the users and groups that are to become members. @returns type by `tenantId id`; the rest do not exist */
export async function shareMembers(
  tx: Transaction,
  keys: readonly ResourceKey[],
): Promise<ReadonlyMap<string, ResourceType>> {
  const found = new Map<string, ResourceType>();
  if (keys.length === 0) return found;
  const arrays = [keys.map(({ tenantId }) => tenantId), keys.map(({ id }) => id)];
  const users = await tx.query<ResourceKey>({ name: "share-users", text: SHARE_MEMBERS("users") }, arrays);
  for (const { tenantId, id } of users) found.set(`${tenantId} ${id}`, "User");
  if (found.size === keys.length) return found;
  const groups = await tx.query<ResourceKey>({ name: "share-groups", text: SHARE_MEMBERS("groups") }, arrays);
  for (const { tenantId, id } of groups) found.set(`${tenantId} ${id}`, "Group");
  return found;
}

const INSERT = `
  INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
  SELECT tenant_id, group_id, member_id, member_type
    FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS m (tenant_id, group_id, member_id, member_type)
   ORDER BY tenant_id, group_id, member_id`;

/** Of groups whose rows are held, so that nobody else can have added the same. */
export async function insertMembers(tx: Transaction, rows: readonly MemberRow[]): Promise<void> {
  if (rows.length === 0) return;
  const types = rows.map(({ memberType }) => memberType);
  await tx.query({ name: "insert-members", text: INSERT }, [...memberArrays(rows), types]);
}

const DELETE = `
  DELETE FROM group_members m
   USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS gone (tenant_id, group_id, member_id)
   WHERE m.tenant_id = gone.tenant_id AND m.group_id = gone.group_id AND m.member_id = gone.member_id`;

export async function deleteMembers(tx: Transaction, keys: readonly MemberKey[]): Promise<void> {
  if (keys.length === 0) return;
  await tx.query({ name: "delete-members", text: DELETE }, memberArrays(keys));
}

/** Three parallel arrays, for `unnest`. */
function memberArrays(keys: readonly MemberKey[]): [string[], string[], string[]] {
  return [
    keys.map(({ tenantId }) => tenantId),
    keys.map(({ groupId }) => groupId),
    keys.map(({ memberId }) => memberId),
  ];
}

const NESTING = `
  SELECT m.tenant_id AS "tenantId", m.group_id AS "groupId", m.member_id AS "memberId"
    FROM group_members m
   WHERE m.tenant_id = ANY($1::uuid[]) AND m.member_type = 'Group'`;

/**
 * Every membership of a group in a group, of these tenants. Until the transaction ends nobody else can add one there:
 * two additions that are fine alone could close a circle together.
 */
export async function holdNesting(
  tx: Transaction,
  tenantIds: readonly string[],
): Promise<readonly MemberKey[]> {
  // Sorted, so that two batches over the same tenants do not wait for each other in a ring.
  for (const tenantId of [...new Set(tenantIds)].sort()) {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`rollcall nesting ${tenantId}`]);
  }
  return tx.query<MemberKey>({ name: "hold-nesting", text: NESTING }, [tenantIds]);
}
