/**
 * Takes the pictures in docs/images: a service on stores of its own, a day of history, a directory that the Azure AD
 * simulator has just provisioned, and each page that the console's routes know, wide and narrow, the main ones dark too.
 *
 *   npm run screenshots                              # WebP, of the upper part of each page, as documentation shows it
 *   npm run screenshots -- --png --out shots         # whole pages, every look, for whoever changes a page
 *   npm run screenshots -- --png --out shots guard   # of one page, by the name of its picture
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
import { furnishTenant } from "../test/support/console-furnish.ts";
import { addAccount, addDay, addTenant, seedConsole } from "../test/support/console-seed.ts";
import {
  addressOf,
  DARK_PICTURES,
  PAGE_PATHS,
  PICTURES,
  type TourIds,
} from "../test/support/console-tour.ts";
import { createScimClient, type ScimClient } from "../test/support/scim-client.ts";
import { testEnv } from "../test/support/service.ts";
import { runSimulation } from "./azure-ad/simulation.ts";
import { picturesPage } from "./pictures-page.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    png: { type: "boolean", default: false },
    out: { type: "string", default: join(import.meta.dirname, "../docs/images") },
  },
});
const IDLE_SECONDS = 3;
const USERS = 200;
const PASSWORD = "a password for pictures";
const QUALITY = 80;
// Documentation shows what is seen first; the rest is more of the same.
const HEIGHT_MAX = { wide: 1_300, narrow: 1_500 };
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 390, height: 800 };
const LOOKS = [
  { look: "wide", suffix: "", viewport: WIDE, colorScheme: "light" },
  { look: "wide", suffix: "-dark", viewport: WIDE, colorScheme: "dark" },
  { look: "narrow", suffix: "-narrow", viewport: NARROW, colorScheme: "light" },
] as const;
type Look = (typeof LOOKS)[number];

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
  for (const role of ["admin", "viewer"] as const) await addAccount(service.db, `${role}@example.com`, role);
  await seedConsole(service.db, config.ROLLCALL_SECRET);
  await service.db.query("UPDATE tenants SET name = 'Fabrikam GmbH' WHERE slug = 'fabrikam'");
  const ids = await provision(api);
  const browser = await launchBrowser();
  try {
    await takePictures(browser, dashboard, ids);
    if (!values.png) writeFileSync(join(import.meta.dirname, "../docs/pictures.md"), picturesPage());
  } finally {
    await browser.close();
  }
} finally {
  await service.stop();
  await stores.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

/** A tenant whose numbers are not made up, with something on every page. */
async function provision(apiUrl: string): Promise<TourIds> {
  const secret = config.ROLLCALL_SECRET;
  const tenant = await addTenant(service.db, { slug: "northwind", name: "Northwind Traders" }, secret);
  await addDay(service.db, tenant, USERS);
  const url = `${apiUrl}/scim/v2`;
  const sizes = { users: USERS, groups: 8, groupSize: 20, cycles: 3, beat: 4 * IDLE_SECONDS, concurrency: 8 };
  const { clean } = await runSimulation({ url, token: tenant.token, dialect: "mixed", seed: 3, ...sizes });
  if (!clean) throw new Error("the simulation went wrong, and the pictures would show it");
  await beRefused(createScimClient(url, tenant.token));
  await sleep(3_000 * IDLE_SECONDS); // Until the cycle has ended.
  return furnishTenant(service.db, tenant, secret);
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

async function takePictures(browser: Browser, url: string, ids: TourIds): Promise<void> {
  for (const look of LOOKS) {
    const { viewport, colorScheme } = look;
    const context = await browser.newContext({ viewport, colorScheme, locale: "en-GB" });
    const page = await context.newPage();
    await page.goto(`${url}/sign-in`);
    await shoot(page, "sign-in", look);
    await page.fill("[name=login]", "owner");
    await page.fill("[name=password]", PASSWORD);
    await page.click("button[type=submit]");
    for (const path of PAGE_PATHS) {
      if (!isWanted(PICTURES[path] ?? path, look)) continue;
      await page.goto(`${url}${addressOf(path, ids)}`);
      await shoot(page, PICTURES[path] ?? path, look);
    }
    await page.goto(`${url}/nowhere`);
    await shoot(page, "not-found", look);
    await shootQueues(page, `${url}/queues`, look);
    await shootToken(page, `${url}${addressOf("/tenants/:slug/connections/:id/rotate", ids)}`, look);
    await context.close();
  }
}

function isWanted(name: string, { suffix }: Look): boolean {
  if (positionals.length > 0 && !positionals.includes(name)) return false;
  return values.png || suffix !== "-dark" || DARK_PICTURES.includes(name);
}

/** Rotates the token of the connection at hand: its page is the answer to a post, so it has no address. */
async function shootToken(page: Page, rotate: string, look: Look): Promise<void> {
  if (!isWanted("token", look)) return;
  await page.goto(rotate);
  await page.getByRole("button", { name: "Rotate now" }).click();
  await page.getByText("shown this once").waitFor();
  await shoot(page, "token", look);
}

/** Bull Board, which draws itself by script. */
async function shootQueues(page: Page, address: string, look: Look): Promise<void> {
  if (!isWanted("queues", look)) return;
  await page.goto(address);
  await page
    .getByText(/^\d+ jobs?$/i)
    .first()
    .waitFor();
  await shoot(page, "queues", look);
}

async function shoot(page: Page, name: string, look: Look): Promise<void> {
  if (!isWanted(name, look)) return;
  const file = join(values.out, `${name}${look.suffix}`);
  if (values.png) {
    await page.screenshot({ path: `${file}.png`, fullPage: true });
    return;
  }
  // Playwright itself writes no WebP, which takes a third of a PNG's room.
  const height = await page.evaluate<number>("document.documentElement.scrollHeight");
  const clip = {
    x: 0,
    y: 0,
    scale: 1,
    width: look.viewport.width,
    height: Math.min(height, HEIGHT_MAX[look.look]),
  };
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", {
    ...{ format: "webp", quality: QUALITY, captureBeyondViewport: true, clip },
  });
  writeFileSync(`${file}.webp`, data, "base64");
  await devtools.detach();
}
