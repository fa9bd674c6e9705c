/** Files as spreadsheets write them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvRows } from "../../../src/platform/csv.ts";

const parseCsv = (text: string): readonly (readonly string[])[] => [...csvRows(text)];

test.each([
  [
    "commas",
    "id,email\n1,a@x\n2,b@x\n",
    [
      ["id", "email"],
      ["1", "a@x"],
      ["2", "b@x"],
    ],
  ],
  [
    "semicolons, and Windows line ends",
    "id;email\r\n1;a@x\r\n",
    [
      ["id", "email"],
      ["1", "a@x"],
    ],
  ],
  [
    "tabs, and no end of the last line",
    "id\temail\n1\ta@x",
    [
      ["id", "email"],
      ["1", "a@x"],
    ],
  ],
  [
    "quotes",
    'id,name\n1,"Love""lace, Ada\nof"\n',
    [
      ["id", "name"],
      ["1", 'Love"lace, Ada\nof'],
    ],
  ],
  [
    "a byte order mark, empty cells and empty lines",
    "\ufeffid,a,b\n\n1,,\n,,\n",
    [
      ["id", "a", "b"],
      ["1", "", ""],
    ],
  ],
  ["nothing", "", []],
])("%s", (_what, text, rows) => {
  expect(parseCsv(text)).toEqual(rows);
});

test("a quote that is not closed is named by its line", () => {
  expect(() => parseCsv('id,name\n1,ok\n2,"open\n')).toThrow(/line 3 /);
});

test("what is written quoted is read as it was", () => {
  const cell = fc.string({ unit: "grapheme" });
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 3 }), { minLength: 1 }), (rows) => {
      const quoted = rows
        .map((row) => row.map((text) => `"${text.replaceAll('"', '""')}"`).join(","))
        .join("\n");
      const kept = rows.filter((row) => row.some((text) => text !== ""));

      expect(parseCsv(`a,b,c,d,e\n${quoted}\n`)).toEqual([["a", "b", "c", "d", "e"], ...kept]);
    }),
  );
});
