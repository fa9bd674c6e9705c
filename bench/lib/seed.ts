/** Directories that were there before: put into the tables by one statement, as the service would have stored them. */
import type { DatabasePool } from "../../src/store/database.ts";

const SEED = `
  INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
  SELECT $1, gen_random_uuid(), name, 'external-' || n, true,
         jsonb_build_object('schemas', jsonb_build_array('urn:ietf:params:scim:schemas:core:2.0:User'),
                            'userName', name, 'externalId', 'external-' || n, 'active', true, 'title', 'Analyst',
                            'emails', jsonb_build_array(jsonb_build_object('value', name, 'type', 'work'))),
         jsonb_build_object('username', name, 'externalid', 'external-' || n, 'active', true, 'title', 'analyst',
                            'emails', jsonb_build_array(jsonb_build_object('value', name, 'type', 'work'))),
         1, now(), now()
    FROM generate_series($2::int, $3::int) AS n, LATERAL (SELECT 'seed-' || n || '@bench.example' AS name) named`;

// A statement has a minute; an index on many keys makes a hundred thousand rows take seconds.
const STEP = 50_000;

/** Adds users number `from` to `to`. */
export async function seedUsers(
  { database, tenantId }: { readonly database: DatabasePool; readonly tenantId: string },
  from: number,
  to: number,
): Promise<void> {
  for (let first = from; first <= to; first += STEP) {
    await database.query(SEED, [tenantId, first, Math.min(to, first + STEP - 1)]);
  }
  await database.query("ANALYZE users");
}

export async function someUsers(
  { database, tenantId }: { readonly database: DatabasePool; readonly tenantId: string },
  limit: number,
): Promise<{ readonly userIds: readonly string[]; readonly userNames: readonly string[] }> {
  const rows = await database.query<{ id: string; name: string }>(
    "SELECT id, user_name_key AS name FROM users WHERE tenant_id = $1 ORDER BY id LIMIT $2",
    [tenantId, limit],
  );
  return { userIds: rows.map(({ id }) => id), userNames: rows.map(({ name }) => name) };
}
