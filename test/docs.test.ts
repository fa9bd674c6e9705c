/** Documentation and code say the same, both ways. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { expect, test } from "vitest";
import { PROBLEM_CODES } from "../src/api/product/problem.ts";
import { Config } from "../src/platform/config.ts";
import { createMetrics } from "../src/platform/metrics.ts";
import { ERROR_CODES, EXPLANATIONS } from "../src/scim/index.ts";
import { EventMessage, PAYLOAD_VERSIONS } from "../src/store/event-messages.ts";
import { EventMessage2 } from "../src/store/event-messages-2.ts";
import { EVENT_TYPES } from "../src/store/events.ts";
import { fillIn, SECTIONS } from "../tools/compatibility/page.ts";
import { titlesIn, titlesOf } from "../tools/compatibility/titles.ts";
import { attributesPage } from "../tools/attributes/page.ts";
import { allPictures, picturesPage } from "../tools/pictures-page.ts";
import { JAVELO_EXTENSIONS } from "./support/extensions.ts";

interface MetricShape {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
}

const ROOT = join(import.meta.dirname, "..");
// Everybody who clones the repository has them.
const PICTURES_BYTES_MAX = 5_000_000;
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** First cells of the tables of a page, where they are code. */
function documented(path: string): string[] {
  return [...read(path).matchAll(/^\| `([^`]+)`/gm)].map((match) => match[1] ?? "").sort();
}

function docsPages(): string[] {
  return readdirSync(join(ROOT, "docs"))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `docs/${name}`);
}

test("docs/README.md leads to every page", () => {
  const index = read("docs/README.md");

  for (const page of docsPages().filter((name) => name !== "docs/README.md"))
    expect(index, page).toContain(`](${page.replace("docs/", "")})`);
});

test("docs/configuration.md documents every setting, with its description and default", () => {
  const page = read("docs/configuration.md");
  const settings = Object.entries(Config.shape);

  // The two that bin/start reads before there is a configuration stand there as well.
  const beforeConfig = ["ROLLCALL_DATA_DIR", "ROLLCALL_EMBEDDED_QUEUE"];
  const names = settings.map(([name]) => name);
  expect(documented("docs/configuration.md")).toEqual([...names, ...beforeConfig].sort());
  for (const [name, schema] of settings) expect(page, name).toContain(schema.description ?? "no description");
});

test(".env.example names every setting and no other", () => {
  const named = [...read(".env.example").matchAll(/^#? ?([A-Z][A-Z_]+)=/gm)].map((match) => match[1] ?? "");

  const beforeConfig = ["ROLLCALL_DATA_DIR", "ROLLCALL_EMBEDDED_QUEUE"];
  const names = Object.keys(Config.shape);
  expect([...new Set(named)].sort()).toEqual(expect.arrayContaining([...names].sort()));
  for (const name of named)
    expect([...names, ...beforeConfig, "POSTGRES_PASSWORD", "ROLLCALL_VERSION"]).toContain(name);
});

test("docs/metrics.md documents every metric of our own, with its kind and labels", () => {
  const { registry } = createMetrics({ tenantsMax: 1, version: "0" });
  const ours = registry.getMetricsAsArray().flatMap((metric) => {
    // What prom-client keeps of each, and does not declare.
    const { name, help, labelNames = [] } = metric as unknown as MetricShape;
    const kind = metric.constructor.name.toLowerCase();
    return name.startsWith("rollcall_") ? [[name, kind, labelNames.join(", "), help]] : [];
  });
  const rows = [...read("docs/metrics.md").matchAll(/^\| `(rollcall_\w+)` +\|(.*)\|$/gm)].map(
    ([, name = "", cells = ""]) => [name, ...cells.split("|").map((cell) => cell.trim())],
  );

  expect(ours.length).toBeGreaterThan(30);
  const byName = (rowsOf: readonly (readonly string[])[]) =>
    [...rowsOf].sort(([one = ""], [other = ""]) => (one < other ? -1 : 1));
  expect(byName(rows)).toEqual(byName(ours));
});

test("every alert has a runbook that names it and a test in which it fires, and every runbook an alert", () => {
  const rules = [
    ...read("ops/prometheus/rules.yml").matchAll(/- alert: (\w+)\n(?:(?! {6}- ).*\n)*? +runbook: (\S+)\n/g),
  ].map(([, alert = "", runbook = ""]) => ({ alert, runbook }));
  const tests = read("ops/prometheus/rules.test.yml");

  expect(rules).toHaveLength(read("ops/prometheus/rules.yml").match(/- alert: /g)?.length ?? 0);
  for (const { alert, runbook } of rules) {
    expect(read(runbook), alert).toMatch(new RegExp(`^Alerts?: .*\`${alert}\``, "m"));
    expect(tests, alert).toMatch(new RegExp(`alertname: ${alert}\\n +exp_alerts:\\n +- exp_labels`));
  }
  const pages = readdirSync(join(ROOT, "docs/runbooks")).map((name) => `docs/runbooks/${name}`);
  expect([...new Set(rules.map(({ runbook }) => runbook))].sort()).toEqual(pages.sort());
});

test("docs/errors.md documents every error code, with its meaning", () => {
  const page = read("docs/errors.md");

  expect(documented("docs/errors.md")).toEqual(Object.keys(ERROR_CODES).sort());
  for (const [code, meaning] of Object.entries(ERROR_CODES)) expect(page, code).toContain(meaning);
});

test("docs/errors.md says what to do about each error, as the console does", () => {
  const entries = [
    ...read("docs/errors.md").matchAll(/^- \*\*(.+)\*\*\n {2}- In Azure: (.+)\n {2}- Here: (.+)$/gm),
  ];
  const said = new Map(entries.map(([, code = "", inAzure = "", here = ""]) => [code, { inAzure, here }]));

  const plain = (text: string | undefined): string | undefined => text?.replaceAll("\\", "");
  expect([...said.keys()].sort()).toEqual(Object.keys(ERROR_CODES).sort());
  for (const [code, { inAzure, here }] of Object.entries(EXPLANATIONS)) {
    expect(plain(said.get(code)?.inAzure), code).toBe(plain(inAzure));
    expect(plain(said.get(code)?.here), code).toBe(plain(here));
  }
});

test("every error code is one that something throws", () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith("error-codes.ts"))
    .map((name) => read(join("src", name)));

  const unused = Object.keys(ERROR_CODES).filter(
    (code) => !sources.some((text) => text.includes(`"${code}"`)),
  );
  expect(unused).toEqual([]);
});

test("docs/compatibility.md has a row for every statement and quirk, with the tests that hold it", () => {
  const page = read("docs/compatibility.md");

  // Fails with what is missing; after a change of titles, `npm run docs:compatibility` fills them in.
  expect(page).toBe(fillIn(page, SECTIONS, titlesIn(ROOT, "test/system")));
});

test("a statement without a test, and a test without a statement, are told", () => {
  const page = "<!-- tests: RFC -->\n\n| # | a | b | tests |\n| - | - | - | - |\n| 1 | x | y | |\n\n";
  const titles = titlesOf("a.test.ts", 'test("RFC 1: one", f); test.each([["a"]])("RFC 1: of %j", f);');
  const filled = (keys: string[]) => fillIn(page, [{ kind: "RFC", keys }], titles);

  expect(filled(["1"])).toContain("| 1 | x | y | one<br>of … |");
  expect(() => filled(["1", "2"])).toThrow("the rows of RFC are 1 instead of 1,2");
  expect(() => fillIn(page, [{ kind: "RFC", keys: ["1"] }], [])).toThrow('no test is named "RFC 1: …"');
});

test("tests that name a statement or a quirk speak HTTP to the service", () => {
  const files = new Set(titlesIn(ROOT, "test/system").map(({ file }) => file));

  expect(files.size).toBeGreaterThan(10);
  for (const file of files) expect(read(file), file).toMatch(/useOneService\(\)|startTestService\(/);
});

test("docs/product-api.md documents every problem code, with its meaning", () => {
  const page = read("docs/product-api.md");

  for (const [code, meaning] of Object.entries(PROBLEM_CODES)) {
    expect(page, code).toContain(`| \`${code}\``);
    expect(page, code).toContain(meaning);
  }
});

test("docs/events.md documents every type of event, with examples that are what is sent", () => {
  const page = read("docs/events.md");
  const examples = [...page.matchAll(/```json\n([^`]*?)```/g)]
    .map(([, text = ""]) => JSON.parse(text) as object)
    .filter((example): example is { payloadVersion: number } => "payloadVersion" in example);

  expect(documented("docs/events.md").filter((name) => name.includes("."))).toEqual([...EVENT_TYPES].sort());
  expect(examples.length).toBeGreaterThan(2);
  const versions = examples.map(({ payloadVersion }) => payloadVersion);
  expect([...new Set(versions)].sort()).toEqual([...PAYLOAD_VERSIONS]);
  for (const example of examples) {
    const schema = example.payloadVersion === 2 ? EventMessage2 : EventMessage;
    expect(schema.parse(example)).toEqual(example);
  }
});

test("docs/attributes.md is what npm run docs:attributes writes", async () => {
  const path = join(ROOT, "docs/attributes.md");
  const options = { ...(await resolveConfig(path)), parser: "markdown" };

  expect(read("docs/attributes.md")).toBe(await format(attributesPage(JAVELO_EXTENSIONS), options));
});

test("docs/security.md has each requirement of ASVS 5.0 level 2 once, and names files that exist", () => {
  const rows = [...read("docs/security.md").matchAll(/^\| (\d[\d., ]*\d) +\|(.*)\|$/gm)].map(
    ([, ids = "", rest = ""]) => {
      const cells = rest.split("|").map((cell) => cell.trim());
      return {
        ids: ids.split(", "),
        state: cells[1] ?? "",
        files: (cells[3] ?? "").match(/[\w./-]+(?=`)/g) ?? [],
      };
    },
  );
  const ids = rows.flatMap((row) => row.ids);

  // The standard has 70 requirements of level 1 and 183 of level 2.
  expect([ids.length, new Set(ids).size]).toEqual([253, 253]);
  const many = (wanted: string): number =>
    rows.flatMap(({ ids: of, state }) => (state === wanted ? of : [])).length;
  expect(read("docs/security.md")).toContain(
    `Of 253 requirements ${many("met")} are met, ${many("**partly**")} partly, ${many("**not met**")} not; ` +
      `${many("operator")} are the operator's, ${many("not applicable")} do not apply.`,
  );
  for (const { ids: of, state, files } of rows) {
    expect(["met", "**partly**", "**not met**", "operator", "not applicable"], of.join()).toContain(state);
    if (state === "met") expect(files.length, of.join()).toBeGreaterThan(0);
    for (const file of files) expect(existsSync(join(ROOT, file)), file).toBe(true);
  }
});

test("every picture of a page is there, small, and shown somewhere; and every one that is shown is there", () => {
  const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter(
    (name) => name.endsWith(".md"),
  );
  const shown = pages.flatMap((page) =>
    [...read(page).matchAll(/images\/([\w-]+\.\w+)/g)].map(([, name = ""]) => name),
  );
  const there = readdirSync(join(ROOT, "docs/images"));

  expect(read("docs/pictures.md")).toBe(picturesPage());
  expect(there.sort()).toEqual([...allPictures()].sort());
  expect([...new Set(shown)].sort()).toEqual(there.sort());
  const bytes = there.reduce((sum, name) => sum + statSync(join(ROOT, "docs/images", name)).size, 0);
  expect(bytes).toBeLessThan(PICTURES_BYTES_MAX);
});

test("README's table names every folder of src", () => {
  const folders = readdirSync(join(ROOT, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => `src/${name}`);

  const named = documented("README.md").filter((name) => name.startsWith("src/"));
  expect(named.sort()).toEqual(folders.sort());
});

test("every npm script that documentation names exists", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const pages = ["README.md", "CONTRIBUTING.md", "bench/README.md", ...docsPages()];

  for (const page of pages) {
    for (const [, name = ""] of read(page).matchAll(/npm run ([\w:-]+)/g)) {
      expect(Object.keys(scripts), page).toContain(name);
    }
  }
});

test("every relative link of the documentation leads somewhere", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", ...docsPages()];

  for (const page of pages) {
    for (const [, target = ""] of read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
      expect(() => readFileSync(join(ROOT, page, "..", target)), `${page} → ${target}`).not.toThrow(/ENOENT/);
    }
  }
});

test("every alert has a runbook and a test, and rules and dashboards name metrics that exist", async () => {
  const rules = read("ops/prometheus/rules.yml");
  const tests = read("ops/prometheus/rules.test.yml");
  const alerts = [...rules.matchAll(/alert: (\w+)/g)].map((match) => match[1] ?? "");
  const runbooks = [...rules.matchAll(/runbook: (\S+)/g)].map((match) => match[1] ?? "");
  const dashboards = readdirSync(join(ROOT, "ops/grafana/dashboards")).map((name) =>
    read(`ops/grafana/dashboards/${name}`),
  );

  expect(alerts.length).toBeGreaterThan(10);
  expect(runbooks).toHaveLength(alerts.length);
  for (const alert of alerts) expect(tests, alert).toContain(`alertname: ${alert}`);
  expect([...new Set(runbooks)].sort()).toEqual(
    readdirSync(join(ROOT, "docs/runbooks"))
      .map((name) => `docs/runbooks/${name}`)
      .sort(),
  );
  for (const alert of alerts)
    expect(
      runbooks.some((page) => read(page).includes(`\`${alert}\``)),
      alert,
    ).toBe(true);

  const known = (await createMetrics({ tenantsMax: 1, version: "0" }).registry.getMetricsAsJSON()).map(
    ({ name }) => name,
  );
  const named = [rules, ...dashboards].flatMap((text) => text.match(/\brollcall_\w+/g) ?? []);
  const bases = named.map((name) => name.replace(/_(bucket|sum|count)$/, ""));
  expect(
    [...new Set([...named.filter((name) => known.includes(name)), ...bases])].filter(
      (name) => !known.includes(name),
    ),
  ).toEqual([]);
});
