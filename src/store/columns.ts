/** SCIM attribute → SQL expression, for the filter compiler: nothing a client writes becomes a column. */
import type { IdColumn, ResourceType, SqlColumns } from "../scim/index.ts";
import { isResourceId } from "./members.ts";

/** Expressions over a row `r` of `users` or `groups`. */
export const COLUMNS: Readonly<Record<ResourceType, SqlColumns>> = {
  User: columns({
    extracted: new Map([
      ["username", "r.user_name_key"],
      ["externalid", "r.external_id"],
    ]),
    // A user's groups: rows in which it is the member.
    membership: {
      value: idColumn("m.group_id"),
      exists: (condition) =>
        `EXISTS (SELECT FROM group_members m WHERE m.tenant_id = r.tenant_id AND m.member_id = r.id AND (${condition}))`,
    },
  }),
  Group: columns({
    extracted: new Map([
      ["displayname", "r.display_name_key"],
      ["externalid", "r.external_id"],
    ]),
    membership: {
      value: idColumn("m.member_id"),
      exists: (condition) =>
        `EXISTS (SELECT FROM group_members m WHERE m.tenant_id = r.tenant_id AND m.group_id = r.id AND (${condition}))`,
    },
  }),
};

function columns(own: Pick<SqlColumns, "extracted" | "membership">): SqlColumns {
  return {
    id: idColumn("r.id"),
    created: "r.created_at",
    lastModified: "r.updated_at",
    search: "r.search",
    ...own,
  };
}

/** A client may compare an id with any text; what is no UUID is no id of ours, which needs no look at the table. */
function idColumn(column: string): IdColumn {
  return {
    text: `${column}::text`,
    equals: (value, bind) => (isResourceId(value) ? `${column} = ${bind(value)}::uuid` : "FALSE"),
  };
}
