/** The console's words stand in one place, so that a second language is a folder (docs/decisions/0058). */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { wordsIn } from "../../support/page-words.ts";

const DASHBOARD = join(import.meta.dirname, "../../../src/dashboard");

/** What looks like words to show and is none, or is the same in every language. */
const EXCEPTIONS: readonly (readonly [text: string | RegExp, why: string])[] = [
  [/^(… (· )?)?Rollcall$/, "the product's name"],
  [/^(User|Group)$/, "types of resources, as the protocol names them"],
  [/^\w+\[type eq "\w+"\]\.\w+$/, "paths of attributes, as the protocol writes them"],
  [/^public, max-age=|; charset=utf-8$/, "headers"],
  [/^(__Host-…|Path=\/; HttpOnly; .*|; Secure|…=; …; Max-Age=0)$/, "cookies"],
  [/^(retry: …|: still here|event: (region data: …|gone data: \{\}))$/, "lines of an event stream"],
  [/^console (oidc|session …|form …|link …)$/, "what keys are derived for"],
  [/^the (file|form) is /, "of errors whose status alone is told"],
  [/, (sans-serif|monospace)$/, "fonts"],
  ["query parser", "a setting of Express"],
  [/^(enforce|when-off|when-unreachable) …$/, "in the audit, as the command line writes it"],
  [/^(evt_…|…\/v1)$/, "ids and addresses"],
];

const files = readdirSync(DASHBOARD, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|js)$/.test(name))
  .map((name) => ({ name, source: readFileSync(join(DASHBOARD, name), "utf8") }));
const isText = ({ name }: { readonly name: string }): boolean => name.startsWith("texts/");

test("no file of the console has words in itself: they stand in texts/", () => {
  const found = files
    .filter((file) => !isText(file))
    .flatMap(({ name, source }) => wordsIn(source).map(({ line, text }) => ({ at: `${name}:${line}`, text })))
    .filter(({ text }) => !EXCEPTIONS.some(([known]) => matches(text, known)))
    .map(({ at, text }) => `${at} ${text}`);

  expect(found).toEqual([]);
});

test("every exception is met", () => {
  const all = files.filter((file) => !isText(file)).flatMap(({ source }) => wordsIn(source));

  for (const [known, why] of EXCEPTIONS) {
    expect(
      all.some(({ text }) => matches(text, known)),
      `${String(known)}: ${why}`,
    ).toBe(true);
  }
});

test("texts decide nothing: they import how HTML is written, and their own language", () => {
  const wrong = files.filter(isText).flatMap(({ name, source }) =>
    [...source.matchAll(/ from "([^"]+)"/g)]
      .map(([, target = ""]) => target)
      .filter((target) => !/^\.\/(en\/)?[\w-]+\.ts$|^\.\.\/\.\.\/html\.ts$/.test(target))
      .map((target) => `${name} → ${target}`),
  );

  expect(files.filter(isText).length).toBeGreaterThan(5);
  expect(wrong).toEqual([]);
});

test("texts have plain types: a constant's own type would have room for English alone", () => {
  expect(files.filter(isText).filter(({ source }) => / as const\b/.test(source))).toEqual([]);
});

test.each([
  ["html`<p>Cancel</p>`", ["Cancel"]],
  ["html`<p>${a} of ${b}</p>`", ["… of …"]],
  ["html`<p>${a && html`<b>Old</b>`}</p>`", ["Old"]],
  ['html`<nav aria-label="Pages"></nav>`', ["Pages"]],
  ['html`<time title="${at} UTC">${short}</time>`', ["… UTC"]],
  ['html`<input placeholder="name" />`', ["name"]],
  ['html`<input type="submit" value="Go" />`', ["Go"]],
  ["html`${wrong} again`", ["… again"]],
  ["new Html('<b>Now</b>')", ["Now"]],
  ["badge('good', 'Applied')", ["Applied"]],
  ["refuse(422, 'choose a role')", ["choose a role"]],
  ["const said = `Nothing ${state}`;", ["Nothing …"]],
  ["const said = `${ms} ms`;", ["… ms"]],
  ["html`password`", ["password"]],
])("words are found in %s", (source, words) => {
  expect(wordsIn(source).map(({ text }) => text)).toEqual(words);
});

test.each([
  'html`<p class="muted small">${words.lead}</p>`',
  'html`<input type="hidden" name="kind" value="all" />`',
  "html`<p>${count} · &nbsp;–</p>`",
  'html`<input ${isWanted && html`required`} ${value && html`value="${value}"`} />`',
  "new Html('aria-current=\"page\"')",
  'html`<button name="what" value="release">${words.release}</button>`',
  "import { Role } from 'Some Where';",
  "type Kind = 'Initial cycle' | 'Next';",
  "throw new Error('the queue is gone for good');",
  "settings.logger.warn({ err }, 'a live page stands still');",
  "redirect(`/tenants/${slug}/failed?state=open`)",
  "visit.form.get('whenOff') === 'refuse'",
  "const title = `${tenantName} · ${name}`;",
])("no words are found in %s", (source) => {
  expect(wordsIn(source)).toEqual([]);
});

function matches(text: string, known: string | RegExp): boolean {
  return typeof known === "string" ? text === known : known.test(text);
}
