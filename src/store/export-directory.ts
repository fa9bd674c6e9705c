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

const USERS_AT_ONCE = 1_000;
// A group may have a hundred thousand members.
const GROUPS_AT_ONCE = 20;

/** The file's text, a page of the directory at a time: nothing of it is kept, however large the directory is. */
export async function* exportDirectory(
  db: Database,
  tenantId: string,
  format: ExportFormat,
): AsyncGenerator<string> {
  const users = pagesOf<Row>(db, tenantId, { text: USERS, size: USERS_AT_ONCE });
  if (format === "csv") {
    yield csvLine(COLUMNS);
    for await (const page of users) yield page.map((user) => csvLine(lineOf(user))).join("");
    return;
  }
  const groups = pagesOf<GroupRow>(db, tenantId, { text: GROUPS, size: GROUPS_AT_ONCE });
  if (format === "json") {
    yield '{\n  "users": ';
    yield* listOf(users, shownOf);
    yield ',\n  "groups": ';
    yield* listOf(groups, groupOf);
    yield "\n}\n";
    return;
  }
  yield `{\n  "schemas": ${JSON.stringify([URNS.bulkRequest])},\n  "Operations": `;
  yield* listOf(chain<Row | GroupRow>(users, groups), operationFor);
  yield "\n}\n";
}

/** A list as JSON.stringify would indent it inside of an object. */
async function* listOf<Item>(
  pages: AsyncIterable<readonly Item[]>,
  shown: (item: Item) => object,
): AsyncGenerator<string> {
  let isEmpty = true;
  for await (const page of pages) {
    const texts = page.map((item) => JSON.stringify(shown(item), undefined, 2).replaceAll("\n", "\n    "));
    if (texts.length === 0) continue;
    yield `${isEmpty ? "[" : ","}\n    ${texts.join(",\n    ")}`;
    isEmpty = false;
  }
  yield isEmpty ? "[]" : "\n  ]";
}

async function* chain<Item>(
  ...all: readonly AsyncIterable<readonly Item[]>[]
): AsyncGenerator<readonly Item[]> {
  for (const pages of all) yield* pages;
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

async function* pagesOf<Found extends Row>(
  db: Database,
  tenantId: string,
  { text, size }: { readonly text: string; readonly size: number },
): AsyncGenerator<readonly Found[]> {
  for (let after: string | null = null; ;) {
    const page: readonly Found[] = await db.query<Found>(text, [tenantId, after, size]);
    yield page;
    if (page.length < size) return;
    after = page.at(-1)?.id ?? null;
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

/** Ids are those of the one who takes it in: members refer to the users of the same request. */
function operationFor(row: Row | GroupRow): object {
  const { id: bulkId, resource } = row;
  if (!("members" in row))
    return { ...POST, path: "/Users", bulkId, data: { schemas: schemasOf(resource), ...resource } };
  const members = row.members.map(({ value, type }) => ({ value: `bulkId:${value}`, type }));
  return { ...POST, path: "/Groups", bulkId, data: { schemas: [URNS.group], ...resource, members } };
}

const POST = { method: "POST" } as const;
