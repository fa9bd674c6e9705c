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
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { startStores } from "../src/embedded/stores.ts";
import { ensureOwner } from "../src/dashboard/owner.ts";
import { parseConfig } from "../src/platform/config.ts";
import { createLogger } from "../src/platform/logger.ts";
import { prepareStores } from "../src/prepare.ts";
import { createService } from "../src/service.ts";
import { launchBrowser } from "../test/support/browser.ts";
import { addTenant, seedConsole } from "../test/support/console-seed.ts";
import { testEnv } from "../test/support/service.ts";
import { runSimulation } from "./azure-ad/simulation.ts";

const { values } = parseArgs({
  options: {
    all: { type: "boolean", default: false },
    out: { type: "string", default: join(import.meta.dirname, "../docs/images") },
  },
});
const PASSWORD = "a password for pictures";
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 800 };
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
const config = parseConfig(testEnv(stores.databaseUrl, queue, { PUBLIC_URL: "https://scim.example.com" }));
await prepareStores(config);
const service = createService(config, logger, "0.1.0");
await service.start();
try {
  const { api = "", dashboard = "" } = service.addresses();
  await ensureOwner(service.db, { password: PASSWORD });
  const { busy, cycleId } = await seedConsole(service.db, config.ROLLCALL_SECRET);
  await service.db.query("UPDATE tenants SET name = 'Fabrikam GmbH' WHERE slug = 'fabrikam'");
  await provision(api);
  const browser = await launchBrowser();
  try {
    const connection = `/tenants/${busy.slug}/connections/${busy.connectionId}`;
    await takePictures(browser, dashboard, {
      overview: "/",
      connection,
      cycle: `/tenants/${busy.slug}/cycles/${cycleId}`,
      failed: "/failed",
      activate: "/activate",
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

/** A tenant whose numbers are not made up. */
async function provision(apiUrl: string): Promise<void> {
  const tenant = await addTenant(
    service.db,
    { slug: "northwind", name: "Northwind Traders" },
    config.ROLLCALL_SECRET,
  );
  const sizes = { users: 120, groups: 8, groupSize: 15, cycles: 1, beat: 0, concurrency: 8, seed: 3 };
  await runSimulation({ url: `${apiUrl}/scim/v2`, token: tenant.token, dialect: "mixed", ...sizes });
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
    await context.close();
  }
}

async function shoot(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(values.out, `${name}.png`), fullPage: true });
}
