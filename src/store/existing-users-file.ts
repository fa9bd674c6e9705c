/** A file of people whom a product knows: its rows, under headings of its own. */
import { csvRows, FileError } from "../platform/csv.ts";
import type { ExistingUser } from "./existing-users.ts";

export const FIELDS = ["id", "userName", "email", "externalId", "displayName"] as const;
export type Field = (typeof FIELDS)[number];

/** What the file calls a field; a field that is not here is called as it is. */
export type Headings<Name extends string = Field> = ReadonlyMap<Name, string>;

const CHARS_MAX = 1_024;

/** @throws {FileError} saying what is wrong, and where */
export function readExistingUsers(text: string, headings: Headings): readonly ExistingUser[] {
  return Array.from(peopleRows(text, FIELDS, headings), ({ person }) => person);
}

interface PersonRow<Name extends string> {
  /** That of the heading is 1; quoted line breaks may put it on a later line. */
  readonly row: number;
  readonly person: ExistingUser;
  readonly cell: (field: Name) => string | undefined;
}

/** One row after the other, for files too large to hold all of them. @throws {FileError} saying what is wrong, and where */
export function* peopleRows<Name extends string>(
  text: string,
  fields: readonly (Name | Field)[],
  headings: Headings<Name | Field>,
): Generator<PersonRow<Name>> {
  let places: ReadonlyMap<Name | Field, number> | undefined;
  let row = 0;
  for (const cells of csvRows(text)) {
    row += 1;
    if (places === undefined) {
      places = placesOf(cells, fields, headings);
      continue;
    }
    const found = places;
    const cell = (field: Name | Field): string | undefined => cells[found.get(field) ?? -1];
    const person = {
      id: cell("id")?.trim() ?? "",
      ...{ userName: cell("userName"), email: cell("email") },
      ...{ externalId: cell("externalId"), displayName: cell("displayName") },
    };
    if (person.id === "") throw new FileError(`row ${row} has no id`);
    const texts = fields.flatMap((field) => cell(field) ?? []);
    if (texts.some((value) => value.length > CHARS_MAX || value.includes("\0")))
      throw new FileError(`row ${row} has a cell that is no text of up to ${CHARS_MAX} characters`);
    yield { row, person, cell };
  }
  if (places === undefined) placesOf([], fields, headings);
}

function placesOf<Name extends string>(
  heading: readonly string[],
  fields: readonly (Name | Field)[],
  headings: Headings<Name | Field>,
): ReadonlyMap<Name | Field, number> {
  const places = new Map<Name | Field, number>();
  for (const field of fields) {
    const name = headings.get(field) ?? field;
    const place = heading.findIndex((each) => each.trim().toLowerCase() === name.toLowerCase());
    if (place !== -1) places.set(field, place);
    else if (field === "id" || name !== field)
      throw new FileError(`there is no column "${name}"; the columns are ${heading.join(", ")}`);
  }
  return places;
}
