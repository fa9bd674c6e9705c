/** What `npm publish` would send: packed, installed into an empty folder, and used there as its readers would. */
import { execFile, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createScimClient } from "../support/scim-client.ts";
import { USER } from "../support/provision.ts";
import { waitFor } from "../support/service.ts";

const ROOT = join(import.meta.dirname, "../..");
const SETUP_MS = 900_000;
const run = promisify(execFile);
// Under `npm run`, npm tells its children which project they belong to; this one is another.
const { PATH, HOME } = process.env;

let folder: string;
let env: Record<string, string | undefined>;
const inFolder = (command: string, ...args: string[]) => run(command, args, { cwd: folder, env });
const rollcall = (...args: string[]) => inFolder(join(folder, "node_modules/.bin/rollcall"), ...args);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rollcall-package-"));
  // As root, Postgres runs as another account, which must be able to pass.
  chmodSync(folder, 0o711);
  env = { PATH, HOME, API_PORT: "0", DASHBOARD_PORT: "0", METRICS_PORT: "0", LOG_LEVEL: "warn" };
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: ROOT, env: { PATH, HOME } });
  writeFileSync(join(folder, "package.json"), '{ "name": "elsewhere", "private": true, "type": "module" }');
  const packed = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  expect(packed).toHaveLength(1);
  const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  await inFolder("npm", "install", ...flags, `./${packed[0]}`);
}, SETUP_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("holds what runs and what tells of it, and nothing else", () => {
  const files = readdirSync(join(folder, "node_modules/rollcall"), { recursive: true, encoding: "utf8" });

  expect(files).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "CHANGELOG.md",
      "docs/openapi.json",
      "migrations/0001_tenants.up.sql",
    ]),
  );
  expect(files.filter((name) => /^(src|test|bench|bin|node_modules|\.)/.test(name))).toEqual([]);
  expect(files.filter((name) => /(?<!\.d)\.ts$|\.map$|\.test\.|\.env|\.tgz$/.test(name))).toEqual([]);
});

test("starts on stores of its own, and a tenant that it makes there provisions", async () => {
  const service = spawn(join(folder, "node_modules/.bin/rollcall"), ["start"], {
    cwd: folder,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [service.stdout, service.stderr])
    stream.on("data", (text) => (output += String(text)));
  const ended = new Promise<number | null>((resolve) => service.once("exit", resolve));
  try {
    await waitFor(() => {
      if (service.exitCode !== null) throw new Error(`it ended at start:\n${output}`);
      return output.includes("Rollcall is ready");
    }, 180_000);

    const { stdout } = await rollcall("tenant", "create", "acme", "--json");
    const { tenantUrl, token } = JSON.parse(stdout) as { tenantUrl: string; token: string };
    const scim = createScimClient(tenantUrl, token);
    const created = await scim("POST", "/Users", { schemas: [USER], userName: "ada@acme.example" });
    const [, console = ""] = /^Console +(\S+)$/m.exec(output) ?? [];
    const page = await fetch(console);
    const html = await page.text();
    const [, stylesheet = ""] = /href="([^"]+\.css)"/.exec(html) ?? [];

    expect(created.status).toBe(201);
    expect((await scim("GET", "/Users")).body.totalResults).toBe(1);
    expect([page.status, (await fetch(new URL(stylesheet, page.url))).status]).toEqual([200, 200]);
    expect(JSON.parse((await rollcall("doctor", "--json")).stdout)).toMatchObject({ problems: [] });
  } finally {
    service.kill("SIGTERM");
  }
  expect(await ended).toBe(0);
});

test("has every command, and what they read", async () => {
  const [inCheckout, inPackage] = await Promise.all([
    run(join(ROOT, "bin/rollcall"), ["--help"]),
    rollcall("--help"),
  ]);

  expect(inPackage.stdout.replace("Usage: rollcall", "Usage: bin/rollcall")).toBe(inCheckout.stdout);
  expect(JSON.parse((await rollcall("schema", "example")).stdout)).toBeInstanceOf(Object);
  expect((await rollcall("start", "--help")).stdout).toMatch(/--demo/);
});

test("lets a product import its client, with types that a strict compiler takes", async () => {
  const program = `import { createRollcallClient, loginGuard } from "rollcall/client";
const client = createRollcallClient({ url: "http://127.0.0.1:1", key: "none" });
export const guard = loginGuard(client, { person: () => undefined, refuse: () => undefined });
// @ts-expect-error What is asked has a form.
void client.mayLogIn({ nobody: true });
export const check: Promise<{ allowed: boolean }> = client.mayLogIn({ userName: "ada@acme.example" });
`;
  mkdirSync(join(folder, "consumer"));
  writeFileSync(join(folder, "consumer/main.ts"), program);
  const strict = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2023"];

  await inFolder(
    process.execPath,
    join(ROOT, "node_modules/typescript/bin/tsc"),
    ...strict,
    "consumer/main.ts",
  );
  const { stdout } = await inFolder(
    process.execPath,
    "-e",
    'import("rollcall/client").then((client) => console.log(Object.keys(client).sort().join()))',
  );
  expect(stdout).toContain("createRollcallClient");
});
