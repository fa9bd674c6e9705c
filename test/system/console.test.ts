/**
 * The console as people use it, in a browser, against the whole service and the Azure AD simulator: from the first
 * sign-in, by the first cycle and a job that failed, to the disconnected connection.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensureOwner } from "../../src/dashboard/owner.ts";
import { runSimulation } from "../../tools/azure-ad/simulation.ts";
import type { Operation } from "../../tools/azure-ad/stats.ts";
import { type Azure, startAzure } from "../support/azure.ts";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { inspectPage, listenToBrowser } from "../support/inspect-page.ts";
import { patch, USER } from "../support/provision.ts";
import { createScimClient } from "../support/scim-client.ts";
import { startTestService, type TestService, waitFor } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const OWNER_PASSWORD = "a password for a browser";
const SIZES = { users: 20, groups: 2, groupSize: 8, cycles: 1, beat: 0, concurrency: 4, seed: 5 };

// One journey: each test goes on from where the one before it left the browser.
describe.skipIf(!hasChromium())("the console in a browser", () => {
  let service: TestService;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  let url: string;
  let azure: Azure | undefined;
  let tenantUrl: string;
  let token: string;
  let newToken: string;

  beforeAll(async () => {
    const [kind = "postgres"] = queueBackends();
    service = await startTestService(openTestQueue(kind), { CYCLE_IDLE_SECONDS: "3" });
    await ensureOwner(service.database, { password: OWNER_PASSWORD });
    url = service.service.addresses().dashboard ?? "";
    browser = await launchBrowser();
    page = await browser.newPage();
    complaints = listenToBrowser(page);
  });
  afterAll(async () => {
    azure?.stop();
    await browser.close();
    await service.stop();
  });

  const text = async (): Promise<string> => (await page.innerText("main")).replaceAll(/\s+/g, " ");
  const fact = async (name: string): Promise<string> => {
    const value = page.locator(`dl.facts div:has(> dt:text-is("${name}")) > dd`);
    const copied = value.locator("code.copy");
    return (await copied.count()) > 0 ? copied.innerText() : value.innerText();
  };
  const press = (name: string) => page.getByRole("button", { name }).click();
  const follow = (name: string) => page.getByRole("main").getByRole("link", { name }).first().click();

  async function signIn(login: string, password: string): Promise<void> {
    await page.getByLabel("Login").fill(login);
    await page.getByLabel("Password").fill(password);
    await press("Sign in");
  }

  async function expectSound(): Promise<void> {
    expect(await inspectPage(page)).toEqual([]);
    expect(complaints).toEqual([]);
  }

  test("the owner signs in, on the second try", async () => {
    await page.goto(url);
    await expectSound();
    await signIn("owner", "not the password");
    expect(await text()).toContain("do not match");
    await expectSound();

    await signIn("owner", OWNER_PASSWORD);

    expect(await text()).toContain("No identity provider is connected yet");
    await expectSound();
  });

  test("activating Azure shows the Tenant URL and the token", async () => {
    await follow("Activate Azure");
    await expectSound();
    await page.getByLabel("Tenant name").fill("Contoso Ltd");
    await page.getByLabel("Short name").fill("contoso");

    await page.getByLabel("Long-lived bearer token").check();
    await expectSound();
    await press("Activate");

    tenantUrl = await fact("Tenant URL");
    token = await fact("Secret Token");
    expect(tenantUrl).toBe(`${service.apiUrl}/scim/v2`);
    expect(token).toMatch(/^rc_[\w-]{43}$/);
    await expectSound();
    await page.getByRole("button", { name: "Copy" }).last().click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    await follow("I have copied it");
    expect(await text()).toContain("Waiting for Azure to knock");
    await expectSound();
  });

  test("without a reload the page says why Azure's test fails, and turns green when it gets in", async () => {
    await createScimClient(tenantUrl, token.slice(0, -3))("GET", "/Users?count=0");
    await page.getByText("Turned away: the token is not whole").waitFor();
    await expectSound();

    azure = startAzure(service.apiUrl, token);
    await azure.testConnection();

    await page.getByText("Last authenticated request").waitFor();
    expect(await page.locator(".status.good").count()).toBe(1);
    await page.getByRole("cell", { name: "Test", exact: true }).waitFor();
    await expectSound();
  });

  test("the initial cycle is seen live, and the pages show what it did", async () => {
    await markPage();

    const report = await runSimulation({ url: tenantUrl, token, dialect: "mixed", ...SIZES });
    expect(report.clean).toBe(true);
    const counted = report.verification!;
    const sent = (name: Operation): number =>
      report.operations.find(({ operation }) => operation === name)?.requests ?? 0;
    // Stays once the quiet time has closed the cycle.
    await page.getByRole("cell", { name: "Initial", exact: true }).waitFor({ timeout: 90_000 });

    await expectUnloaded();
    expect(await text()).toContain("Connected Last");
    const created = sent("create user") + sent("create group");
    expect(await text()).toMatch(new RegExp(`Initial Applied [\\d.]+ s ${created} `));
    await expectSound();
    await page.locator("table").first().getByRole("link").first().click();
    expect(await text()).toContain("Initial cycle Applied");
    expect(await row("Users")).toEqual([`${counted.users}`, `${sent("set manager")}`, "0", "0", "0"]);
    expect((await row("Groups"))[0]).toBe(String(counted.groups));
    expect((await row("Memberships"))[0]).toBe(String(counted.memberships));
    const requests = report.operations.reduce((sum, operation) => sum + operation.requests, 0);
    expect(await fact("Requests")).toMatch(new RegExp(`^${requests} `));
    await expectSound();
    await page.getByRole("link", { name: "Overview" }).first().click();
    expect(await text()).toContain(`${counted.users} active users of ${counted.users}`);
    expect(await text()).toContain("Last 1 cycle: 1 applied");
    await expectSound();
  });

  test("the numbers of an open page move with each person whom Azure assigns", async () => {
    const users = async (): Promise<number> =>
      (await createScimClient(tenantUrl, token)("GET", "/Users?count=0")).body.totalResults;
    const before = await users();
    await markPage();

    await azure!.assign(azure!.hire());
    await page.getByText(`active users of ${before + 1}`).waitFor();
    const leaver = azure!.hire();
    await azure!.assign(leaver);
    await page.getByText(`active users of ${before + 2}`).waitFor();
    await azure!.remove(leaver);

    await page
      .getByRole("listitem")
      .filter({ hasText: `${before + 1} active users of ${before + 2}` })
      .waitFor();
    await expectUnloaded();
    await expectSound();
  });

  // What a script has set is gone with the document that it was set on.
  const markPage = () => page.evaluate("void (window.isSameDocument = true)");
  const expectUnloaded = async (): Promise<void> =>
    expect(await page.evaluate("window.isSameDocument")).toBe(true);

  async function row(resource: string): Promise<string[]> {
    const cells = await page.locator(`tr:has(> td:text-is("${resource}")) > td`).allInnerTexts();
    return cells.slice(1);
  }

  test("a refused job is found and understood, mended in Azure, retried here, and resolved", async () => {
    const scim = createScimClient(tenantUrl, token);
    const holder = await scim("POST", "/Users", { schemas: [USER], userName: "Ada@contoso.com" });
    const refused = await scim("POST", "/Users", { schemas: [USER], userName: "ada@CONTOSO.com" });
    expect(refused.status).toBe(409);

    await page.getByRole("link", { name: "Failed jobs" }).first().click();

    expect(await text()).toMatch(/Create user: userName-taken Refused 1 job/);
    expect(await text()).toContain("Another user has this userName");
    await expectSound();
    await follow("Create user: userName-taken");
    expect(await text()).toMatch(/Create user Refused 409 · uniqueness · userName-taken/);
    expect(await text()).toContain("ada@CONTOSO.com");
    expect(await text()).toContain(refused.headers.get("x-correlation-id"));
    await expectSound();
    await follow("Create user");
    expect(await text()).toContain("It collides with user");
    expect(await text()).toMatch(/What to do .+ In Azure .+ Here /);
    await expectSound();

    await press("Retry");
    await lookUntil("Retried in vain");
    await expectSound();
    await follow("See how the retry failed");
    await scim(
      "PATCH",
      `/Users/${holder.body.id}`,
      patch({ op: "Replace", path: "userName", value: "ada.older@contoso.com" }),
    );
    await press("Retry");
    await lookUntil("Resolved by its retry");
    await expectSound();

    await page.goto(`${url}/failed`);
    expect(await text()).toContain("Nothing failed");
    const both = await scim("GET", `/Users?filter=${encodeURIComponent('userName sw "ada"')}`);
    expect(both.body.totalResults).toBe(2);
  });

  /** A retry goes by the queue: the page is looked at again, as its link says, until it tells the end. */
  async function lookUntil(said: string): Promise<void> {
    await waitFor(async () => {
      if ((await text()).includes(said)) return true;
      await page.reload();
      return false;
    }, 90_000);
  }

  test("a rotated token is shown, and the old one works on beside it until it is revoked", async () => {
    await page.goto(url);
    await follow("Contoso Ltd");
    await follow("Rotate token");
    await expectSound();
    await page.getByLabel("The old token").selectOption("One more day");

    await press("Rotate now");

    newToken = await fact("Secret Token");
    await expectSound();
    for (const each of [token, newToken])
      expect((await createScimClient(tenantUrl, each)("GET", "/Users?count=0")).status).toBe(200);
    await follow("I have copied it");
    expect(await page.content()).not.toContain(newToken);
    await page.getByText("Replaced, still works").waitFor();
    await expectSound();
    await page
      .locator("tr", { hasText: token.slice(0, 8) })
      .getByRole("link", { name: "Revoke" })
      .click();
    await expectSound();
    await press("Revoke this token");
    expect((await createScimClient(tenantUrl, token)("GET", "/Users?count=0")).status).toBe(401);
    expect((await createScimClient(tenantUrl, newToken)("GET", "/Users?count=0")).status).toBe(200);
  });

  test("disconnecting asks for a tick, and then Azure is cut off at once", async () => {
    await page.goto(url);
    await follow("Contoso Ltd");
    await follow("Disconnect");
    expect(await text()).toContain("The connection's tokens are dead at once");
    await expectSound();
    await press("Disconnect");
    expect(page.url()).toMatch(/\/disconnect$/);
    expect((await createScimClient(tenantUrl, newToken)("GET", "/Users?count=0")).status).toBe(200);

    await page.getByLabel("I understand").check();
    await press("Disconnect");

    await page.getByText("Azure's requests are refused; the data stays.").waitFor();
    expect((await createScimClient(tenantUrl, newToken)("GET", "/Users?count=0")).status).toBe(401);
    await expectSound();
    await page.goto(url);
    expect(await text()).toContain("Disconnected");
  });

  test("the queue board draws itself under its policy, and loads nothing from elsewhere", async () => {
    const hosts = new Set<string>();
    page.on("request", (request) => hosts.add(new URL(request.url()).host));

    await page.getByRole("link", { name: "Queues" }).first().click();
    await page.getByText("scim-writes").first().waitFor();
    await page.getByText("scim-writes").first().click();
    await page.getByText("hidden").or(page.getByText("Failed")).first().waitFor();
    expect([...hosts]).toEqual([new URL(url).host]);
    expect(complaints).toEqual([]);
  });

  test("a viewer is told what the role may not, and an unknown page where to go", async () => {
    await page.goto(url);
    await press("Sign out");
    await addAccount(service.database, "viewer", "viewer");
    await signIn("viewer", PASSWORD);
    await expectSound();
    await page.goto(`${url}/activate`);
    expect(await text()).toContain("Your role is viewer; this needs the role admin.");
    await expectSound();
    await page.goto(`${url}/nowhere`);
    expect(await text()).toContain("Not found");
    await expectSound();
  });
});
