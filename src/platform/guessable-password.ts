/**
 * Whether a password is among those that a guesser tries first: common and leaked ones, words about their owner and
 * about us, rows of keys, repetitions, dates, and all of these with letters changed as everybody changes them.
 */
import type { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { ConfigError } from "./config.ts";

/** Why, as far as it can be said; `common` also where it is merely short of guesses. */
export type Guessable = "common" | "about_you" | "repeated" | "in_a_row" | "date";

/** What anybody would try here, whoever the account is of; docs/sign-in.md names them. */
export const WORDS_OF_OURS = [
  "rollcall",
  "console",
  "scim",
  "provisioning",
  "azure",
  "entra",
  "owner",
  "admin",
];

// Of 0 to 4: 3 is a hundred million guesses and more, which a stolen hash stretched in 32 MiB each withstands.
const SCORE_MIN = 3;
const PART_CHARS_MIN = 3;
const REST_CHARS_MIN = 8;
const SIGNS = /[^\p{L}\p{N}]+/gu;

const REASONS: Readonly<Record<string, Guessable>> = {
  userInputs: "about_you",
  simpleRepeat: "repeated",
  extendedRepeat: "repeated",
  straightRow: "in_a_row",
  keyPattern: "in_a_row",
  sequences: "in_a_row",
  recentYears: "date",
  dates: "date",
};

let lists: Promise<ZxcvbnFactory> | undefined;

/**
 * @param owner - the login, whose parts count as words about the owner
 * @returns why it is easily guessed, or undefined
 */
export async function guessable(password: string, owner: string): Promise<Guessable | undefined> {
  const words = [...WORDS_OF_OURS, owner, ...owner.split(SIGNS)].filter(
    (word) => word.length >= PART_CHARS_MIN,
  );
  if (isMadeOf(password.toLowerCase(), words)) return "about_you";
  lists ??= load();
  const { score, feedback } = (await lists).check(password, words);
  return score >= SCORE_MIN ? undefined : (REASONS[feedback.warning ?? ""] ?? "common");
}

/** @throws {ConfigError} where the password that the environment gives the first account is easily guessed */
export async function refuseGuessable(password: string, owner: string): Promise<void> {
  if ((await guessable(password, owner)) !== undefined)
    throw new ConfigError(
      "ROLLCALL_OWNER_PASSWORD is among the passwords that are tried first: choose another",
    );
}

/** Several such words one after the other look long, and are few to try. */
function isMadeOf(password: string, words: readonly string[]): boolean {
  const longestFirst = words.toSorted((a, b) => b.length - a.length);
  const rest = longestFirst.reduce((text, word) => text.replaceAll(word, ""), password);
  return rest !== password && rest.replaceAll(SIGNS, "").length < REST_CHARS_MIN;
}

/** Only once somebody chooses a password: the lists take 25 MB of memory, which most processes never need. */
async function load(): Promise<ZxcvbnFactory> {
  const [{ ZxcvbnFactory }, { dictionary, adjacencyGraphs }] = await Promise.all([
    import("@zxcvbn-ts/core"),
    import("@zxcvbn-ts/language-common"),
  ]);
  return new ZxcvbnFactory({ dictionary, graphs: adjacencyGraphs });
}
