/** Every page of the console in a browser, light and dark, wide and narrow: nothing that axe-core would complain of. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROUTES } from "../../src/dashboard/routes.ts";
import { findAccountByLogin } from "../../src/store/account-changes.ts";
import { reconcile } from "../../src/store/reconcile.ts";
import { createEndpoint } from "../../src/store/webhook-endpoints.ts";
import { issueProductKey } from "../../src/store/product-keys.ts";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { addAccount, PASSWORD, seedConsole } from "../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole } from "../support/console.ts";
import { giveSchema, JAVELO_EXTENSIONS } from "../support/extensions.ts";
import { inspectPage, listenToBrowser } from "../support/inspect-page.ts";
import { createTestDatabase, type TestDatabase } from "../support/stores.ts";

// Answered by a file, which is no page.
const FILES = [
  "/tenants/:slug/export",
  "/tenants/:slug/preparation/people.csv",
  "/tenants/:slug/reconciliations/:id/differences.csv",
];
const pages = ROUTES.filter(({ method, path }) => method === "get" && !FILES.includes(path)).map(
  ({ path }) => path,
);

describe.skipIf(!hasChromium())("every page of the console", () => {
  let store: TestDatabase;
  let site: TestConsole;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  const addresses = new Map<string, string>();

  beforeAll(async () => {
    store = await createTestDatabase();
    site = await startConsole(store.database);
    await addAccount(store.database, "owner", "owner");
    await seedAddresses();
    browser = await launchBrowser();
    page = await browser.newPage();
    complaints = listenToBrowser(page);
    await page.goto(`${site.url}/sign-in`);
    await page.getByLabel("Login").fill("owner");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await store.drop();
  });

  /** Something to show for what each page names. */
  async function seedAddresses(): Promise<void> {
    const { database } = store;
    const { busy, cycleId } = await seedConsole(database, CONSOLE_SECRET);
    const { tenantId, slug, connectionId } = busy;
    await giveSchema(database, tenantId, JAVELO_EXTENSIONS);
    const made = await database.transaction(async (tx) => ({
      key: await issueProductKey(tx, {
        tenantId,
        name: "Product",
        secret: CONSOLE_SECRET,
        ttlDays: undefined,
      }),
      webhook: await createEndpoint(tx, {
        ...{ tenantId, url: "https://example.com/hook", types: null, secret: CONSOLE_SECRET },
      }),
    }));
    const people = [{ id: "7", userName: "left@contoso.com", displayName: "Left", active: true }];
    const report = await reconcile(database, {
      ...{ tenantId, people, actor: "owner", onProgress: () => undefined },
    });
    const ids = async (query: string): Promise<string> =>
      (await database.query<{ id: string }>(query, [tenantId]))[0]?.id ?? "";
    const group = "00000000-0000-7000-8000-00000000000a";
    await database.query(
      `INSERT INTO groups (tenant_id, id, display_name_key, resource, search, version, created_at, updated_at)
       VALUES ($1, $2, 'staff', '{"displayName":"Staff"}', '{}', 1, now(), now())`,
      [tenantId, group],
    );
    const named: Readonly<Record<string, string>> = {
      "/tenants/:slug/cycles": cycleId,
      "/tenants/:slug/users": await ids("SELECT id FROM users WHERE tenant_id = $1 LIMIT 1"),
      "/tenants/:slug/groups": group,
      "/tenants/:slug/failed": await ids("SELECT write_id AS id FROM failures WHERE tenant_id = $1 LIMIT 1"),
      "/tenants/:slug/connections": connectionId,
      "/tenants/:slug/keys": made.key.id,
      "/tenants/:slug/reconciliations": report?.id ?? "",
      "/tenants/:slug/webhooks": made.webhook.id,
      "/settings/accounts": (await findAccountByLogin(database, "owner"))?.id ?? "",
    };
    const token = await ids("SELECT id FROM tokens WHERE tenant_id = $1 LIMIT 1");
    for (const path of pages) {
      const filled = Object.entries(named).reduce(
        (text, [start, id]) => text.replace(`${start}/:id`, `${start}/${id}`),
        path,
      );
      const address = filled.replace(":slug", slug).replace(":token", token);
      addresses.set(path, path === "/tenants/:slug/failed" ? `${address}?${CAUSE}` : address);
    }
  }

  test.each(pages)("%s", async (path) => {
    const address = addresses.get(path) ?? "";
    // Whoever adds a page says here what it is to show.
    expect(address).not.toContain(":");

    const response = await page.goto(`${site.url}${address}`);

    expect([path, response?.status()]).toEqual([path, 200]);
    expect(await page.locator("h1").count()).toBe(1);
    expect(await inspectPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  });
});

const CAUSE = "code=userName-taken&type=User&operation=create";
