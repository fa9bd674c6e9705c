/** The drill: a directory is lost and put back from its backup, and whatever would end badly is refused before. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupCommand } from "../../src/cli/backup.ts";
import type { Command } from "../../src/cli/command.ts";
import { restoreCommand } from "../../src/cli/restore.ts";
import { parseConfig } from "../../src/platform/config.ts";
import { createLogger } from "../../src/platform/logger.ts";
import { prepareStores } from "../../src/prepare.ts";
import type { WriteQueue } from "../../src/queue/queues.ts";
import { createService, type Service } from "../../src/service.ts";
import { knownMigrations, pendingMigrations } from "../../src/store/migrations.ts";
import { type DebianPostgres, hasDebianPostgres, startDebianPostgres } from "../support/debian-postgres.ts";
import { addProductKey } from "../support/product.ts";
import { queueBackend } from "../support/queues.ts";
import { createScimClient } from "../support/scim-client.ts";
import { addTenant, TEST_SECRET, testEnv, type TestTenant } from "../support/service.ts";
import { openTestQueue, queueBackends, type TestQueue } from "../support/stores.ts";

const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
// What a restore changes on purpose; what is written again at every start.
const SETTLED = new Set(["sessions", "installation", "audit", "rollcall_migrations_lock"]);

describe.skipIf(!hasDebianPostgres())("backup and restore", () => {
  let server: DebianPostgres;
  let folder: string;
  let queue: TestQueue;
  const file = (name: string): string => join(folder, name);

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "rollcall-backup-"));
    queue = openTestQueue(queueBackends()[0] ?? "postgres");
    server = await startDebianPostgres();
    for (const name of ["living", "empty", "older"]) await query("postgres", `CREATE DATABASE ${name}`);
  });
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("what was there at the time of the backup is there again, and what came later is nowhere", async () => {
    const first = await start("living");
    const tenant = await addTenant({ database: first.service.db }, first.apiUrl);
    const ada = await tenant.scim("POST", "/Users", { schemas: [USER], userName: "ada@acme.example" });
    const members = [{ value: ada.body.id }];
    await tenant.scim("POST", "/Groups", { schemas: [GROUP], displayName: "Staff", members });
    const key = await addProductKey(first.service.db, tenant.tenantId);
    await first.service.stop();
    await query(
      "living",
      `WITH owner AS (INSERT INTO accounts (id, login, role) VALUES (gen_random_uuid(), 'grace', 'owner') RETURNING id)
       INSERT INTO sessions (session_hash, account_id, csrf_token, expires_at)
       SELECT 'x', id, 'y', now() + interval '1 day' FROM owner`,
    );
    const before = await contents("living");

    expect(await command(backupCommand, "living", file("one.dump"))).toContain("as of ");
    expect(statSync(file("one.dump")).mode & 0o077).toBe(0);

    // The lost time: acknowledged, told to the product, and a job that nobody took.
    const second = await start("living");
    const later = await clientOf(second, tenant)("POST", "/Users", {
      schemas: [USER],
      userName: "bo@acme.example",
    });
    expect(later.status).toBe(201);
    const { cursor } = (await (await events(second, key)).json()) as { cursor: string };
    expect((await events(second, key, cursor)).status).toBe(200);
    // Taken while the service runs, as it is every night.
    await command(backupCommand, "living", file("two.dump"));
    await expect(
      command(restoreCommand, "living", file("one.dump"), "--overwrite", "living"),
    ).rejects.toThrow(/rollcall-.* still run on living: stop them first/);
    // A drill beside the living service, whose queue it would empty.
    if (queue.redisUrl !== undefined)
      await expect(command(restoreCommand, "empty", file("one.dump"))).rejects.toThrow(
        /1 workers take jobs from the queue .* QUEUE_PREFIX or a REDIS_URL of its own/,
      );
    await second.service.stop();
    await leaveJob("empty");

    const told = await command(restoreCommand, "empty", file("one.dump"));
    expect(told).toMatch(/1 tenants, 1 connections[^]*1 console sessions were ended[^]*Restart provisioning/);
    expect(await contents("empty")).toEqual(before);
    expect(await jobs("empty")).toBe(0);

    const third = await start("empty");
    const scim = clientOf(third, tenant);
    expect((await scim("GET", `/Users/${ada.body.id}`)).body).toMatchObject({
      userName: "ada@acme.example",
      groups: [{ display: "Staff" }],
    });
    expect((await scim("GET", `/Users/${later.body.id}`)).status).toBe(404);
    const again = await scim("POST", "/Users", { schemas: [USER], userName: "bo@acme.example" });
    expect(again.status).toBe(201);
    const refused = await events(third, key, cursor);
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("cursor-invalid")]);
    await third.service.stop();
    // A restored database can be backed up and restored in its turn, over what is there.
    await command(backupCommand, "empty", file("three.dump"));
    const whole = await contents("empty");
    await command(restoreCommand, "empty", file("three.dump"), "--overwrite", "empty");
    expect(await contents("empty")).toEqual(whole);
  });

  test("a restore that cannot end well is refused before anything is touched", async () => {
    const before = await contents("living");
    const restore = (...args: string[]): Promise<string> =>
      command(restoreCommand, "living", file("one.dump"), ...args);
    const cut = readFileSync(file("one.dump"));
    writeFileSync(file("cut.dump"), cut.subarray(0, cut.length - 2_000));
    writeFileSync(file("other.dump"), "not a dump");

    await expect(restore()).rejects.toThrow(/"--overwrite living", which removes all/);
    await expect(restore("--overwrite", "empty")).rejects.toThrow(/living is not empty/);
    await expect(restore("--pg-bin", folder)).rejects.toThrow(/needs pg_dump .* none was found/);
    await expect(
      run(
        restoreCommand,
        { database: "living", secret: "another secret that is long enough" },
        file("one.dump"),
      ),
    ).rejects.toThrow(/not the one of the backup \(fingerprint \w+ instead of \w+\)/);
    for (const name of ["cut.dump", "other.dump", "missing.dump"])
      await expect(
        command(restoreCommand, "living", file(name), "--overwrite", "living"),
        name,
      ).rejects.toThrow(/error|there is no file/);
    await expect(command(backupCommand, "living", file("one.dump"))).rejects.toThrow(/exists already/);
    expect(await contents("living")).toEqual(before);
  });

  test("the schema must be known: a newer one is refused, an older one is brought up to date when told", async () => {
    const url = server.urlOf("older");
    await prepareStores(configOf("older"));
    const newest = (await knownMigrations()).at(-1) ?? "";
    const undo = readFileSync(join(import.meta.dirname, "../../migrations", `${newest}.down.sql`), "utf8");
    for (const statement of undo.split(/;\n\n/)) await query("older", statement);
    await query("older", `DELETE FROM rollcall_migrations WHERE name = '${newest}'`);
    await command(backupCommand, "older", file("older.dump"));
    const tomorrow = "('9999_of_tomorrow', 9, now())";
    await query("older", `INSERT INTO rollcall_migrations (name, batch, migration_time) VALUES ${tomorrow}`);
    await command(backupCommand, "older", file("newer.dump"));
    const restore = (...args: string[]): Promise<string> =>
      command(restoreCommand, "older", ...args, "--overwrite", "older");

    await expect(restore(file("newer.dump"))).rejects.toThrow(/newer Rollcall \(9999_of_tomorrow\)/);
    await expect(restore(file("older.dump"))).rejects.toThrow(`lacks ${newest}; --migrate restores it`);
    await restore(file("older.dump"), "--migrate");
    expect(await pendingMigrations(url)).toEqual([]);
  });

  async function start(database: string): Promise<{ readonly service: Service; readonly apiUrl: string }> {
    const config = configOf(database);
    await prepareStores(config);
    const service = createService(config, createLogger({ service: "test", level: "silent" }), "0.0.0");
    await service.start();
    return { service, apiUrl: service.addresses().api ?? "" };
  }

  function configOf(database: string) {
    return parseConfig(testEnv(server.urlOf(database), queue));
  }

  function command(what: Command, database: string, ...args: string[]): Promise<string> {
    return run(what, { database, secret: TEST_SECRET }, ...args);
  }

  async function run(
    what: Command,
    on: { readonly database: string; readonly secret: string },
    ...args: string[]
  ): Promise<string> {
    const lines: string[] = [];
    const env = testEnv(server.urlOf(on.database), queue, {
      ROLLCALL_SECRET: on.secret,
      ROLLCALL_DATA_DIR: folder,
      PATH: process.env["PATH"],
    });
    await what.run(args, { env, version: "0.0.0", print: (line) => void lines.push(line) });
    return lines.join("\n");
  }

  async function query(database: string, text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: server.urlOf(database) });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Every table with the number of its rows and a sum over their text. */
  async function contents(database: string): Promise<Record<string, unknown>> {
    const tables = await query(
      database,
      "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
    );
    const found: [string, unknown][] = [];
    for (const { name } of tables) {
      const table = String(name);
      if (SETTLED.has(table)) continue;
      const [row] = await query(
        database,
        `SELECT count(*)::int AS rows, md5(string_agg(t::text, ',' ORDER BY t::text)) AS sum FROM ${table} t`,
      );
      found.push([table, row]);
    }
    return Object.fromEntries(found.sort());
  }

  async function withQueue<Result>(
    database: string,
    work: (queue: WriteQueue) => Promise<Result>,
  ): Promise<Result> {
    const opened = queueBackend({ ...queue, databaseUrl: server.urlOf(database) }).openQueue();
    try {
      await opened.waitUntilReady();
      return await work(opened);
    } finally {
      await opened.close();
    }
  }

  /** Where the queue is in Postgres it is the lost database's, and gone with it. */
  async function leaveJob(database: string): Promise<void> {
    if (queue.redisUrl !== undefined) await withQueue(database, (on) => on.add("left", {} as never));
  }

  function jobs(database: string): Promise<number> {
    return withQueue(database, (on) => on.getWaitingCount());
  }

  function events({ apiUrl }: { readonly apiUrl: string }, key: string, after = ""): Promise<Response> {
    const url = `${apiUrl}/v1/events?after=${encodeURIComponent(after)}`;
    return fetch(url, { headers: { authorization: `Bearer ${key}` } });
  }
});

function clientOf({ apiUrl }: { readonly apiUrl: string }, { token }: TestTenant) {
  return createScimClient(`${apiUrl}/scim/v2`, token);
}
