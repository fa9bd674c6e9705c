/** A file of people whom a product knew before: its rows, under headings of its own. */
import { FileError, parseCsv } from "../platform/csv.ts";
import type { ExistingUser } from "./existing-users.ts";

export const FIELDS = ["id", "userName", "email", "externalId", "displayName"] as const;
export type Field = (typeof FIELDS)[number];

/** What the file calls a field; a field that is not here is called as it is. */
export type Headings = ReadonlyMap<Field, string>;

const CHARS_MAX = 1_024;

/** @throws {FileError} saying what is wrong, and where */
export function readExistingUsers(text: string, headings: Headings): readonly ExistingUser[] {
  const [heading = [], ...rows] = parseCsv(text);
  const places = placesOf(heading, headings);
  return rows.map((row, index) => {
    const cell = (field: Field): string | undefined => row[places.get(field) ?? -1];
    const user = {
      id: cell("id")?.trim() ?? "",
      ...{ userName: cell("userName"), email: cell("email") },
      ...{ externalId: cell("externalId"), displayName: cell("displayName") },
    };
    const texts = Object.values(user).filter((value) => value !== undefined);
    // The heading is row 1; quoted line breaks may put it on a later line.
    if (user.id === "") throw new FileError(`row ${index + 2} has no id`);
    if (texts.some((value) => value.length > CHARS_MAX || value.includes("\0")))
      throw new FileError(`row ${index + 2} has a cell that is no text of up to ${CHARS_MAX} characters`);
    return user;
  });
}

function placesOf(heading: readonly string[], headings: Headings): ReadonlyMap<Field, number> {
  const places = new Map<Field, number>();
  for (const field of FIELDS) {
    const name = headings.get(field) ?? field;
    const place = heading.findIndex((each) => each.trim().toLowerCase() === name.toLowerCase());
    if (place !== -1) places.set(field, place);
    else if (field === "id" || name !== field)
      throw new FileError(`there is no column "${name}"; the columns are ${heading.join(", ")}`);
  }
  return places;
}
