/** A tenant's directory as a file, for whoever takes it elsewhere: CSV, JSON, or a SCIM bulk request. */
import { csvLine } from "../platform/csv.ts";
import { type Resource, URNS } from "../scim/index.ts";
import type { Database } from "./database.ts";

export const EXPORT_FORMATS = ["csv", "json", "bulk"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

interface Row {
  readonly id: string;
  readonly resource: Resource;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
interface GroupRow extends Row {
  readonly members: readonly { readonly value: string; readonly type: string }[];
}

const PAGE = 1_000;

/** @returns the file's text */
export async function exportDirectory(db: Database, tenantId: string, format: ExportFormat): Promise<string> {
  const users = await readAll<Row>(db, tenantId, USERS);
  if (format === "csv") return [COLUMNS, ...users.map(lineOf)].map(csvLine).join("");
  const groups = await readAll<GroupRow>(db, tenantId, GROUPS);
  if (format === "json")
    return `${JSON.stringify({ users: users.map(shownOf), groups: groups.map(groupOf) }, undefined, 2)}\n`;
  // Ids are those of the one who takes it in: members refer to the users of the same request.
  const Operations = [
    ...users.map(({ id, resource }) =>
      operationOf("/Users", id, { schemas: schemasOf(resource), ...resource }),
    ),
    ...groups.map(({ id, resource, members }) =>
      operationOf("/Groups", id, {
        schemas: [URNS.group],
        ...resource,
        members: members.map(({ value, type }) => ({ value: `bulkId:${value}`, type })),
      }),
    ),
  ];
  return `${JSON.stringify({ schemas: [URNS.bulkRequest], Operations }, undefined, 2)}\n`;
}

const USERS = `
  SELECT u.id, u.resource, u.created_at AS "createdAt", u.updated_at AS "updatedAt"
    FROM users u
   WHERE u.tenant_id = $1 AND ($2::uuid IS NULL OR u.id > $2)
   ORDER BY u.id
   LIMIT $3`;
const GROUPS = `
  SELECT g.id, g.resource, g.created_at AS "createdAt", g.updated_at AS "updatedAt",
         coalesce((SELECT json_agg(json_build_object('value', m.member_id, 'type', m.member_type) ORDER BY m.member_id)
                     FROM group_members m
                    WHERE m.tenant_id = g.tenant_id AND m.group_id = g.id), '[]') AS members
    FROM groups g
   WHERE g.tenant_id = $1 AND ($2::uuid IS NULL OR g.id > $2)
   ORDER BY g.id
   LIMIT $3`;

async function readAll<Found extends Row>(
  db: Database,
  tenantId: string,
  statement: string,
): Promise<readonly Found[]> {
  const rows: Found[] = [];
  for (;;) {
    const page = await db.query<Found>(statement, [tenantId, rows.at(-1)?.id ?? null, PAGE]);
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
}

const COLUMNS = [
  "id",
  "userName",
  "externalId",
  "displayName",
  "active",
  "emails",
  "productId",
  "created",
  "changed",
];

function lineOf({ id, resource, createdAt, updatedAt }: Row): readonly unknown[] {
  const { userName, externalId, displayName, active, emails } = resource;
  const addresses = Array.isArray(emails) ? (emails as { value?: unknown }[]).map(({ value }) => value) : [];
  const product = resource[URNS.productUser] as { readonly productId?: unknown } | undefined;
  return [
    ...[id, userName, externalId, displayName, active !== false, addresses.join(" "), product?.productId],
    ...[createdAt.toISOString(), updatedAt.toISOString()],
  ];
}

function shownOf({ id, resource, createdAt, updatedAt }: Row): object {
  const meta = { created: createdAt.toISOString(), lastModified: updatedAt.toISOString() };
  return { schemas: schemasOf(resource), id, ...resource, meta };
}

function groupOf(group: GroupRow): object {
  return { ...shownOf(group), schemas: [URNS.group], members: group.members };
}

function schemasOf(resource: Resource): readonly string[] {
  return [URNS.user, ...Object.keys(resource).filter((name) => name.toLowerCase().startsWith("urn:"))];
}

function operationOf(path: string, bulkId: string, data: object): object {
  return { method: "POST", path, bulkId, data };
}
