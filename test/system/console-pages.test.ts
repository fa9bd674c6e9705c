/**
 * Every page of the console in a browser, light and dark, wide and narrow, with data and without: nothing that axe-core
 * would complain of, nothing that scrolls sideways, nothing that needs a pointer or a script.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { furnishTenant } from "../support/console-furnish.ts";
import { addAccount, PASSWORD, seedConsole } from "../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole } from "../support/console.ts";
import {
  addressOf,
  EMPTY_PATHS,
  FILES,
  PAGE_PATHS,
  PICTURES,
  PUBLIC_PAGES,
  type TourIds,
} from "../support/console-tour.ts";
import { giveSchema, JAVELO_EXTENSIONS } from "../support/extensions.ts";
import { inspectPage, listenToBrowser } from "../support/inspect-page.ts";
import { createTestDatabase, type TestDatabase } from "../support/stores.ts";

// Where there is most to reach.
const WALKED = ["overview", "failure", "guard", "digest", "cycles", "activate"];

describe.skipIf(!hasChromium())("every page of the console", () => {
  let store: TestDatabase;
  let site: TestConsole;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  let ids: TourIds;
  let empty: TourIds;

  beforeAll(async () => {
    store = await createTestDatabase();
    const { database } = store;
    const oidc = {
      ...{ issuer: "https://login.example.com", clientId: "rollcall", clientSecret: "only of tests" },
      ...{ scope: "openid", roleClaim: "roles", roles: new Map(), defaultRole: undefined, label: "Contoso" },
    };
    site = await startConsole(database, { oidc });
    await addAccount(database, "owner", "owner");
    const { busy, waiting } = await seedConsole(database, CONSOLE_SECRET);
    await giveSchema(database, busy.tenantId, JAVELO_EXTENSIONS);
    await database.query(
      `INSERT INTO groups (tenant_id, id, display_name_key, resource, search, version, created_at, updated_at)
       VALUES ($1, gen_random_uuid(), 'staff', '{"displayName":"Staff"}', '{}', 1, now(), now())`,
      [busy.tenantId],
    );
    ids = await furnishTenant(database, busy, CONSOLE_SECRET);
    empty = { ...ids, tenants: waiting.slug, connections: waiting.connectionId };
    browser = await launchBrowser();
    page = await browser.newPage();
    complaints = listenToBrowser(page);
    await signIn(page);
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await store.drop();
  });

  async function signIn(where: Page): Promise<void> {
    await where.goto(`${site.url}/sign-in`);
    await where.getByLabel("Login").fill("owner");
    await where.getByLabel("Password").fill(PASSWORD);
    await where.getByRole("button", { name: "Sign in" }).click();
    await where.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  }

  test("is known: whoever adds a route says here what it shows, and what its picture is called", () => {
    const pages = site.paths.filter((path) => !/^\/(assets|health)\//.test(path));

    expect(pages.sort()).toEqual([...PAGE_PATHS, ...FILES, ...PUBLIC_PAGES].sort());
    expect(Object.keys(PICTURES).sort()).toEqual([...PAGE_PATHS].sort());
    expect(new Set(Object.values(PICTURES)).size).toBe(PAGE_PATHS.length);
    for (const path of PAGE_PATHS) expect(addressOf(path, ids)).not.toContain(":");
  });

  async function expectSound(address: string): Promise<void> {
    const response = await page.goto(`${site.url}${address}`);
    expect([address, response?.status()]).toEqual([address, 200]);
    expect([address, await page.locator("h1").count()]).toEqual([address, 1]);
    expect(await inspectPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  }

  test.each(PAGE_PATHS)("%s", (path) => expectSound(addressOf(path, ids)));

  test.each(EMPTY_PATHS)("%s, with nothing to show", (path) => expectSound(addressOf(path, empty)));

  test("works without script, and offers nothing that needs one", async () => {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const plain = await context.newPage();
    await signIn(plain);

    for (const path of PAGE_PATHS) {
      const response = await plain.goto(`${site.url}${addressOf(path, ids)}`);
      expect([path, response?.status()]).toEqual([path, 200]);
      expect([path, await plain.getByRole("heading", { level: 1 }).count()]).toEqual([path, 1]);
      expect([path, await plain.locator("[data-copy]:visible").count()]).toEqual([path, 0]);
    }
    await plain.goto(`${site.url}${addressOf("/tenants/:slug/gate", empty)}`);
    await plain.getByLabel("userName or e-mail address").fill("root@fabrikam.example");
    await plain.getByLabel("Why").fill("break-glass");
    await plain.getByRole("button", { name: "Always let in" }).click();

    await plain.getByRole("cell", { name: "root@fabrikam.example", exact: true }).waitFor();
    await context.close();
  });

  test.each(Object.entries(PICTURES).filter(([, name]) => WALKED.includes(name)))(
    "%s is walked by keyboard: in the order of the page, the focus in sight and seen",
    async (path) => {
      await page.goto(`${site.url}${addressOf(path, ids)}`);
      await page.keyboard.press("Tab");
      expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to content");

      const wrong = await walk(page);

      expect(wrong).toEqual([]);
    },
  );
});

interface Stop {
  readonly what: string;
  readonly isAfter: boolean;
  readonly hasOutline: boolean;
  readonly isInSight: boolean;
}

/** What the focus is on, seen from where it was before. */
const LOOK = `(() => {
  const now = document.activeElement, before = window.stopBefore;
  window.stopBefore = now;
  const { left, right, top, bottom } = now.getBoundingClientRect();
  return now === document.body ? undefined : {
    what: now.outerHTML.slice(0, 120),
    isAfter: !before || (before.compareDocumentPosition(now) & Node.DOCUMENT_POSITION_FOLLOWING) !== 0,
    hasOutline: getComputedStyle(now).outlineStyle !== "none",
    isInSight: right > 0 && left < innerWidth && bottom > 0 && top < innerHeight,
  };
})()`;
const STOPS_MAX = 400;

/** Goes on by Tab until the focus leaves the page. @returns the stops at which something is wrong */
async function walk(page: Page): Promise<readonly Stop[]> {
  const wrong: Stop[] = [];
  await page.evaluate("void (window.stopBefore = document.activeElement)");
  for (let stops = 0; stops < STOPS_MAX; stops += 1) {
    await page.keyboard.press("Tab");
    const stop = await page.evaluate<Stop | undefined>(LOOK);
    // From the last one it goes to the browser's own controls, or around to the first.
    if (stop === undefined || (!stop.isAfter && stop.what.includes('class="skip"'))) {
      expect(stops).toBeGreaterThan(5);
      return wrong;
    }
    if (!stop.isAfter || !stop.hasOutline || !stop.isInSight) wrong.push(stop);
  }
  throw new Error("the focus does not leave the page");
}
