/** What every page of the console must withstand: axe in both colour schemes, a narrow screen, a silent browser log. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { ConsoleMessage, Page } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const WIDE = { width: 1280, height: 800 };
// WCAG's reflow: 1280 pixels at 400 %.
const NARROW = { width: 320, height: 640 };
// 40 rem, as the stylesheet has it.
const TABLES_ARE_CARDS_TO = 640;

// Between the two, where the layout changes.
const WIDTHS_BETWEEN = [390, 700];

// Between them they have every rule of our stylesheet.
const LOOKS = [
  { colorScheme: "light", viewport: WIDE },
  { colorScheme: "dark", viewport: NARROW },
] as const;
/** For a stylesheet that is not ours, where nobody knows. */
export const ALL_LOOKS = [
  ...LOOKS,
  { colorScheme: "light", viewport: NARROW },
  { colorScheme: "dark", viewport: WIDE },
] as const;

/**
 * Looks at the page as it stands, so that the answer to a post can be looked at too.
 * @param looks - wide and light, and narrow and dark, unless told
 * @returns what is wrong
 */
export async function inspectPage(page: Page, looks: readonly Look[] = LOOKS): Promise<string[]> {
  const problems: string[] = [];
  for (const look of looks) {
    await takeOn(page, look);
    problems.push(...(await inspectAsItIs(page, look)));
  }
  for (const width of WIDTHS_BETWEEN) {
    await page.setViewportSize({ ...NARROW, width });
    problems.push(...(await sidewaysScroll(page, width)));
  }
  await page.setViewportSize(WIDE);
  return problems;
}

type Look = (typeof ALL_LOOKS)[number];

export async function takeOn(page: Page, { colorScheme, viewport }: Look): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
  await page.setViewportSize(viewport);
}

/** For what is open only until the window changes. @param look - that the page has taken on */
export async function inspectAsItIs(page: Page, { colorScheme, viewport }: Look): Promise<string[]> {
  const where = `${new URL(page.url()).pathname} (${colorScheme}, ${viewport.width} px)`;
  return [
    ...(await violations(page)).map((text) => `${where}: ${text}`),
    ...(await sidewaysScroll(page, viewport.width)),
  ];
}

/** Neither the page, nor on a narrow screen a table in it. */
async function sidewaysScroll(page: Page, width: number): Promise<string[]> {
  const where = `${new URL(page.url()).pathname} (${width} px)`;
  const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
  const cut = await page.evaluate<number>(
    `[...document.querySelectorAll(".scroll:has(> table)")].filter((frame) => frame.scrollWidth > frame.clientWidth).length`,
  );
  return [
    ...(wide > width ? [`${where}: scrolls sideways, ${wide} px wide`] : []),
    ...(cut > 0 && width <= TABLES_ARE_CARDS_TO ? [`${where}: ${cut} tables are wider than the screen`] : []),
  ];
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const options = JSON.stringify({ runOnly: RULES, resultTypes: ["violations"] });
  const found = await page.evaluate<readonly Violation[]>(
    `axe.run(document, ${options}).then(({ violations }) => violations)`,
  );
  return found.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes[0]?.html} ${nodes[0]?.failureSummary ?? ""}`,
  );
}

/**
 * Collects what the browser complains of: errors and warnings of its console, refused resources, failed scripts.
 * An answer that is an error by intention is logged by Chromium too; that one line is not a complaint.
 */
export function listenToBrowser(page: Page): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (!isAnswerOf(page, message)) complaints.push(`${page.url()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed";
    // Whoever leaves a page ends what it was still loading.
    if (reason !== "net::ERR_ABORTED") complaints.push(`${request.url()}: ${reason}`);
  });
  return complaints;
}

function isAnswerOf(page: Page, message: ConsoleMessage): boolean {
  const isStatus = /^Failed to load resource: the server responded with a status of [45]/.test(
    message.text(),
  );
  return isStatus && message.location().url === page.url();
}
