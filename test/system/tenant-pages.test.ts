/** A tenant's pages in a browser: in both colour schemes, on a narrow screen, without script, with a file from disk. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { addAccount, addTenant, PASSWORD } from "../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole } from "../support/console.ts";
import { inspectPage, listenToBrowser } from "../support/inspect-page.ts";
import { createTestDatabase, type TestDatabase } from "../support/stores.ts";

describe.skipIf(!hasChromium())("a tenant's pages in a browser", () => {
  let store: TestDatabase;
  let site: TestConsole;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];

  beforeAll(async () => {
    store = await createTestDatabase();
    site = await startConsole(store.database);
    await addAccount(store.database, "admin", "admin");
    await addTenant(store.database, { slug: "contoso", name: "Contoso Ltd" }, CONSOLE_SECRET);
    browser = await launchBrowser();
    page = await browser.newPage();
    complaints = listenToBrowser(page);
    await page.goto(`${site.url}/sign-in`);
    await page.getByLabel("Login").fill("admin");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await store.drop();
  });

  const press = (name: string) => page.getByRole("main").getByRole("button", { name }).click();
  const open = (path: string) => page.goto(`${site.url}/tenants/contoso${path}`);
  const text = async (): Promise<string> => (await page.innerText("main")).replaceAll(/\s+/g, " ");

  async function expectSound(): Promise<void> {
    expect(await inspectPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  }

  test("people from before are imported from a file, and shown", async () => {
    await open("/preparation");
    await expectSound();
    const rows = Array.from({ length: 2_500 }, (_, number) => `${number},person.${number}@contoso.com`);
    await page.getByLabel("File").setInputFiles({
      ...{ name: "people.csv", mimeType: "text/csv" },
      buffer: Buffer.from(["Number,email", ...rows].join("\n")),
    });
    await page.getByLabel("The product's own id").fill("Number");

    await press("Import");
    // The answer is told bit by bit; this is its end.
    await page.getByRole("link", { name: "Open the preview" }).waitFor();

    expect(await text()).toContain("2,500 people are stored and matched");
    expect(await page.locator("progress:visible").count()).toBe(1);
    await expectSound();
    await page.getByRole("link", { name: "Open the preview" }).click();
    expect(await text()).toContain("2,500 people");
    await expectSound();
  });

  test("the gate, keys and webhooks stand up to a look", async () => {
    await open("/gate");
    await page.getByLabel("userName or e-mail address").fill("root@contoso.com");
    await page.getByLabel("Why").fill("break-glass");
    await press("Always let in");
    await expectSound();

    await open("/leaving");
    await expectSound();
    await page.getByRole("link", { name: "Disconnect Azure AD" }).click();
    await expectSound();
    await open("/keys");
    await page.getByLabel("Name").fill("web servers");
    await press("Make a key");
    await expectSound();
    await open("/keys");
    await expectSound();
    await page.getByRole("link", { name: "Revoke web servers" }).click();
    await expectSound();

    await open("/webhooks");
    await page.getByLabel("Address").fill(`https://hooks.example.com/${"long".repeat(30)}`);
    await press("Add the endpoint");
    await expectSound();
    await open("/webhooks");
    await expectSound();
    await page.getByRole("main").getByRole("link", { name: "https://hooks" }).click();
    await expectSound();
    await page.getByRole("link", { name: "Delete" }).click();
    await expectSound();
  });
});
