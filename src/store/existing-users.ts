/**
 * People whom the product knew before its tenant's directory was connected. Each is matched with the one user of the
 * directory who is that person, so that it can be seen, before the gate closes, who would be turned away.
 */
import { newId } from "../platform/ids.ts";
import { fold } from "../scim/index.ts";
import type { Database, Transaction } from "./database.ts";
import { overWhole } from "./over-whole.ts";
import { type MatchedBy, matching, readingWhole } from "./matching.ts";

export interface ExistingUser {
  /** The product's own id. */
  readonly id: string;
  readonly userName?: string | undefined;
  readonly email?: string | undefined;
  readonly externalId?: string | undefined;
  readonly displayName?: string | undefined;
}

export const MATCH_STATES = [
  "matched",
  "deactivated",
  "ambiguous",
  "duplicate",
  "incomplete",
  "unmatched",
] as const;
export type MatchState = (typeof MATCH_STATES)[number];

export interface MatchedUser {
  readonly id: string;
  readonly userName: string | null;
  readonly email: string | null;
  readonly externalId: string | null;
  readonly displayName: string | null;
  readonly state: MatchState;
  readonly matchedBy: Exclude<MatchedBy, "userId"> | null;
  /** The user of the directory who is this person. */
  readonly userId: string | null;
  /** When a write of the identity provider made this person that user. */
  readonly adoptedAt: Date | null;
}

const STORE = `
  INSERT INTO existing_users (tenant_id, existing_id, user_name, email, external_id, display_name, user_name_key, email_key,
                              resource_id)
  SELECT $1, r.id, r."userName", r.email, r."externalId", r."displayName", r."userNameKey", r."emailKey",
         r."resourceId"
    FROM json_to_recordset($2::json)
      AS r (id text, "userName" text, email text, "externalId" text, "displayName" text, "userNameKey" text, "emailKey" text,
            "resourceId" uuid)
   ORDER BY r.id
      ON CONFLICT (tenant_id, existing_id) DO UPDATE
     SET user_name = excluded.user_name, email = excluded.email, external_id = excluded.external_id,
         display_name = excluded.display_name, user_name_key = excluded.user_name_key,
         email_key = excluded.email_key, imported_at = now()`;

/** Stores people or replaces what was known of them; of one id the last entry counts. They are not matched yet. */
export async function storeExistingUsers(
  tx: Transaction,
  tenantId: string,
  users: readonly ExistingUser[],
): Promise<void> {
  // A person who is known already keeps the id that it has.
  const rows = new Map(users.map((user) => [user.id, { ...normalized(user), resourceId: newId() }]));
  await tx.query({ name: "store-existing-users", text: STORE }, [
    tenantId,
    JSON.stringify([...rows.values()]),
  ]);
}

/** Without the spaces around, and without what is empty. */
export function normalized({ id, ...fields }: ExistingUser): object {
  const trimmed = (text: string | undefined): string | null => text?.trim() || null;
  const [userName, email] = [trimmed(fields.userName), trimmed(fields.email)];
  return {
    ...{ id, userName, email },
    externalId: trimmed(fields.externalId),
    displayName: trimmed(fields.displayName),
    userNameKey: userName && fold(userName),
    emailKey: email && fold(email),
  };
}

// Once the user of who was adopted is deleted, the person is offered again under another id.
const MATCH = `
  WITH ${matching({
    people: "existing_users e WHERE e.tenant_id = $1",
    known: `SELECT e.existing_id, u.id, u.active, 0
           FROM existing_users e JOIN users u ON u.tenant_id = $1 AND u.id = e.user_id
          WHERE e.tenant_id = $1 AND e.adopted_at IS NOT NULL`,
    columns: ["adopted_at", "user_id AS known_id"],
  })},
       stated AS (
         SELECT existing_id, user_id, adopted_at, matched_by,
                adopted_at IS NOT NULL AND known_id IS NOT NULL AND rank IS DISTINCT FROM 0 AS was_deleted,
                CASE WHEN is_incomplete THEN 'incomplete'
                     WHEN is_duplicate THEN 'duplicate'
                     WHEN found > 1 THEN 'ambiguous'
                     WHEN found IS NULL THEN 'unmatched'
                     WHEN active THEN 'matched'
                     ELSE 'deactivated' END AS state
           FROM decided
       )
  UPDATE existing_users e
     SET state = s.state, matched_by = s.matched_by, user_id = s.user_id,
         adopted_at = CASE WHEN NOT s.was_deleted THEN e.adopted_at END,
         resource_id = CASE WHEN s.was_deleted THEN gen_random_uuid() ELSE e.resource_id END
    FROM stated s
   WHERE e.tenant_id = $1
     AND e.existing_id = s.existing_id
     -- Whoever was adopted since the look at the directory is left to the next matching.
     AND e.adopted_at IS NOT DISTINCT FROM s.adopted_at
     AND (e.state, e.matched_by, e.user_id) IS DISTINCT FROM (s.state, s.matched_by, s.user_id)`;

/** Matches all of a tenant's existing users anew with its directory as it is. */
export async function matchExistingUsers(tx: Transaction, tenantId: string): Promise<void> {
  // Two matchings at once would wait for each other's rows in a ring.
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('existing_users ' || $1, 0))", [tenantId]);
  await readingWhole(tx, (patient) => patient.query(MATCH, [tenantId]));
}

/** Those of these tenants who have existing users. */
export async function tenantsWithExistingUsers(
  db: Database,
  tenantIds: readonly string[],
): Promise<readonly string[]> {
  const rows = await db.query<{ id: string }>(
    `SELECT t.id
       FROM unnest($1::uuid[]) AS t (id)
      WHERE (SELECT true FROM existing_users e WHERE e.tenant_id = t.id LIMIT 1)`,
    [tenantIds],
  );
  return rows.map(({ id }) => id);
}

/** How many are in each state; and those whom an enforced gate would turn away. */
export type MatchSummary = Readonly<
  Record<MatchState | "total" | "adopted" | "withoutEmail" | "wouldLoseAccess", number>
>;

export async function summarizeExistingUsers(db: Database, tenantId: string): Promise<MatchSummary> {
  type Row = { state: MatchState; people: number; adopted: number; withoutEmail: number; keep: number };
  const rows = await db.query<Row>(
    `SELECT state, count(*)::int AS people, count(*) FILTER (WHERE email_key IS NULL)::int AS "withoutEmail",
            count(*) FILTER (WHERE adopted_at IS NOT NULL AND user_id IS NOT NULL)::int AS adopted,
            -- Duplicates keep their access as the user whom they are, where there is one.
            count(*) FILTER (WHERE state = 'matched' OR (state = 'duplicate' AND user_id IS NOT NULL AND EXISTS (
              SELECT FROM users u WHERE u.tenant_id = $1 AND u.id = e.user_id AND u.active)))::int AS keep
       FROM existing_users e
      WHERE tenant_id = $1
      GROUP BY state`,
    [tenantId],
  );
  const of = (state: MatchState): number => rows.find((row) => row.state === state)?.people ?? 0;
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const total = sum(rows.map(({ people }) => people));
  return {
    total,
    ...(Object.fromEntries(MATCH_STATES.map((state) => [state, of(state)])) as Record<MatchState, number>),
    adopted: sum(rows.map(({ adopted }) => adopted)),
    withoutEmail: sum(rows.map(({ withoutEmail }) => withoutEmail)),
    wouldLoseAccess: total - sum(rows.map(({ keep }) => keep)),
  };
}

export interface ExistingUsersQuery {
  readonly tenantId: string;
  /** Of these states; all where there is none. */
  readonly states: readonly MatchState[];
  /** Only those whose id comes after this one. */
  readonly after: string;
  readonly limit: number;
}

/** A page of people, by the product's id. */
export async function listExistingUsers(
  db: Database,
  { tenantId, states, after, limit }: ExistingUsersQuery,
): Promise<readonly MatchedUser[]> {
  return db.query<MatchedUser>(
    `SELECT existing_id AS id, user_name AS "userName", email, external_id AS "externalId",
            display_name AS "displayName", state, matched_by AS "matchedBy", user_id AS "userId",
            adopted_at AS "adoptedAt"
       FROM existing_users
      WHERE tenant_id = $1 AND existing_id > $2 AND state = ANY ($3::text[])
      ORDER BY existing_id
      LIMIT $4`,
    [tenantId, after, states.length === 0 ? MATCH_STATES : states, limit],
  );
}

/** @returns how many there were */
export async function forgetExistingUsers(tx: Transaction, tenantId: string): Promise<number> {
  const rows = await overWhole(tx, (patient) =>
    patient.query<{ people: number }>(
      `WITH gone AS (DELETE FROM existing_users WHERE tenant_id = $1 RETURNING existing_id)
       SELECT count(*)::int AS people FROM gone`,
      [tenantId],
    ),
  );
  return rows[0]?.people ?? 0;
}
