/** A product's own list of its people as a file: who may log in, by its own words, and whom it takes for which user. */
import { FileError } from "../platform/csv.ts";
import { FIELDS, type Headings, peopleRows } from "./existing-users-file.ts";
import { isResourceId } from "./members.ts";
import type { ListedPerson } from "./reconciliations.ts";

export const LIST_FIELDS = [...FIELDS, "active", "userId"] as const;
export type ListField = (typeof LIST_FIELDS)[number];

const WORDS: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, "1": true, active: true, enabled: true },
  ...{ false: false, no: false, "0": false, inactive: false, disabled: false },
};

/** Reads the whole file and keeps nobody. @returns how many people are in it. @throws {FileError} saying what is wrong */
export function countProductList(text: string, headings: Headings<ListField>): number {
  const people = readProductList(text, headings);
  let total = 0;
  while (people.next().done !== true) total += 1;
  return total;
}

/** One person after the other; without a word about it, a person is active. @throws {FileError} saying what is wrong */
export function* readProductList(text: string, headings: Headings<ListField>): Generator<ListedPerson> {
  for (const { row, person, cell } of peopleRows<ListField>(text, LIST_FIELDS, headings)) {
    const word = cell("active")?.trim().toLowerCase() || "true";
    const active = WORDS[word];
    if (active === undefined)
      throw new FileError(`row ${row} has "active" as none of ${Object.keys(WORDS).join(", ")}`);
    const userId = cell("userId")?.trim().toLowerCase() || undefined;
    if (userId !== undefined && !isResourceId(userId))
      throw new FileError(`row ${row} has a userId that is none of Rollcall's`);
    yield { ...person, active, userId };
  }
}
