/**
 * The pages of Bull Board in a browser, light and dark, wide and narrow: with our script and stylesheet in them axe-core
 * has nothing to complain of, also after the board has drawn itself anew.
 */
import type { Browser, Page } from "playwright-core";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { WriteCommand } from "../../src/queue/contracts.ts";
import { createQueueBackend, QUEUES, type WriteQueue } from "../../src/queue/queues.ts";
import { hasChromium, launchBrowser } from "../support/browser.ts";
import { addAccount, PASSWORD } from "../support/console-seed.ts";
import { startConsole, type TestConsole } from "../support/console.ts";
import { ALL_LOOKS, inspectAsItIs, inspectPage, listenToBrowser, takeOn } from "../support/inspect-page.ts";
import { waitFor } from "../support/service.ts";
import { createTestDatabase, openTestQueue, queueBackends, type TestDatabase } from "../support/stores.ts";

const QUEUE = `/queues/queue/${QUEUES.writes}`;
const REFUSAL = "409 uniqueness: userName is taken";

function command(): WriteCommand {
  const [writeId, tenantId, connectionId, resourceId] = [uuidv7(), uuidv7(), uuidv7(), uuidv7()];
  return {
    ...{ version: 1, writeId, tenantId, tenantSlug: "contoso", connectionId, resourceId },
    ...{ cycleId: null, apiId: uuidv7(), requestKey: uuidv7(), correlationId: "correlation-of-the-write" },
    ...{ operation: "create", resourceType: "User", ifMatch: null, requestedAt: Date.now() },
    payload: { userName: "ada.lovelace@contoso.com" },
  };
}

async function add(queue: WriteQueue): Promise<string> {
  const write = command();
  const kept = { attempts: 1, removeOnComplete: false, removeOnFail: false };
  await queue.add("create User", write, { jobId: write.writeId, ...kept });
  return write.writeId;
}

describe.skipIf(!hasChromium()).each(queueBackends())("with the queue on %s", (kind) => {
  let store: TestDatabase;
  let queue: WriteQueue;
  let site: TestConsole;
  let browser: Browser;
  let page: Page;
  let complaints: readonly string[];
  const jobs: Record<"completed" | "failed" | "waiting", string> = { completed: "", failed: "", waiting: "" };

  beforeAll(async () => {
    store = await createTestDatabase();
    const backend = createQueueBackend({
      databaseUrl: store.url,
      ...openTestQueue(kind),
      onError: () => undefined,
    });
    await backend.prepare();
    queue = backend.openQueue();
    await queue.waitUntilReady();
    jobs.completed = await add(queue);
    jobs.failed = await add(queue);
    let taken = 0;
    const worker = backend.openWorker(() => {
      taken += 1;
      return taken === 1 ? Promise.resolve() : Promise.reject(new Error(REFUSAL));
    }, 1);
    void worker.run();
    await waitFor(async () => {
      const { completed, failed } = await queue.getJobCounts("completed", "failed");
      return completed === 1 && failed === 1;
    });
    await worker.close();
    jobs.waiting = await add(queue);
    site = await startConsole(store.database, { queues: [queue] });
    await addAccount(store.database, "viewer", "viewer");
    browser = await launchBrowser();
    page = await browser.newPage();
    complaints = listenToBrowser(page);
    await signIn();
  });
  afterAll(async () => {
    await browser.close();
    await site.stop();
    await queue.close();
    await store.drop();
  });

  beforeEach(() => takeOn(page, ALL_LOOKS[0]));

  async function signIn(): Promise<void> {
    await page.goto(`${site.url}/sign-in`);
    await page.getByLabel("Login").fill("viewer");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  }

  async function open(address: string, shown: string): Promise<void> {
    await page.goto(`${site.url}${address}`);
    await page.locator("main").getByText(shown).first().waitFor();
  }

  async function expectSound(): Promise<void> {
    expect(await inspectPage(page, ALL_LOOKS)).toEqual([]);
    // The board preloads more than each of its pages uses, of which Chromium tells whoever stays for some seconds.
    expect(complaints.filter((text) => !text.includes("was preloaded using link preload"))).toEqual([]);
  }

  test("the overview", async () => {
    await open("/queues/", QUEUES.writes);

    await expectSound();
  });

  test.each(["completed", "failed", "waiting"] as const)("the list of jobs that are %s", async (status) => {
    await open(`${QUEUE}?status=${status}`, jobs[status]);

    await expectSound();
  });

  test("a list without jobs", async () => {
    await open(`${QUEUE}?status=delayed`, "No delayed jobs");

    await expectSound();
  });

  test.each(["Data", "Options", "Error", "Logs"])("one job: %s", async (tab) => {
    await open(`${QUEUE}/${jobs.failed}`, REFUSAL);
    await page.getByRole("tab", { name: tab }).click();
    await page.getByRole("tab", { name: tab, selected: true }).waitFor();

    await expectSound();
  });

  test.each(["Settings", "What holds the queues", "Queue info"])(
    "the window of the button %s",
    async (name) => {
      await open(QUEUE, jobs.failed);
      await page.getByRole("button", { name }).click();
      await page.getByRole("dialog").getByRole("heading").first().waitFor();

      await expectSound();
    },
  );

  test.each(ALL_LOOKS)("a menu leads back to the console, by keyboard: %o", async (look) => {
    await takeOn(page, look);
    await open("/queues/", QUEUES.writes);
    await page.getByRole("button", { name: "Other pages" }).press("Enter");
    const back = page.getByRole("menuitem", { name: "Back to the console" });
    await back.waitFor();

    expect(await inspectAsItIs(page, look)).toEqual([]);
    await back.press("Enter");
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
  });

  test.each(ALL_LOOKS.filter(({ viewport }) => viewport.width < 400))(
    "on a narrow screen a list leads from queue to queue: %o",
    async (look) => {
      await takeOn(page, look);
      await open("/queues/", QUEUES.writes);
      await page.getByRole("button", { name: "Overview" }).press("Enter");
      await page.getByRole("menuitem", { name: QUEUES.writes }).waitFor();

      expect(await inspectAsItIs(page, look)).toEqual([]);
    },
  );

  test("signing out leaves nothing of it in the browser", async () => {
    await open("/queues/", QUEUES.writes);
    await page.evaluate("void localStorage.setItem('of-the-session', 'a queue')");

    await page.goto(`${site.url}/`);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { level: 1, name: "Sign in" }).waitFor();

    expect(await page.evaluate("Object.keys(localStorage)")).toEqual([]);
    await signIn();
  });

  test("what the board draws anew is named as well, and has its place among the headings", async () => {
    await open(`${QUEUE}?status=waiting`, jobs.waiting);
    const copy = page.locator("main").getByRole("button", { name: "Copy", exact: true });
    const before = await copy.count();

    const added = await add(queue);
    await page.locator("main").getByText(added).first().waitFor();

    expect(await copy.count()).toBeGreaterThan(before);
    // By the attribute: Playwright knows the level of an h5 by its name alone.
    expect(await page.locator("[aria-level='2']", { hasText: "create User" }).count()).toBe(2);
    expect(await page.getByRole("heading", { level: 1 }).count()).toBe(1);
    await expectSound();
  });
});
