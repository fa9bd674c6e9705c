/** What a newcomer does: start with nothing, follow the README's lines, stop, start again, look at the demo. */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createScimClient } from "../support/scim-client.ts";
import { type ServiceProcess, spawnService, waitFor } from "../support/service.ts";
import { queueBackends } from "../support/stores.ts";

const ROOT = join(import.meta.dirname, "../..");
const run = promisify(execFile);

let dataDir: string;
let env: Record<string, string>;
const running: ServiceProcess[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "rollcall-start-"));
  // As root, Postgres runs as another account, which must be able to pass.
  chmodSync(dataDir, 0o711);
  env = {
    ROLLCALL_DATA_DIR: dataDir,
    API_PORT: "0",
    DASHBOARD_PORT: "0",
    METRICS_PORT: "0",
    LOG_LEVEL: "warn",
  };
});
afterEach(async () => {
  for (const service of running.splice(0)) if (service.child.exitCode === null) await service.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(
  more: Record<string, string> = {},
  args: readonly string[] = [],
): Promise<ServiceProcess> {
  const service = await spawnService({ ...env, ...more }, args);
  running.push(service);
  return service;
}

/** The first shell block of a section of the README. */
function blockOf(section: string): string {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, rest = ""] = readme.split(`\n## ${section}\n`);
  return /```sh\n([\s\S]*?)```/.exec(rest)?.[1] ?? "";
}

describe.each(queueBackends())("with stores of its own and the queue on %s", (queue) => {
  beforeEach(() => {
    env["ROLLCALL_EMBEDDED_QUEUE"] = queue;
  });

  test("the README's lines work as they stand, and what they made is there after a restart", async () => {
    const first = await start();
    const script = `set -e; cd "${dataDir}"; ${[blockOf("Try it"), blockOf("Ask who may log in")].join("").replaceAll("bin/rollcall", join(ROOT, "bin/rollcall"))}`;

    const { stdout } = await run("bash", ["-c", script], { env: { ...process.env, ...env } });
    const [created, list, ada, nobody] = stdout.replaceAll("}{", "}\n{").split("\n");
    const code = await first.stop();

    expect(JSON.parse(created ?? "")).toMatchObject({ userName: "ada@acme.example", active: true });
    expect(JSON.parse(list ?? "")).toMatchObject({ totalResults: 1 });
    expect(JSON.parse(ada ?? "")).toMatchObject({ allowed: true, reason: "active" });
    expect(JSON.parse(nobody ?? "")).toEqual({ allowed: false, reason: "not_provisioned" });
    expect(first.output()).toMatch(/Sign in +owner with the password \S+/);
    expect(code).toBe(0);

    const second = await start();
    const { token } = JSON.parse(readFileSync(join(dataDir, "acme.json"), "utf8")) as { token: string };
    const users = await createScimClient(`${second.apiUrl}/scim/v2`, token)("GET", "/Users");

    expect(second.output()).not.toMatch(/Sign in/);
    expect(users.body.totalResults).toBe(1);
    expect(await second.stop()).toBe(0);
  });
});

test("the demo provisions a directory over HTTPS, and its verification passes when it is stopped", async () => {
  const demo = await start({}, ["--demo", "--tls-self-signed"]);

  await waitFor(() => demo.output().includes("cycle 1 (initial)"), 270_000);
  const code = await demo.stop();

  expect(demo.output()).toMatch(/^TLS +self-signed, .*cert\.pem, SHA-256 ([0-9A-F]{2}:){31}[0-9A-F]{2}$/m);
  expect(demo.apiUrl).toMatch(/^https:/);
  expect(demo.output()).toMatch(/verification: 500 users, 12 groups, \d+ memberships, 0 differences/);
  expect(demo.output()).toContain("errors: 0");
  expect(code).toBe(0);
});

test("a password from the environment is taken, and not printed", async () => {
  const service = await start({ ROLLCALL_OWNER_PASSWORD: "chosen by the operator" });

  expect(service.output()).toContain("owner with ROLLCALL_OWNER_PASSWORD");
  expect(service.output()).not.toContain("chosen by the operator");
});

test("a role of its own that is not told its stores says so, and does not start", async () => {
  await expect(spawnService({ ...env, ROLES: "worker" })).rejects.toThrow(/set DATABASE_URL/);
});
