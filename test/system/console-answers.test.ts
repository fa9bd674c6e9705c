/** What the console answers beside its pages: to forms, to who may not, to who is not known, when something fails. */
import { randomUUID } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashLink } from "../../src/dashboard/pages/welcome.ts";
import { createLink, findAccountByLogin } from "../../src/store/account-changes.ts";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { addAccount, addTenant, PASSWORD, type SeededTenant } from "../support/console-seed.ts";
import { CONSOLE_SECRET, startConsole, type TestConsole } from "../support/console.ts";
import { inspectPage, listenToBrowser } from "../support/inspect-page.ts";
import {
  CLIENT_ID,
  CLIENT_SECRET,
  passProvider,
  startOidcProvider,
  type TestProvider,
} from "../support/oidc-provider.ts";
import { createTestDatabase, type TestDatabase } from "../support/stores.ts";

describe.skipIf(!hasChromium())("the console's answers in a browser", () => {
  let store: TestDatabase;
  let provider: TestProvider;
  let site: TestConsole;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  let tenant: SeededTenant;

  beforeAll(async () => {
    [store, provider] = await Promise.all([createTestDatabase(), startOidcProvider()]);
    site = await startConsole(store.database, { oidc: oidcOf(provider.issuer) });
    provider.register(`${site.url}/sign-in/callback`);
    for (const role of ["owner", "viewer"] as const) await addAccount(store.database, role, role);
    tenant = await addTenant(store.database, { slug: "contoso", name: "Contoso Ltd" }, CONSOLE_SECRET);
    browser = await launchBrowser();
    page = await browser.newPage();
    complaints = listenToBrowser(page);
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await provider.stop();
    await store.drop();
  });

  const oidcOf = (issuer: string) => ({
    ...{ issuer, clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, scope: "openid profile" },
    ...{ roleClaim: "roles", roles: new Map(), defaultRole: undefined, label: "Contoso" },
  });
  const press = (name: string) => page.getByRole("main").getByRole("button", { name }).click();
  const open = (path: string) => page.goto(`${site.url}/tenants/contoso${path}`);
  const text = async (): Promise<string> => (await page.innerText("main")).replaceAll(/\s+/g, " ");

  async function expectSound(said: string | RegExp): Promise<void> {
    await page.getByText(said).first().waitFor();
    expect(await inspectPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  }

  async function expectAnswer(address: string, status: number, said: string | RegExp): Promise<void> {
    const response = await page.goto(address);
    expect([address, response?.status()]).toEqual([address, status]);
    await expectSound(said);
  }

  async function signIn(login: string): Promise<void> {
    await page.getByLabel("Login").fill(login);
    await page.getByLabel("Password").fill(PASSWORD);
    await press("Sign in");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
  }

  test("who comes by a provider is told why it fails", async () => {
    await expectAnswer(`${site.url}/sign-in`, 200, "Sign in with Contoso");
    await expectAnswer(`${site.url}/sign-in/callback`, 401, "That sign-in failed");

    const begun = await page.context().request.get(`${site.url}/sign-in/oidc`, { maxRedirects: 0 });
    await expectAnswer(
      await passProvider(begun.headers()["location"] ?? "", "nobody"),
      403,
      "gives you no role in Rollcall",
    );

    const gone = await startConsole(store.database, { oidc: oidcOf("http://127.0.0.1:9") });
    await expectAnswer(`${gone.url}/sign-in/oidc`, 503, "That sign-in failed");
    await gone.stop();
  });

  test("a one-time link welcomes once, and says when it has ended", async () => {
    await expectAnswer(`${site.url}/welcome?code=none`, 404, "This link has ended");
    const account = await findAccountByLogin(store.database, "viewer");
    await store.database.transaction((tx) =>
      createLink(tx, { accountId: account!.id, hash: hashLink(CONSOLE_SECRET, "code"), ttlSeconds: 900 }),
    );
    await expectAnswer(`${site.url}/welcome?code=code`, 200, "Choose the password of viewer");
    await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
    await page.getByLabel("New password, again").fill("another one of that length");
    await press("Set password");
    await expectSound(/not the same|differ|alike/);
  });

  test("who may not, asks for what is not there, or sends what cannot be read, is told what to do", async () => {
    await page.goto(`${site.url}/sign-in`);
    await signIn("viewer");
    await expectAnswer(`${site.url}/activate`, 403, "this needs the role admin");
    await expectAnswer(`${site.url}/tenants/nobody`, 404, "There is no such tenant");
    await expectAnswer(`${site.url}/failed?tenant=%00`, 400, "That request cannot be read");
    await page.goto(`${site.url}/account`);
    await page.evaluate("void (document.querySelector('main [name=csrf]').value = 'of yesterday')");
    await page.getByLabel("Password so far").fill(PASSWORD);
    await page.getByLabel("New password", { exact: true }).fill(`${PASSWORD}!`);
    await page.getByLabel("New password, again").fill(`${PASSWORD}!`);
    await press("Change password");
    await expectSound("This form has expired");
  });

  test("whose session has expired signs in again, and is where they were", async () => {
    await store.database.query("DELETE FROM sessions");
    await expectAnswer(`${site.url}/failed?state=resolved`, 200, "Sign in with Contoso");

    await signIn("owner");

    expect(page.url()).toBe(`${site.url}/failed?state=resolved`);
  });

  test("when the stores are away, the page says so and what to look for", async () => {
    const lost = await createTestDatabase();
    const broken = await startConsole(lost.database);
    await lost.drop();

    await expectAnswer(`${broken.url}/sign-in`, 500, "Something failed on our side");
    await broken.stop();
  });

  test("people from before are imported from a file, and shown", async () => {
    await open("/preparation");
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
    await expectSound("Open the preview");
    await page.getByRole("link", { name: "Open the preview" }).click();
    await page.getByText("2,500 people").first().waitFor();
    await open("/reconciliations");
    await page.getByLabel("File").setInputFiles({
      ...{ name: "people.csv", mimeType: "text/csv" },
      buffer: Buffer.from("id,userName\n1,left@contoso.com\n"),
    });
    await press("Compare");
    await expectSound("Open the report");
  });

  test("what is shown once, and what is asked once more, stands up to a look", async () => {
    const connection = `/connections/${tenant.connectionId}`;
    await open(`${connection}/rotate`);
    await press("Rotate now");
    await expectSound("The token is shown this once.");
    await open(`${connection}/oauth`);
    await press("Make a client secret");
    await expectSound("The secret is shown this once.");
    await open(`${connection}/digest`);
    await page.getByLabel("Post it to").fill("https://hooks.example.com/digest");
    await press("Save");
    await expectSound("The secret is shown this once.");
    await open("/keys");
    await page.getByLabel("Name").fill("web servers");
    await press("Make a key");
    await expectSound("shown this once");
    await open("/webhooks");
    await page.getByLabel("Address").fill(`https://hooks.example.com/${"long".repeat(30)}`);
    await press("Add the endpoint");
    await expectSound("The secret is shown this once.");
    await open("/webhooks");
    await expectSound("https://hooks");
    await open("/leaving");
    await page.getByLabel("Who").fill("person.7@contoso.com");
    await press("Look for them");
    await expectSound("Erase a person from before");
    await page.goto(`${site.url}/settings/accounts`);
    await page.getByLabel("Login").fill(`ada-${randomUUID().slice(0, 8)}`);
    await press("Create account");
    await expectSound(/once/);
  });

  test("what is filled in wrongly is said beside the form", async () => {
    await open(`/connections/${tenant.connectionId}/limits`);
    await page.getByLabel("Allowed addresses").fill("all of them");
    await press("Save");
    await expectSound("all of them");
    await open("/leaving");
    await page.getByLabel("Type contoso").fill("another");
    await page.getByLabel("I understand that nothing").check();
    await press("Erase the tenant");
    await expectSound("Tick the box and type contoso to erase the tenant.");
  });
});
