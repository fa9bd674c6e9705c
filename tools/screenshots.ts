/**
 * Takes the pictures in docs/images: a service on stores of its own, a day of history, a directory that the Azure AD
 * simulator has just provisioned, and each page of the console.
 *
 *   npm run screenshots                        # the pages as documentation shows them
 *   npm run screenshots -- --all --out shots   # dark and narrow as well, for whoever changes a page
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { v7 as uuidv7 } from "uuid";
import { startStores } from "../src/embedded/stores.ts";
import { ensureOwner } from "../src/dashboard/owner.ts";
import { parseConfig } from "../src/platform/config.ts";
import { createLogger } from "../src/platform/logger.ts";
import { prepareStores } from "../src/prepare.ts";
import { createService } from "../src/service.ts";
import { launchBrowser } from "../test/support/browser.ts";
import { addTenant, seedConsole } from "../test/support/console-seed.ts";
import { createScimClient, type ScimClient } from "../test/support/scim-client.ts";
import { testEnv } from "../test/support/service.ts";
import { runSimulation } from "./azure-ad/simulation.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    out: { type: "string", default: join(import.meta.dirname, "../docs/images") },
  },
});
const IDLE_SECONDS = 3;
const PASSWORD = "a password for pictures";
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 800 };
const TENANT_PAGES = ["preparation", "gate", "keys", "webhooks"];
const LOOKS = [
  { suffix: "", viewport: WIDE, colorScheme: "light" },
  { suffix: "-dark", viewport: WIDE, colorScheme: "dark" },
  { suffix: "-narrow", viewport: NARROW, colorScheme: "light" },
] as const;

const dataDir = mkdtempSync(join(tmpdir(), "rollcall-pictures-"));
chmodSync(dataDir, 0o711); // As root, Postgres runs as another account, which must be able to pass.
mkdirSync(values.out, { recursive: true });
const logger = createLogger({ service: "pictures", level: "warn" });
const stores = await startStores({ dataDir, queue: "postgres", logger });
const queue = { redisUrl: undefined, prefix: "rollcall" };
const env = { PUBLIC_URL: "https://scim.example.com", CYCLE_IDLE_SECONDS: String(IDLE_SECONDS) };
const config = parseConfig(testEnv(stores.databaseUrl, queue, env));
await prepareStores(config);
const service = createService(config, logger, "0.1.0");
await service.start();
try {
  const { api = "", dashboard = "" } = service.addresses();
  await ensureOwner(service.db, { password: PASSWORD });
  const { busy } = await seedConsole(service.db, config.ROLLCALL_SECRET);
  await service.db.query("UPDATE tenants SET name = 'Fabrikam GmbH' WHERE slug = 'fabrikam'");
  const made = await provision(api);
  const browser = await launchBrowser();
  try {
    const connection = `/tenants/${busy.slug}/connections/${busy.connectionId}`;
    await takePictures(browser, dashboard, {
      overview: "/",
      tenant: `/tenants/${busy.slug}`,
      connection,
      guard: `${connection}/guard`,
      cycles: `/tenants/${busy.slug}/cycles`,
      cycle: made.cycle,
      people: `/people?tenant=${made.slug}&q=a`,
      person: made.person,
      failed: "/failed",
      activate: "/activate",
      settings: "/settings",
      accounts: "/settings/accounts",
      audit: "/settings/audit",
      account: "/account",
      ...Object.fromEntries(TENANT_PAGES.map((name) => [name, `/tenants/${made.slug}/${name}`])),
      rotate: `${connection}/rotate`,
    });
  } finally {
    await browser.close();
  }
} finally {
  await service.stop();
  await stores.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** A tenant whose numbers are not made up. @returns where its last cycle, and somebody who lost access, are shown */
async function provision(
  apiUrl: string,
): Promise<{ readonly slug: string; readonly cycle: string; readonly person: string }> {
  const { tenantId, slug, token } = await addTenant(
    service.db,
    { slug: "northwind", name: "Northwind Traders" },
    config.ROLLCALL_SECRET,
  );
  const url = `${apiUrl}/scim/v2`;
  const sizes = { users: 200, groups: 8, groupSize: 20, cycles: 3, beat: 4 * IDLE_SECONDS, concurrency: 8 };
  const { clean } = await runSimulation({ url, token, dialect: "mixed", seed: 3, ...sizes });
  if (!clean) throw new Error("the simulation went wrong, and the pictures would show it");
  await beRefused(createScimClient(url, token));
  await sleep(3_000 * IDLE_SECONDS); // Until the cycle has ended.
  const [last] = await service.db.query<{ id: string }>(
    "SELECT id FROM cycles WHERE tenant_id = $1 ORDER BY started_at DESC LIMIT 1",
    [tenantId],
  );
  const [left] = await service.db.query<{ id: string }>(
    "SELECT id FROM users WHERE tenant_id = $1 AND NOT active ORDER BY updated_at DESC LIMIT 1",
    [tenantId],
  );
  return { slug, cycle: `/tenants/${slug}/cycles/${last?.id}`, person: `/tenants/${slug}/users/${left?.id}` };
}

/** What goes wrong in a real directory: a name that is taken, a member that is not there, a user that is gone. */
async function beRefused(scim: ScimClient): Promise<void> {
  const [group] = (await scim("GET", "/Groups?count=1")).body.Resources;
  const patch = (path: string, value: unknown) => ({
    schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
    Operations: [{ op: "Add", path, value }],
  });
  const user = {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    userName: "Mara.Lindqvist@northwind.example",
  };
  await scim("POST", "/Users", user);
  await scim("POST", "/Users", { ...user, userName: user.userName.toLowerCase() });
  await scim("PATCH", `/Groups/${group?.id}`, patch("members", [{ value: uuidv7() }]));
  await scim("PATCH", `/Users/${uuidv7()}`, patch("title", "Head of Sales"));
}

async function takePictures(
  browser: Browser,
  url: string,
  pages: Readonly<Record<string, string>>,
): Promise<void> {
  for (const { suffix, viewport, colorScheme } of values.all ? LOOKS : LOOKS.slice(0, 1)) {
    const context = await browser.newContext({ viewport, colorScheme, locale: "en-GB" });
    const page = await context.newPage();
    await page.goto(`${url}/sign-in`);
    await shoot(page, `sign-in${suffix}`);
    await page.fill("[name=login]", "owner");
    await page.fill("[name=password]", PASSWORD);
    await page.click("button[type=submit]");
    for (const [name, path] of Object.entries(pages)) {
      await page.goto(`${url}${path}`);
      await shoot(page, `${name}${suffix}`);
    }
    if (values.all) await shootToken(page, `token${suffix}`);
    await context.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(values.out, `${name}.png`), fullPage: true });
}

/** Rotates the token of the connection at hand: its page is the answer to a post, so it has no address. */
async function shootToken(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name: "Rotate now" }).click();
  await shoot(page, name);
}
