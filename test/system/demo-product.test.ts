/** A person and a product: turned away, let in once Azure assigns them, out within a second after Azure removes them. */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRollcallClient } from "../../src/client/index.ts";
import { createDemoProduct } from "../../tools/demo-product/product.ts";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { addProductKey } from "../support/product.ts";
import { createUser, patch } from "../support/provision.ts";
import { startTestService, type TestService, type TestTenant } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const canRun = hasChromium();

let service: TestService;
let tenant: TestTenant;
let product: Server;
let url: string;
let browser: Browser;
let stopFollowing: () => void;

beforeAll(async () => {
  if (!canRun) return;
  service = await startTestService(openTestQueue(queueBackends()[0]!));
  tenant = await service.addTenant();
  const key = await addProductKey(service.database, tenant.tenantId);
  const rollcall = createRollcallClient({ url: service.apiUrl, key, cacheMs: 100 });
  stopFollowing = rollcall.follow();
  product = createDemoProduct(rollcall).listen(0, "127.0.0.1");
  await new Promise((resolve) => product.once("listening", resolve));
  url = `http://127.0.0.1:${(product.address() as AddressInfo).port}`;
  browser = await launchBrowser();
});
afterAll(async () => {
  if (!canRun) return;
  stopFollowing();
  await browser.close();
  product.close();
  product.closeAllConnections();
  await service.stop();
});

/** @returns what the page says that follows the form */
async function signIn(page: Page, userName: string): Promise<string> {
  await page.context().clearCookies();
  await page.goto(url);
  await page.getByLabel("Work e-mail").fill(userName);
  await page.getByRole("button", { name: "Sign in" }).click();
  const heading = page.getByRole("heading", { level: 1 }).filter({ hasNotText: "Sign in" });
  return (await heading.textContent()) ?? "";
}

test.skipIf(!canRun)("a person's access begins and ends with what Azure says", async () => {
  const page = await browser.newPage();
  await createUser(tenant.scim, "somebody.else@contoso.com");

  expect(await signIn(page, "ada@contoso.com")).toBe("No access");
  expect(await page.getByRole("alert").textContent()).toMatch(/has not given you access yet/);

  const id = await createUser(tenant.scim, "Ada@contoso.com", { active: true });
  await expect.poll(() => signIn(page, "ada@contoso.com")).toBe("Hello, ada@contoso.com");
  await page.reload();
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Hello, ada@contoso.com");
  expect(await page.textContent("body")).toContain("You have no particular role.");

  await tenant.scim("PATCH", `/Users/${id}`, patch({ op: "Replace", path: "active", value: "False" }));
  // The open page is told by itself, and the session is gone for whoever has its cookie.
  await page.getByRole("heading", { name: "No access" }).waitFor();
  expect(await page.getByRole("alert").textContent()).toMatch(/has ended your access/);
  await page.goto(url);
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
  expect(await signIn(page, "ada@contoso.com")).toBe("No access");
});
