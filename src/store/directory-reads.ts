/** Reads of users and groups for the api. Members are read only where they are wanted. */
import type { GroupView, MemberView, Resource, ResourceType, Stored } from "../scim/index.ts";
import type { Database } from "./database.ts";

export const TABLES = { User: "users", Group: "groups" } as const;

/** The columns that reads select. */
export interface RawRow {
  readonly id: string;
  readonly version: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly resource: Resource;
  /** Of a user whose groups were asked for. */
  readonly held?: HeldGroups | null;
}

/** The groups that have a user as their member; null stands for none. */
interface HeldGroups {
  readonly direct: readonly { readonly value: string; readonly display: string | null }[];
  /** One of them is itself in a group, so that the user is in more than these. */
  readonly isNested: boolean;
}

// Most users are in few groups, and no group of theirs is in another: then a user's row brings all of them along.
const IN_A_GROUP = `EXISTS (SELECT FROM group_members n WHERE n.tenant_id = m.tenant_id AND n.member_id = m.group_id)`;

/** A column of a query over a row `r` of `users`. */
const HELD = `
         (SELECT json_build_object(
                   'direct', json_agg(json_build_object('value', m.group_id, 'display', g.resource ->> 'displayName')
                                      ORDER BY m.group_id),
                   'isNested', bool_or(${IN_A_GROUP}))
            FROM group_members m
            JOIN groups g ON g.tenant_id = m.tenant_id AND g.id = m.group_id
           WHERE m.tenant_id = r.tenant_id AND m.member_id = r.id
          HAVING count(*) > 0)`;

/** The column `held` of what is read: the groups of a user, where they are wanted. */
export function heldColumn(type: ResourceType, withMembers: boolean): string {
  return `${type === "User" && withMembers ? HELD : "NULL::json"} AS held`;
}

export interface ReadOptions {
  readonly tenantId: string;
  readonly type: ResourceType;
  /** Read a group's members, or a user's groups, as well. */
  readonly withMembers: boolean;
  /** Members that are read of one group at most; undefined is all. */
  readonly membersMax?: number | undefined;
}

/** @returns undefined when the tenant has no such resource */
export async function findResource(
  db: Database,
  id: string,
  options: ReadOptions,
): Promise<Stored | undefined> {
  const { type, withMembers } = options;
  const table = TABLES[type];
  const rows = await db.query<RawRow>(
    {
      name: `find-${table}${withMembers ? "-with-members" : ""}`,
      text: `
  SELECT r.id, r.version, r.created_at, r.updated_at, r.resource, ${heldColumn(type, withMembers)}
    FROM ${table} r
   WHERE r.tenant_id = $1 AND r.id = $2`,
      isLookUp: true,
    },
    [options.tenantId, id],
  );
  const [stored] = await withMembership(db, rows.map(toStored(options)), options);
  return stored;
}

/** Those of these that the tenant has, by id, without members or groups. */
export async function findResources(
  db: Database,
  ids: readonly string[],
  { tenantId, type }: Omit<ReadOptions, "withMembers">,
): Promise<ReadonlyMap<string, Stored>> {
  if (ids.length === 0) return new Map();
  const table = TABLES[type];
  const rows = await db.query<RawRow>(
    {
      name: `find-many-${table}`,
      text: `
  SELECT r.id, r.version, r.created_at, r.updated_at, r.resource
    FROM ${table} r
   WHERE r.tenant_id = $1 AND r.id = ANY($2::uuid[])`,
    },
    [tenantId, ids],
  );
  return new Map(rows.map((row) => [row.id, toStored({ type, withMembers: false })(row)]));
}

/**
 * @param options - `withMembers`: whether the rows' `held` was asked for
 * @returns a function from the columns that reads select to the resource
 */
export function toStored({
  type,
  withMembers,
}: Pick<ReadOptions, "type" | "withMembers">): (row: RawRow) => Stored {
  const withGroups = type === "User" && withMembers;
  return ({ id, version, created_at, updated_at, resource, held }) => ({
    type,
    id,
    version: Number(version),
    created: created_at.toISOString(),
    lastModified: updated_at.toISOString(),
    resource,
    ...(withGroups && held?.isNested !== true && { groups: held?.direct.map(directView) ?? [] }),
  });
}

function directView({ value, display }: HeldGroups["direct"][number]): GroupView {
  return { value, type: "direct", ...(display !== null && { display }) };
}

/**
 * Adds members to groups, or groups to users that came without, where they are wanted. A group that was changed since it was read is
 * shown as it is now, so that its version and its members are of one moment; one that was deleted is left out.
 */
export async function withMembership(
  db: Database,
  resources: readonly Stored[],
  { type, tenantId, withMembers, membersMax }: ReadOptions,
): Promise<readonly Stored[]> {
  if (!withMembers || resources.length === 0) return resources;
  if (type === "Group") {
    const groups = await readMembers(db, { tenantId, groups: resources, membersMax });
    return resources.flatMap((stored) => {
      const group = groups.get(stored.id);
      if (!group) return [];
      const { now = stored, members } = group;
      if (membersMax === undefined || members.length <= membersMax) return [{ ...now, members }];
      return [{ ...now, members: members.slice(0, membersMax), hasMoreMembers: true }];
    });
  }
  const without = resources.filter(({ groups }) => groups === undefined).map(({ id }) => id);
  if (without.length === 0) return resources;
  const found = await readGroups(db, tenantId, without);
  return resources.map((stored) => ({ ...stored, groups: stored.groups ?? found.get(stored.id) ?? [] }));
}

interface MembersRequest {
  readonly tenantId: string;
  readonly groups: readonly Stored[];
  readonly membersMax: number | undefined;
}

// One statement, so one moment: where the group is no longer as it was read, it comes along.
const MEMBERS = `
  SELECT o.id AS "ownerId", m.member_id AS value, m.member_type AS type,
         coalesce(u.resource ->> 'displayName', u.resource ->> 'userName', g.resource ->> 'displayName') AS display,
         CASE WHEN o.version <> wanted.version
              THEN json_build_object('id', o.id, 'version', o.version, 'created_at', o.created_at,
                                     'updated_at', o.updated_at, 'resource', o.resource)
          END AS now
    FROM unnest($2::uuid[], $3::bigint[]) AS wanted (group_id, version)
    JOIN groups o ON o.tenant_id = $1 AND o.id = wanted.group_id
    LEFT JOIN LATERAL (
           SELECT member_id, member_type
             FROM group_members
            WHERE tenant_id = $1 AND group_id = wanted.group_id
            ORDER BY member_id
            LIMIT $4
         ) m ON true
    LEFT JOIN users u ON m.member_type = 'User' AND u.tenant_id = $1 AND u.id = m.member_id
    LEFT JOIN groups g ON m.member_type = 'Group' AND g.tenant_id = $1 AND g.id = m.member_id
   ORDER BY o.id, m.member_id`;

interface MemberRow {
  readonly ownerId: string;
  /** Null where the group has no member. */
  readonly value: string | null;
  readonly type: ResourceType;
  readonly display: string | null;
  readonly now:
    (Omit<RawRow, "created_at" | "updated_at"> & Record<"created_at" | "updated_at", string>) | null;
}

interface MembersOfGroup {
  /** The group where it is another version by now. */
  readonly now: Stored | undefined;
  readonly members: MemberView[];
}

/** One member more than the most, to know whether there are more. */
async function readMembers(
  db: Database,
  { tenantId, groups, membersMax }: MembersRequest,
): Promise<ReadonlyMap<string, MembersOfGroup>> {
  const rows = await db.query<MemberRow>({ name: "read-members", text: MEMBERS }, [
    tenantId,
    groups.map(({ id }) => id),
    groups.map(({ version }) => version),
    membersMax === undefined ? null : membersMax + 1,
  ]);
  const byOwner = new Map<string, MembersOfGroup>();
  for (const { ownerId, display, value, type, now } of rows) {
    const owner = byOwner.get(ownerId) ?? { now: now ? groupOf(now) : undefined, members: [] };
    byOwner.set(ownerId, owner);
    if (value !== null) owner.members.push({ value, type, ...(display !== null && { display }) });
  }
  return byOwner;
}

function groupOf({ created_at, updated_at, ...row }: NonNullable<MemberRow["now"]>): Stored {
  return toStored({ type: "Group", withMembers: true })({
    ...row,
    created_at: new Date(created_at),
    updated_at: new Date(updated_at),
  });
}

// Upwards from the users; UNION ends where a membership is met again.
const GROUPS = `
  WITH RECURSIVE held (owner_id, group_id, is_direct) AS (
         SELECT m.member_id, m.group_id, true
           FROM group_members m
          WHERE m.tenant_id = $1 AND m.member_id = ANY($2::uuid[])
          UNION
         SELECT h.owner_id, m.group_id, false
           FROM held h
           JOIN group_members m ON m.tenant_id = $1 AND m.member_id = h.group_id
       )
  SELECT h.owner_id AS "ownerId", h.group_id AS value, bool_or(h.is_direct) AS "isDirect",
         g.resource ->> 'displayName' AS display
    FROM held h
    JOIN groups g ON g.tenant_id = $1 AND g.id = h.group_id
   GROUP BY h.owner_id, h.group_id, g.resource ->> 'displayName'
   ORDER BY h.owner_id, h.group_id`;

const DIRECT_GROUPS = `
  SELECT m.member_id AS "ownerId", m.group_id AS value, true AS "isDirect", g.resource ->> 'displayName' AS display,
         ${IN_A_GROUP} AS "isNested"
    FROM group_members m
    JOIN groups g ON g.tenant_id = $1 AND g.id = m.group_id
   WHERE m.tenant_id = $1 AND m.member_id = ANY($2::uuid[])
   ORDER BY m.member_id, m.group_id`;

interface GroupRow {
  readonly ownerId: string;
  readonly value: string;
  readonly isDirect: boolean;
  readonly display: string | null;
}

/** The groups that users are in, directly or through other groups. @returns groups by user id */
export async function readGroups(
  db: Database,
  tenantId: string,
  userIds: readonly string[],
): Promise<ReadonlyMap<string, GroupView[]>> {
  const values = [tenantId, userIds];
  const direct = await db.query<GroupRow & { readonly isNested: boolean }>(
    { name: "read-direct-groups", text: DIRECT_GROUPS },
    values,
  );
  const rows = direct.some(({ isNested }) => isNested)
    ? await db.query<GroupRow>({ name: "read-groups", text: GROUPS }, values)
    : direct;
  const byOwner = new Map<string, GroupView[]>();
  for (const { ownerId, value, isDirect, display } of rows) {
    const type = isDirect ? "direct" : "indirect";
    push(byOwner, ownerId, { value, type, ...(display !== null && { display }) });
  }
  return byOwner;
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}
