/**
 * What Postgres knows of people who want to log in. One statement answers many checks and authenticates them as well:
 * keys are looked up in the statement that looks up the people, so an answer is as true as the moment it was read.
 */
import { fold } from "../scim/index.ts";
import type { Database } from "./database.ts";
import type { Choice } from "./login-gates.ts";
import { rolesOf } from "./role-mappings.ts";

/** By what a person is looked up. */
export type LoginField = "userName" | "email" | "externalId";

export interface LoginQuestion {
  readonly keyHash: Buffer;
  readonly value: string;
}

export interface LoginFacts {
  readonly tenantId: string;
  readonly tenantSlug: string;
  readonly keyId: string;
  /** An identity provider is connected. */
  readonly isConnected: boolean;
  /** Who is not provisioned is turned away. */
  readonly isEnforced: boolean;
  readonly whenOff: Choice;
  readonly whenUnreachable: Choice;
  readonly isExempt: boolean;
  /** How many users have this value. */
  readonly found: number;
  /** Of the one user that has it. */
  readonly userId: string | null;
  readonly active: boolean | null;
  /** Of a user who is active; null where the tenant maps no group to a role. */
  readonly roles: readonly string[] | null;
}

// The first is unique, the others need not be.
const MATCHES: Readonly<Record<LoginField, string>> = {
  userName: "u.user_name_key = q.value",
  externalId: "u.external_id = q.value",
  email: "u.search @> jsonb_build_object('emails', jsonb_build_array(jsonb_build_object('value', q.value)))",
};

// An aggregate instead of LIMIT 2: with a limit the planner believes that reading the tenant's users until two fit is
// cheaper than the index on `search`, since it guesses that one in a thousand fits. The limits of the sub-selects keep
// them from becoming hashed sub-plans, and their order keeps them on an index, where a tenant has no such row at all.
function statementFor(field: LoginField): string {
  return `
  WITH keys AS MATERIALIZED (
         SELECT h.n, k.tenant_id, k.id AS key_id, t.slug,
                (SELECT true FROM connections c
                  WHERE c.tenant_id = k.tenant_id AND c.disconnected_at IS NULL LIMIT 1) AS is_connected,
                CASE coalesce(g.enforcement, 'automatic')
                  WHEN 'enforced' THEN true
                  WHEN 'held' THEN g.enforce_at <= now()
                  ELSE (SELECT true FROM users u WHERE u.tenant_id = k.tenant_id ORDER BY u.tenant_id, u.id LIMIT 1)
                       OR (SELECT true FROM cycles c
                            WHERE c.tenant_id = k.tenant_id AND c.users_created > 0
                            ORDER BY c.tenant_id, c.connection_id LIMIT 1)
                END AS is_enforced,
                (SELECT true FROM role_mappings r WHERE r.tenant_id = k.tenant_id
                  ORDER BY r.tenant_id, r.role LIMIT 1) AS has_roles,
                coalesce(g.when_off, 'allow') AS when_off,
                coalesce(g.when_unreachable, 'refuse') AS when_unreachable
           FROM unnest($1::bytea[]) WITH ORDINALITY AS h (key_hash, n)
           JOIN product_keys k ON k.key_hash = h.key_hash
           JOIN tenants t ON t.id = k.tenant_id
           LEFT JOIN login_gates g ON g.tenant_id = k.tenant_id
          WHERE k.revoked_at IS NULL
            AND (k.expires_at IS NULL OR k.expires_at > now())
       )
  SELECT q.position::int AS position, k.tenant_id AS "tenantId", k.slug AS "tenantSlug", k.key_id AS "keyId",
         coalesce(k.is_connected, false) AS "isConnected", coalesce(k.is_enforced, false) AS "isEnforced",
         k.when_off AS "whenOff", k.when_unreachable AS "whenUnreachable",
         coalesce((SELECT true FROM login_exemptions e
                    WHERE e.tenant_id = k.tenant_id AND e.login_key IN (${field === "externalId" ? "" : "q.value, "}m.user_name_key)
                    LIMIT 1), false) AS "isExempt",
         m.found, m.user_id AS "userId", m.active,
         CASE WHEN k.has_roles THEN
           CASE WHEN m.found = 1 AND m.active THEN ${rolesOf({ tenantId: "k.tenant_id", memberId: "m.user_id::uuid" })}
                ELSE '{}' END
         END AS roles
    FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS q (key_n, value, position)
    JOIN keys k ON k.n = q.key_n
   CROSS JOIN LATERAL (
           SELECT count(*)::int AS found, min(u.id::text) AS user_id, bool_or(u.active) AS active,
                  min(u.user_name_key) AS user_name_key
             FROM users u
            WHERE u.tenant_id = k.tenant_id AND ${MATCHES[field]}
         ) m`;
}

const STATEMENTS = Object.fromEntries(
  (["userName", "email", "externalId"] as const).map((field) => [
    field,
    { name: `check-logins-${field}`, text: statementFor(field) },
  ]),
) as Readonly<Record<LoginField, { readonly name: string; readonly text: string }>>;

/** @returns what is known, in the order of the questions; undefined where the key opens nothing */
export async function readLoginFacts(
  db: Database,
  field: LoginField,
  questions: readonly LoginQuestion[],
): Promise<readonly (LoginFacts | undefined)[]> {
  const keys = new Map<string, number>();
  const hashes: Buffer[] = [];
  const keyNumbers = questions.map(({ keyHash }) => {
    const text = keyHash.toString("latin1");
    const known = keys.get(text);
    if (known !== undefined) return known;
    const number = hashes.push(keyHash);
    keys.set(text, number);
    return number;
  });
  const values = questions.map(({ value }) => comparable(field, value));
  const rows = await db.query<LoginFacts & { readonly position: number }>(STATEMENTS[field], [
    hashes,
    keyNumbers,
    values,
  ]);
  const facts = new Array<LoginFacts | undefined>(questions.length).fill(undefined);
  for (const row of rows) facts[row.position - 1] = row;
  return facts;
}

/** As SCIM compares them: letter case does not count in names and addresses, and does in external ids. */
function comparable(field: LoginField, value: string): string {
  return field === "externalId" ? value : fold(value);
}
