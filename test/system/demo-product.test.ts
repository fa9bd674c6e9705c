/**
 * A person and a product: turned away, let in once Azure assigns them, out once Azure removes them. Azure is the
 * simulator, with the requests of its cycles.
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRollcallClient } from "../../src/client/index.ts";
import { createDemoProduct } from "../../tools/demo-product/product.ts";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { inspectPage } from "../support/inspect-page.ts";
import { addProductKey } from "../support/product.ts";
import { type Azure, startAzure } from "../support/azure.ts";
import { startTestService, type TestService } from "../support/service.ts";
import { openTestQueue, queueBackends } from "../support/stores.ts";

const canRun = hasChromium();

let service: TestService;
let azure: Azure;
let product: Server;
let url: string;
let browser: Browser;
let stopFollowing: () => void;

beforeAll(async () => {
  if (!canRun) return;
  service = await startTestService(openTestQueue(queueBackends()[0]!));
  const tenant = await service.addTenant();
  azure = startAzure(service.apiUrl, tenant.token);
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
  azure.stop();
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
  const [somebody, person] = [azure.hire(), azure.hire()];
  const name = person.userName.toLowerCase();
  await azure.assign(somebody);

  expect(await signIn(page, name)).toBe("No access");
  expect(await page.getByRole("alert").textContent()).toMatch(/has not given you access yet/);

  await azure.assign(person);
  await expect.poll(() => signIn(page, name), { timeout: 60_000 }).toBe(`Hello, ${name}`);
  await page.reload();
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(`Hello, ${name}`);
  expect(await page.textContent("body")).toContain("You have no particular role.");
  expect(await inspectPage(page)).toEqual([]);

  await azure.remove(person);
  // The open page is told by itself, and the session is gone for whoever has its cookie.
  await page.getByRole("heading", { name: "No access" }).waitFor();
  expect(await page.getByRole("alert").textContent()).toMatch(/has ended your access/);
  expect(await inspectPage(page)).toEqual([]);
  await page.goto(url);
  expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe("Sign in");
  expect(await inspectPage(page)).toEqual([]);
  expect(await signIn(page, name)).toBe("No access");

  // Assigned again it is the same person, who gets in; and whom nothing was done to has been let in all along.
  await azure.assign(person);
  await expect.poll(() => signIn(page, name), { timeout: 60_000 }).toBe(`Hello, ${name}`);
  expect(await signIn(page, somebody.userName)).toBe(`Hello, ${somebody.userName}`);
});
