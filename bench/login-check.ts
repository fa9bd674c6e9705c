/**
 * How many people can a product ask about in a second? POST /v1/login-check over a directory of a million users, beside
 * the least that could answer the same question: Express, and one look-up by pg's pool for each request.
 *
 *   npm run bench:login-check -- [--users 1000000] [--roles 20] [--connections 64] [--seconds 8] [--rounds 3] [--append]
 *
 * Both run as processes of their own on the same Postgres, in turns, each warmed up first; client, servers and Postgres
 * share the machine's cores, so the figures are a floor. With `--roles` everybody is in two groups, some of which are mapped
 * to so many roles, which then come with each answer; the baseline goes without. `--append` adds the figures to
 * bench/README.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseConfig } from "../src/platform/config.ts";
import { prepareStores } from "../src/prepare.ts";
import type { DatabasePool } from "../src/store/database.ts";
import { addProductKey } from "../test/support/product.ts";
import { addTenant, spawnService } from "../test/support/service.ts";
import { spawnBaseline } from "./lib/baseline.ts";
import { openBenchStores } from "./lib/bench-stores.ts";
import { type Load, runLoad } from "./lib/load.ts";
import { commit, machine } from "./lib/machine.ts";
import { NODE_ARGS } from "./lib/node-args.ts";

const { values } = parseArgs({
  options: {
    users: { type: "string", default: "1000000" },
    roles: { type: "string", default: "0" },
    connections: { type: "string", default: "64" },
    seconds: { type: "string", default: "8" },
    rounds: { type: "string", default: "3" },
    append: { type: "boolean", default: false },
  },
});
const users = Number(values.users);
const roles = Number(values.roles);
const GROUPS = 200;
const FIELDS = ["userName", "email", "externalId"] as const;

interface Row {
  readonly what: string;
  readonly rollcall: Load;
  readonly baseline: Load | undefined;
}

const rows = await measure();
const lines = rows.map(lineOf).join("");
console.log(lines);
if (values.append) addRows(lines);

async function measure(): Promise<readonly Row[]> {
  const stores = await openBenchStores("postgres");
  const { env, database } = stores;
  try {
    await prepareStores(parseConfig(env));
    const { tenantId } = await addTenant({ database }, "");
    const key = await addProductKey(database, tenantId);
    console.log(`storing ${users} users …`);
    await fill(database, tenantId);
    if (roles > 0) await fillGroups(database, tenantId);
    const service = await spawnService({ ...env, ROLES: "api" }, [], NODE_ARGS);
    const baseline = await spawnBaseline(env["DATABASE_URL"] ?? "", tenantId);
    try {
      const rows: Row[] = [];
      for (const field of FIELDS) {
        const load = {
          path: "/v1/login-check",
          key,
          body: () => JSON.stringify({ [field]: valueOf(field) }),
        };
        rows.push(await compare(field, load, { rollcall: service.apiUrl, baseline: baseline.url }));
      }
      const checks = () => Array.from({ length: 100 }, () => ({ userName: valueOf("userName") }));
      const batch = { path: "/v1/login-check", key, body: () => JSON.stringify({ checks: checks() }) };
      rows.push(await compare("100 userNames", batch, { rollcall: service.apiUrl }));
      return rows;
    } finally {
      await Promise.all([service.stop(), baseline.stop()]);
    }
  } finally {
    await stores.stop();
  }
}

type LoadRequest = Omit<Parameters<typeof runLoad>[0], "url" | "connections" | "seconds">;

/** Alternating rounds; the one in the middle by throughput stands for all. */
async function compare(
  what: string,
  request: LoadRequest,
  urls: { readonly rollcall: string; readonly baseline?: string },
): Promise<Row> {
  const connections = Number(values.connections);
  const run = (url: string, seconds: number): Promise<Load> =>
    runLoad({ ...request, url, connections, seconds });
  const found: Record<"rollcall" | "baseline", Load[]> = { rollcall: [], baseline: [] };
  for (const url of Object.values(urls)) await run(url, 2);
  for (let round = 0; round < Number(values.rounds); round += 1) {
    found.rollcall.push(await run(urls.rollcall, Number(values.seconds)));
    if (urls.baseline !== undefined) found.baseline.push(await run(urls.baseline, Number(values.seconds)));
  }
  const row = {
    what,
    rollcall: median(found.rollcall),
    baseline: found.baseline.length ? median(found.baseline) : undefined,
  };
  console.log(lineOf(row));
  return row;
}

function median(loads: readonly Load[]): Load {
  const sorted = loads.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("no round was run");
  return middle;
}

function valueOf(field: (typeof FIELDS)[number]): string {
  const n = 1 + Math.floor(Math.random() * users);
  return field === "externalId"
    ? `ext-${n}`
    : field === "email"
      ? `Mail${n}@example.com`
      : `user${n}@example.com`;
}

async function fill(database: DatabasePool, tenantId: string): Promise<void> {
  // Built at the end: row by row, the index on `search` would take most of the time.
  const [index] = await database.query<{ indexdef: string }>(
    "SELECT indexdef FROM pg_indexes WHERE indexname = 'users_search'",
  );
  await database.query("DROP INDEX users_search");
  const step = 50_000;
  for (let from = 1; from <= users; from += step) {
    await database.query(
      `INSERT INTO users (tenant_id, id, user_name_key, external_id, active, resource, search, version, created_at, updated_at)
       SELECT $1, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'user' || n || '@example.com', 'ext-' || n,
              n % 50 <> 0, jsonb_build_object('userName', 'user' || n || '@example.com', 'displayName', 'User ' || n),
              jsonb_build_object('username', 'user' || n || '@example.com', 'externalid', 'ext-' || n, 'active', n % 50 <> 0,
                'displayname', 'user ' || n, 'emails', jsonb_build_array(
                  jsonb_build_object('value', 'mail' || n || '@example.com', 'type', 'work', 'primary', true))),
              1, now(), now()
         FROM generate_series($2::int, $3::int) AS n`,
      [tenantId, from, Math.min(users, from + step - 1)],
    );
  }
  await withoutLimit(database, index?.indexdef ?? "", "VACUUM ANALYZE users");
}

/** Everybody in two groups, of which the first so many give a role each. */
async function fillGroups(database: DatabasePool, tenantId: string): Promise<void> {
  const idOf = (n: string): string => `('01900000-0000-7000-9000-' || lpad(to_hex(${n}), 12, '0'))::uuid`;
  await database.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, external_id, resource, search, version, created_at, updated_at)
     SELECT $1, ${idOf("n")}, 'group ' || n, 'group-ext-' || n, jsonb_build_object('displayName', 'Group ' || n), '{}', 1,
            now(), now()
       FROM generate_series(0, $2::int - 1) AS n`,
    [tenantId, GROUPS],
  );
  const step = 50_000;
  for (let from = 1; from <= users; from += step) {
    await database.transaction(async (tx) => {
      // Two million checks that the group is there, which it is.
      await tx.query("SET LOCAL session_replication_role = replica");
      await tx.query(
        `INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
         SELECT $1, ${idOf("g")}, ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'User'
           FROM generate_series($2::int, $3::int) AS n
          CROSS JOIN LATERAL (VALUES (n % $4::int), ((n / 7 + 1 + n) % $4::int)) AS v (g)
             ON CONFLICT DO NOTHING`,
        [tenantId, from, Math.min(users, from + step - 1), GROUPS],
      );
    });
  }
  await database.query(
    `INSERT INTO role_mappings (tenant_id, role, match_by, value, value_key)
     SELECT $1, 'role ' || n, 'displayName', 'Group ' || n, 'group ' || n FROM generate_series(0, $2::int - 1) AS n`,
    [tenantId, roles],
  );
  await withoutLimit(database, "VACUUM ANALYZE group_members, groups, role_mappings");
}

/** The pool ends what takes longer than a request waits. */
async function withoutLimit(database: DatabasePool, ...statements: readonly string[]): Promise<void> {
  const client = await database.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
}

function lineOf({ what, rollcall, baseline }: Row): string {
  const figures = ({ perSecond, p50Ms, p99Ms }: Load): string =>
    `${Math.round(perSecond)} / ${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`;
  const cells = [
    ...[new Date().toISOString().slice(0, 10), commit(), machine()],
    roles > 0 ? `${what}, ${roles} roles` : what,
    `${users}, ${values.connections}`,
    ...[figures(rollcall), baseline ? figures(baseline) : "–"],
    baseline ? (rollcall.perSecond / baseline.perSecond).toFixed(2) : "–",
    `${rollcall.errors} errors`,
  ];
  return `| ${cells.join(" | ")} |\n`;
}

/** Behind the rows that this question has in bench/README.md. */
function addRows(lines: string): void {
  const path = join(import.meta.dirname, "README.md");
  const [before = "", own = ""] = readFileSync(path, "utf8").split(/(?=^## How many people can)/m);
  const end = /(?<=^\|.*\n)(?!\|)/m.exec(own)?.index ?? own.length;
  writeFileSync(path, before + own.slice(0, end) + lines + own.slice(end));
}
