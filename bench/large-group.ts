/**
 * What does it cost to read a group of 100,000 members? GET of the group, whole, bounded and without members, and the
 * list of its users in pages: time, bytes, and the memory of the api process afterwards.
 *
 *   npm run bench:large-group -- [--members 100000] [--append]
 *
 * One api process on a Postgres of its own, one request at a time. `--append` adds the figures to bench/README.md.
 */
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startStores } from "../src/embedded/stores.ts";
import { parseConfig } from "../src/platform/config.ts";
import { createLogger } from "../src/platform/logger.ts";
import { prepareStores } from "../src/prepare.ts";
import { type DatabasePool, openDatabase } from "../src/store/database.ts";
import { addTenant, spawnService, testEnv } from "../test/support/service.ts";
import { commit, machine } from "./lib/machine.ts";

const { values } = parseArgs({
  options: { members: { type: "string", default: "100000" }, append: { type: "boolean", default: false } },
});
const members = Number(values.members);
const ROUNDS = 5;
const GROUP_ID = "01900000-0000-7000-8000-ffffffffffff";

const dataDir = mkdtempSync(join(tmpdir(), "rollcall-bench-"));
try {
  const lines = (await measure()).join("");
  console.log(lines);
  if (values.append) appendFileSync(join(import.meta.dirname, "README.md"), lines);
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}

async function measure(): Promise<readonly string[]> {
  const logger = createLogger({ service: "bench", level: "warn" });
  const stores = await startStores({ dataDir, queue: "postgres", logger });
  const queue = { redisUrl: stores.redisUrl, prefix: "rollcall" };
  const env = testEnv(stores.databaseUrl, queue, { LOG_LEVEL: "warn" });
  const database = openDatabase({
    url: stores.databaseUrl,
    poolMax: 1,
    applicationName: "rollcall-bench",
    onConnectionError: (error) => logger.warn({ err: error }, "a connection was lost"),
  });
  try {
    await prepareStores(parseConfig(env));
    const { tenantId, token } = await addTenant({ database }, "");
    await fill(database, tenantId);
    const group = `/Groups/${GROUP_ID}`;
    const page = `/Users?filter=${encodeURIComponent(`groups.value eq "${GROUP_ID}"`)}&cursor=&count=1000`;
    return [
      await time("the group, whole", { env, token, path: group }),
      await time("the group, 1,000 members", {
        env: { ...env, MEMBERS_MAX_RETURNED: "1000" },
        token,
        path: group,
      }),
      await time("the group, without members", { env, token, path: `${group}?excludedAttributes=members` }),
      await time("1,000 of its users", { env, token, path: page }),
    ];
  } finally {
    await database.close();
    await stores.stop();
  }
}

/** A row of the table in bench/README.md: the round in the middle, and the memory after all of them. */
async function time(
  what: string,
  {
    env,
    token,
    path,
  }: { readonly env: Parameters<typeof spawnService>[0]; readonly token: string; readonly path: string },
): Promise<string> {
  const service = await spawnService({ ...env, ROLES: "api" });
  try {
    const rounds: number[] = [];
    let bytes = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = performance.now();
      const response = await fetch(`${service.apiUrl}/scim/v2${path}`, {
        headers: { Authorization: `Bearer ${token}` },
      });
      bytes = (await response.arrayBuffer()).byteLength;
      if (response.status !== 200) throw new Error(`${path} was answered ${response.status}`);
      rounds.push(performance.now() - started);
    }
    const metrics = await (await fetch(`${service.metricsUrl}/metrics`)).text();
    const rss = Number(/^process_resident_memory_bytes(?:\{[^}]*\})? (\S+)/m.exec(metrics)?.[1] ?? 0);
    const middle = rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
    const cells = [new Date().toISOString().slice(0, 10), commit(), machine(), String(members), what];
    const figures = [middle.toFixed(0), (bytes / 1e6).toFixed(1), (rss / 1e6).toFixed(0)];
    return `| ${[...cells, ...figures].join(" | ")} |\n`;
  } finally {
    await service.stop();
  }
}

async function fill(database: DatabasePool, tenantId: string): Promise<void> {
  const id = `('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid`;
  await database.query(
    `INSERT INTO users (tenant_id, id, user_name_key, active, resource, search, version, created_at, updated_at)
     SELECT $1, ${id}, 'user' || n || '@example.com', true,
            jsonb_build_object('userName', 'user' || n || '@example.com', 'displayName', 'User ' || n, 'active', true),
            jsonb_build_object('username', 'user' || n || '@example.com', 'displayname', 'user ' || n, 'active', true),
            1, now(), now()
       FROM generate_series(1, $2::int) AS n`,
    [tenantId, members],
  );
  await database.query(
    `INSERT INTO groups (tenant_id, id, display_name_key, resource, search, version, created_at, updated_at)
     VALUES ($1, $2, 'all', '{"displayName": "All"}', '{"displayname": "all"}', 1, now(), now())`,
    [tenantId, GROUP_ID],
  );
  await database.query(
    `INSERT INTO group_members (tenant_id, group_id, member_id, member_type)
     SELECT $1, $2, ${id}, 'User' FROM generate_series(1, $3::int) AS n`,
    [tenantId, GROUP_ID, members],
  );
  await database.query("VACUUM ANALYZE users");
  await database.query("VACUUM ANALYZE group_members");
}
