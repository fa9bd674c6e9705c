/**
 * A console's worth of a large installation: one tenant with all its users, cycles of 40 minutes up to now and a ledger of
 * what they wrote, by weeks as workers keep it; and many small tenants beside it.
 */
import type pg from "pg";
import { firstIdAt } from "../../src/platform/ids.ts";

export interface ConsoleSize {
  readonly users: number;
  readonly writes: number;
  readonly cycles: number;
  /** Of the others, each with a few cycles. */
  readonly tenants: number;
}

export interface SeededConsole {
  readonly tenantId: string;
  readonly slug: string;
  readonly connectionId: string;
  readonly cycleId: string;
  readonly userId: string;
  readonly userName: string;
  readonly groupId: string;
  readonly failedWriteId: string;
}

const TENANT = "01900000-0000-7000-8000-0000000000aa";
const CONNECTION = "01900000-0000-7000-8000-0000000000bb";
const BEAT_MS = 2_400_000;
const WEEK_MS = 7 * 86_400_000;
const MONDAY_MS = 4 * 86_400_000;
const GROUPS = 2_000;

/** Ids in the order of time, as UUIDv7 are. */
const idOf = (kind: string, n: string): string =>
  `('01900000-0000-7000-8${kind}00-' || lpad(to_hex(${n}), 12, '0'))::uuid`;

export async function seedLargeConsole(
  client: Pick<pg.Client, "query">,
  size: ConsoleSize,
): Promise<SeededConsole> {
  await client.query("SET synchronous_commit = off");
  await seedTenants(client, size);
  await seedDirectory(client, size);
  const firstBeat = Math.floor(Date.now() / BEAT_MS - size.cycles + 1) * BEAT_MS;
  await seedCycles(client, size, firstBeat);
  await seedWrites(client, size, firstBeat);
  await seedFailures(client);
  for (const table of [
    "users",
    "groups",
    "group_members",
    "member_changes",
    "writes",
    "cycles",
    "cycle_spans",
    "failures",
  ])
    await client.query(`ANALYZE ${table}`);
  const { rows } = await client.query<{ cycleId: string; failedWriteId: string }>(
    `SELECT (SELECT id FROM cycles WHERE tenant_id = $1 ORDER BY started_at DESC OFFSET 3 LIMIT 1) AS "cycleId",
            (SELECT write_id FROM failures WHERE tenant_id = $1 ORDER BY write_id DESC LIMIT 1) AS "failedWriteId"`,
    [TENANT],
  );
  const [found] = rows;
  if (!found) throw new Error("nothing was seeded");
  return {
    ...{ tenantId: TENANT, slug: "large", connectionId: CONNECTION, ...found },
    userId: "01900000-0000-7000-8100-000000000309",
    userName: "user777@large.example",
    groupId: "01900000-0000-7000-8200-000000000009",
  };
}

async function seedTenants(client: Pick<pg.Client, "query">, { tenants }: ConsoleSize): Promise<void> {
  await client.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'large', 'Large')", [TENANT]);
  await client.query("INSERT INTO connections (tenant_id, id, name) VALUES ($1, $2, 'Azure AD')", [
    TENANT,
    CONNECTION,
  ]);
  await client.query(
    `INSERT INTO tenants (id, slug, name) SELECT ${idOf("8", "n")}, 'small-' || n, 'Small ' || n
       FROM generate_series(1, $1::int) n`,
    [tenants],
  );
  await client.query(
    `INSERT INTO connections (tenant_id, id, name) SELECT ${idOf("8", "n")}, ${idOf("9", "n")}, 'Azure AD'
       FROM generate_series(1, $1::int) n`,
    [tenants],
  );
  await client.query(
    `INSERT INTO cycles (tenant_id, id, connection_id, kind, started_at, last_request_at, ended_at, requests, users_updated)
     SELECT ${idOf("8", "n")}, gen_random_uuid(), ${idOf("9", "n")}, 'incremental', at, at + interval '1 minute',
            at + interval '1 minute', 40, 12
       FROM generate_series(1, $1::int) n, generate_series(now() - interval '1 day', now(), interval '40 minutes') at`,
    [tenants],
  );
  await client.query(
    `INSERT INTO directory_totals (tenant_id, users_active, users_inactive, groups)
     SELECT id, 90, 10, 4 FROM tenants WHERE id <> $1`,
    [TENANT],
  );
}

async function seedDirectory(client: Pick<pg.Client, "query">, { users }: ConsoleSize): Promise<void> {
  await withoutIndexes(client, "users", () =>
    client.query(
      `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
       SELECT $1, ${idOf("1", "n")}, 'user' || n || '@large.example', 'ext-' || n, n % 50 <> 0,
              jsonb_build_object('userName', 'user' || n || '@large.example', 'displayName', 'User ' || n, 'active', n % 50 <> 0),
              jsonb_build_object('username', 'user' || n || '@large.example', 'externalid', 'ext-' || n,
                'displayname', 'user ' || n, 'active', n % 50 <> 0,
                'emails', jsonb_build_array(jsonb_build_object('value', 'mail' || n || '@large.example'))),
              1, now() - n * interval '1 second', now() - n * interval '1 second'
         FROM generate_series(1, $2::int) n`,
      [TENANT, users],
    ),
  );
  await client.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, resource, search, version, created_at, updated_at)
     SELECT $1, ${idOf("2", "n")}, 'group ' || n, jsonb_build_object('displayName', 'Group ' || n),
            jsonb_build_object('displayname', 'group ' || n), 1, now(), now()
       FROM generate_series(1, $2::int) n`,
    [TENANT, GROUPS],
  );
  await client.query(
    `INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
     SELECT $1, ${idOf("2", "1 + n % $2::int")}, ${idOf("1", "n")}, 'User' FROM generate_series(1, $3::int) n`,
    [TENANT, GROUPS, Math.ceil(users / 5)],
  );
  await client.query(
    `INSERT INTO member_changes (tenant_id, member_id, write_id, is_added)
     SELECT $1, ${idOf("1", "n")}, ${idOf("3", "n")}, true FROM generate_series(1, $2::int) n`,
    [TENANT, users],
  );
  await client.query(
    `INSERT INTO directory_totals (tenant_id, users_active, users_inactive, groups)
     SELECT $1, $2::int - $2::int / 50, $2::int / 50, $3`,
    [TENANT, users, GROUPS],
  );
}

async function seedCycles(
  client: Pick<pg.Client, "query">,
  { cycles, writes }: ConsoleSize,
  firstBeat: number,
): Promise<void> {
  const each = Math.floor(writes / cycles);
  await client.query(
    `INSERT INTO cycles (tenant_id, id, connection_id, kind, started_at, last_request_at, ended_at, requests, reads,
                         users_created, users_updated, users_deactivated, refused, request_kinds, writes)
     SELECT $1, ${idOf("a", "n")}, $2, CASE WHEN n = 1 THEN 'initial' ELSE 'incremental' END, at, at + interval '9 minutes',
            at + interval '9 minutes', 2 * $4, $4, $4 / 10, $4 * 8 / 10, $4 / 200, $4 / 100,
            jsonb_build_object('User.list', $4, 'User.patch', $4), jsonb_build_object('User.patch.applied', $4)
       FROM generate_series(1, $3::int) n
       CROSS JOIN LATERAL (SELECT to_timestamp($5::float8 / 1000) + n * interval '40 minutes' AS at) beat
      WHERE n < $3`,
    [TENANT, CONNECTION, cycles, each, firstBeat - BEAT_MS],
  );
  await client.query(
    `INSERT INTO cycle_timings (tenant_id, cycle_id, waits, commits, wait_max_ms, commit_max_ms)
     SELECT tenant_id, id, '{"20": 900, "30": 90}', '{"25": 990}', 120, 40 FROM cycles WHERE tenant_id = $1`,
    [TENANT],
  );
  await client.query(
    `INSERT INTO cycle_spans (tenant_id, cycle_id, starts_at, applied, unchanged, refused, faulted)
     SELECT tenant_id, id, started_at + s * interval '5 seconds', 40, 1, 1, 0
       FROM cycles, generate_series(0, 100) s WHERE tenant_id = $1`,
    [TENANT],
  );
}

/** Each week is filled beside the table and then attached, which builds its indexes. */
async function seedWrites(
  client: Pick<pg.Client, "query">,
  { users, writes, cycles }: ConsoleSize,
  firstBeat: number,
): Promise<void> {
  await client.query("ALTER TABLE writes DETACH PARTITION writes_old");
  await client.query("DROP TABLE writes_old");
  const each = Math.floor(writes / cycles);
  const firstWeek = Math.floor((firstBeat - MONDAY_MS) / WEEK_MS) * WEEK_MS + MONDAY_MS;
  for (let from = firstWeek; from < Date.now(); from += WEEK_MS) {
    const week = `writes_${new Date(from).toISOString().slice(0, 10).replaceAll("-", "")}`;
    await client.query(`CREATE TABLE ${week} (LIKE writes INCLUDING DEFAULTS INCLUDING CONSTRAINTS)`);
    await client.query(
      `INSERT INTO ${week} (tenant_id, write_id, connection_id, cycle_id, api_id, request_key, correlation_id, operation,
                            resource_type, resource_id, result, status, scim_type, code, detail, version, changed, changes,
                            attempts, requested_at, ended_at)
       SELECT $1, (lpad(to_hex(ms), 12, '0') || '7' || lpad(to_hex(w % 4096), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid,
              $2, ${idOf("a", "c")}, $2, md5(n::text)::uuid, md5('c' || n)::uuid::text, 'patch', 'User',
              ${idOf("1", "1 + n % $4")}, CASE WHEN n % 100 = 1 THEN 'refused' ELSE 'applied' END,
              CASE WHEN n % 100 = 1 THEN 400 ELSE 200 END, CASE WHEN n % 100 = 1 THEN 'invalidValue' END,
              CASE WHEN n % 100 = 1 THEN 'value-invalid' END, NULL, 2, '{title}',
              CASE WHEN n % 200 = 2 THEN '{"active": {"from": true, "to": false}}'::jsonb
                   ELSE '{"title": {"from": "Clerk", "to": "Head"}}'::jsonb END,
              1, to_timestamp(ms / 1000.0), to_timestamp(ms / 1000.0)
         FROM generate_series($5::int, $6::int) c
         CROSS JOIN generate_series(0, $3::int - 1) w
         CROSS JOIN LATERAL (SELECT c::bigint * $3 + w AS n,
                                    $7::bigint + (c - 1) * ${BEAT_MS}::bigint + w::bigint * 540000 / $3 AS ms) moment`,
      [
        ...[TENANT, CONNECTION, each, users],
        Math.max(1, Math.ceil((from - firstBeat) / BEAT_MS) + 1),
        Math.min(cycles - 1, Math.ceil((from + WEEK_MS - firstBeat) / BEAT_MS)),
        firstBeat,
      ],
    );
    const [low, high] = [from, from + WEEK_MS].map((ms) => firstIdAt(new Date(ms)));
    // A beat at midnight on Sunday goes on into Monday.
    await client.query(`DELETE FROM ${week} WHERE write_id < $1 OR write_id >= $2`, [low, high]);
    await client.query(
      `ALTER TABLE writes ATTACH PARTITION ${week} FOR VALUES FROM ('${low}') TO ('${high}')`,
    );
  }
}

async function seedFailures(client: Pick<pg.Client, "query">): Promise<void> {
  await client.query(
    `INSERT INTO failures (tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result,
                           status, scim_type, code, masked, state, is_repeatable, failed_at)
     SELECT tenant_id, write_id, connection_id, cycle_id, operation, resource_type, resource_id, result, status, scim_type,
            code, 'title must be a text', CASE WHEN random() < 0.1 THEN 'open' ELSE 'resolved' END, true, ended_at
       FROM writes WHERE tenant_id = $1 AND result = 'refused'`,
    [TENANT],
  );
}

/** Rows first, then indexes: a tenth of the time. */
async function withoutIndexes(
  client: Pick<pg.Client, "query">,
  table: string,
  fill: () => Promise<unknown>,
): Promise<void> {
  const { rows } = await client.query<{ name: string; definition: string }>(
    `SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
       FROM pg_index WHERE indrelid = $1::regclass AND NOT indisprimary`,
    [table],
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  await fill();
  for (const { definition } of rows) await client.query(definition);
}
