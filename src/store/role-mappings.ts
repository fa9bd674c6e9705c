/**
 * Which roles of the product the members of which groups have. Nothing is stored per user: a role is what the groups say
 * at the moment, directly or through other groups, so a change of a group or of a mapping is in force at its commit.
 */
import { fold } from "../scim/index.ts";
import type { Database, Transaction } from "./database.ts";

export const GROUP_FIELDS = ["id", "displayName", "externalId"] as const;
export type GroupField = (typeof GROUP_FIELDS)[number];

export interface RoleMapping {
  readonly role: string;
  /** By what the group is told; several groups may have one displayName. */
  readonly matchBy: GroupField;
  readonly value: string;
}

export interface StoredMapping extends RoleMapping {
  /** Groups that are there. */
  readonly groups: number;
}

/** More than a product has roles; every login check may look at all of them. */
export const MAPPINGS_MAX = 500;

const FITS = `
         (m.match_by = 'id' AND g.id::text = m.value_key)
      OR (m.match_by = 'displayName' AND g.display_name_key = m.value_key)
      OR (m.match_by = 'externalId' AND g.external_id = m.value_key)`;

/**
 * SQL for the roles of a user, sorted; or, for a group, the roles that it gives its members. Recursion ends with the
 * groups that there are: UNION drops what was reached before. OFFSET 0 keeps the planner, which cannot know how few are
 * reached, from reading all of a tenant's groups once instead.
 * @param of - expressions for the tenant and for the user or group
 */
export function rolesOf({
  tenantId,
  memberId,
}: {
  readonly tenantId: string;
  readonly memberId: string;
}): string {
  return `coalesce((
           WITH RECURSIVE reached (id) AS (
                  SELECT ${memberId}
                   UNION
                  SELECT gm.group_id
                    FROM reached
                   CROSS JOIN LATERAL (
                           SELECT group_id FROM group_members
                            WHERE tenant_id = ${tenantId} AND member_id = reached.id
                           OFFSET 0
                         ) gm
                )
           SELECT array_agg(DISTINCT m.role ORDER BY m.role)
             FROM reached
            CROSS JOIN LATERAL (
                    SELECT id, display_name_key, external_id FROM groups
                     WHERE tenant_id = ${tenantId} AND id = reached.id
                    OFFSET 0
                  ) g
             JOIN role_mappings m ON m.tenant_id = ${tenantId} AND (${FITS})
         ), '{}')`;
}

const READ = `
  SELECT wanted.id, ${rolesOf({ tenantId: "$1::uuid", memberId: "wanted.id" })} AS roles
    FROM unnest($2::uuid[]) AS wanted (id)
   WHERE EXISTS (SELECT FROM role_mappings WHERE tenant_id = $1)`;

/**
 * Roles of users, whether they are active or not, and roles that groups give their members.
 * @returns by id; empty where the tenant maps nothing
 */
export async function readRoles(
  db: Database,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<{ id: string; roles: string[] }>({ name: "read-roles", text: READ }, [
    tenantId,
    ids,
  ]);
  return new Map(rows.map(({ id, roles }) => [id, roles]));
}

const LIST = `
  SELECT m.role, m.match_by AS "matchBy", m.value,
         (SELECT count(*) FROM groups g WHERE g.tenant_id = m.tenant_id AND (${FITS}))::int AS groups
    FROM role_mappings m
   WHERE m.tenant_id = $1
   ORDER BY m.role, m.match_by, m.value_key`;

export async function listRoleMappings(db: Database, tenantId: string): Promise<readonly StoredMapping[]> {
  return db.query<StoredMapping>(LIST, [tenantId]);
}

/** @returns false where the tenant has as many as there may be */
export async function addRoleMapping(
  tx: Transaction,
  tenantId: string,
  mapping: RoleMapping,
): Promise<boolean> {
  // Two that are added at once would both be the last one that there is room for.
  await tx.query("SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE", [tenantId]);
  const { role, matchBy, value } = mapping;
  const rows = await tx.query(
    `INSERT INTO role_mappings (tenant_id, role, match_by, value, value_key)
     SELECT $1, $2, $3, $4, $5
      WHERE (SELECT count(*) FROM role_mappings WHERE tenant_id = $1) < $6
         ON CONFLICT (tenant_id, role, match_by, value_key) DO UPDATE SET value = excluded.value
     RETURNING role`,
    [tenantId, role, matchBy, value, keyOf(mapping), MAPPINGS_MAX],
  );
  return rows.length > 0;
}

/** @returns false when there was no such mapping */
export async function removeRoleMapping(
  tx: Transaction,
  tenantId: string,
  mapping: RoleMapping,
): Promise<boolean> {
  const rows = await tx.query(
    `DELETE FROM role_mappings
      WHERE tenant_id = $1 AND role = $2 AND match_by = $3 AND value_key = $4
     RETURNING role`,
    [tenantId, mapping.role, mapping.matchBy, keyOf(mapping)],
  );
  return rows.length > 0;
}

/** Makes these the tenant's mappings, and no others. */
export async function replaceRoleMappings(
  tx: Transaction,
  tenantId: string,
  mappings: readonly RoleMapping[],
): Promise<void> {
  await tx.query("SELECT id FROM tenants WHERE id = $1 FOR NO KEY UPDATE", [tenantId]);
  await tx.query("DELETE FROM role_mappings WHERE tenant_id = $1", [tenantId]);
  await tx.query(
    `INSERT INTO role_mappings (tenant_id, role, match_by, value, value_key)
     SELECT $1, m.role, m.match_by, m.value, m.value_key
       FROM unnest($2::text[], $3::text[], $4::text[], $5::text[]) AS m (role, match_by, value, value_key)
         ON CONFLICT DO NOTHING`,
    [
      tenantId,
      mappings.map(({ role }) => role),
      mappings.map(({ matchBy }) => matchBy),
      mappings.map(({ value }) => value),
      mappings.map(keyOf),
    ],
  );
}

/** In words, for the audit: `editor ← displayName Staff`. */
export function describeMapping({ role, matchBy, value }: RoleMapping): string {
  return `${role} ← ${matchBy} ${value}`;
}

/** As SCIM compares them: letter case does not count in a displayName, and does in an external id. */
function keyOf({ matchBy, value }: RoleMapping): string {
  if (matchBy === "displayName") return fold(value);
  return matchBy === "id" ? value.toLowerCase() : value;
}

const ROLE = /^[\w.:/ -]{1,100}$/u;
const VALUE_CHARS_MAX = 1_024;

/** @returns what is wrong with a mapping as somebody typed it; undefined when nothing is */
export function wrongMapping({ role, value }: RoleMapping): string | undefined {
  if (!ROLE.test(role) || role.trim() !== role)
    return "a role's name has 1 to 100 letters, digits, spaces or one of _ . : / -";
  if (value === "" || value.length > VALUE_CHARS_MAX || value.includes("\0"))
    return `a group is told by 1 to ${VALUE_CHARS_MAX} characters`;
  return undefined;
}
