/** Files of people that the console takes. */
import { count } from "./numbers.ts";

export const fileTexts = {
  file: "File",
  /** @param more - what is particular to these files */
  fileMore: (more: string) =>
    `CSV in UTF-8 of up to 16 MB, with commas, semicolons or tabs; the first row has the headings. ${more}`,
  headings: "What the file calls",
  stored: (done: number, total: number) => `${count(done)} of ${count(total)} stored`,
};
