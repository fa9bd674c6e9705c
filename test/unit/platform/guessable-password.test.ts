/** Which passwords are refused as easily guessed, why, and which are not. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { guessable, WORDS_OF_OURS } from "../../../src/platform/guessable-password.ts";
import { createReadablePassword } from "../../../src/platform/passwords.ts";

const LOGIN = "ada.lovelace@contoso.example";

test.each([
  ["password1234", "common"],
  ["P@ssw0rd1234", "common"],
  ["iloveyou1234", "common"],
  ["Ada-Lovelace1", "about_you"],
  ["Lovelace2026!", "about_you"],
  ["rollcallrollcall", "about_you"],
  ["R0llcall2026!", "about_you"],
  ["aaaaaaaaaaaa", "repeated"],
  ["passwordpassword", "repeated"],
  ["abcdefghijklm", "in_a_row"],
  ["13/01/1984!!", "date"],
])("%s is refused: %s", async (password, why) => {
  expect(await guessable(password, LOGIN)).toBe(why);
});

test.each([
  "correct horse battery staple",
  "a new password for grace",
  "summer-winter-2024-oak",
  "ein Kännchen Draußen bitte",
  "七つの海を渡る船の帆と風",
])("%s is taken", async (password) => {
  expect(await guessable(password, LOGIN)).toBeUndefined();
});

test("what we make ourselves is taken", async () => {
  for (let made = 0; made < 20; made += 1)
    expect(await guessable(createReadablePassword(), LOGIN)).toBeUndefined();
});

test("the words that count everywhere are documented", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/sign-in.md"), "utf8");

  for (const word of WORDS_OF_OURS) expect(page).toContain(`\`${word}\``);
});
