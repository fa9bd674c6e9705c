/** Users and groups as somebody looks for them: by name, e-mail, externalId, id, or the correlation id of a request. */
import { fold } from "../scim/index.ts";
import type { Database } from "./database.ts";
import { isResourceId } from "./members.ts";

export interface Found {
  readonly type: "User" | "Group";
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  /** Null for a group. */
  readonly active: boolean | null;
}

const SHOWN_MAX = 25;

// From the name on, in the index's order: what begins with it comes first, whatever the collation.
const BY_TEXT = `
  SELECT 'User' AS type, u.id, u.resource ->> 'userName' AS name, u.external_id AS "externalId", u.active
    FROM (
           (SELECT id FROM (
              SELECT id, user_name_key FROM users
               WHERE tenant_id = $1 AND user_name_key >= $2 ORDER BY user_name_key LIMIT ${SHOWN_MAX}) near
             WHERE starts_with(user_name_key, $2))
           UNION
           (SELECT id FROM users WHERE tenant_id = $1 AND external_id = $3 LIMIT ${SHOWN_MAX})
           UNION
           (SELECT id FROM users
             WHERE tenant_id = $1
               AND search @> jsonb_build_object('emails', jsonb_build_array(jsonb_build_object('value', $2::text)))
             LIMIT ${SHOWN_MAX})
         ) hit
    JOIN users u ON u.tenant_id = $1 AND u.id = hit.id
   UNION ALL
  SELECT 'Group', g.id, g.resource ->> 'displayName', g.external_id, NULL
    FROM (
           (SELECT id FROM (
              SELECT id, display_name_key FROM groups
               WHERE tenant_id = $1 AND display_name_key >= $2 ORDER BY display_name_key LIMIT ${SHOWN_MAX}) near
             WHERE starts_with(display_name_key, $2))
           UNION
           (SELECT id FROM groups WHERE tenant_id = $1 AND external_id = $3 LIMIT ${SHOWN_MAX})
         ) hit
    JOIN groups g ON g.tenant_id = $1 AND g.id = hit.id
   ORDER BY type DESC, name, id
   LIMIT ${SHOWN_MAX}`;

const BY_ID = `
  SELECT 'User' AS type, id, resource ->> 'userName' AS name, external_id AS "externalId", active
    FROM users WHERE tenant_id = $1 AND id = ANY ($2::uuid[])
   UNION ALL
  SELECT 'Group', id, resource ->> 'displayName', external_id, NULL
    FROM groups WHERE tenant_id = $1 AND id = ANY ($2::uuid[])`;

// A correlation id holds the time of its request, and a write's id that of its submission, moments later: a range of
// the ledger's key, so that the ledger needs no index by correlation id.
const BY_CORRELATION = `
  SELECT resource_id AS id
    FROM writes
   WHERE tenant_id = $1 AND write_id BETWEEN $2 AND $3 AND correlation_id = $4 AND resource_id IS NOT NULL
   LIMIT ${SHOWN_MAX}`;
const SUBMITTED_WITHIN_MS = 30_000;

export async function findPeople(db: Database, tenantId: string, text: string): Promise<readonly Found[]> {
  const byText = await db.query<Found>(BY_TEXT, [tenantId, fold(text), text]);
  const id = text.toLowerCase();
  if (!isResourceId(id)) return byText;
  const written = await db.query<{ id: string }>(BY_CORRELATION, [tenantId, ...idsAround(id), id]);
  const byId = await db.query<Found>(BY_ID, [tenantId, [id, ...written.map((write) => write.id)]]);
  const known = new Set(byText.map((found) => found.id));
  return [...byText, ...byId.filter((found) => !known.has(found.id))];
}

function idsAround(id: string): [string, string] {
  const time = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
  const bound = (milliseconds: number, rest: string): string => {
    const hex = Math.max(0, Math.min(milliseconds, 0xffff_ffff_ffff)).toString(16).padStart(12, "0");
    return `${hex.slice(0, 8)}-${hex.slice(8)}-${rest}`;
  };
  return [
    bound(time - 1_000, "0000-0000-000000000000"),
    bound(time + SUBMITTED_WITHIN_MS, "ffff-ffff-ffffffffffff"),
  ];
}
