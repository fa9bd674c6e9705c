/**
 * Every word of the console, by the area of pages that shows it; pages hold none themselves.
 *
 * A second language is a folder beside `en` whose objects have the same shape (`Texts["cycles"]` and so on: the compiler
 * names what is missing), and a choice of it here. Whatever depends on the language is in there: plurals, the order of
 * words around a value, how numbers and times are written. Files in there import nothing but `html` and their own folder,
 * and decide nothing: a page decides what is to be said and hands over the values.
 */
import { commonTexts } from "./en/common.ts";
import { numberTexts } from "./en/numbers.ts";

export const texts = {
  common: commonTexts,
  numbers: numberTexts,
};

/** What a language must have. */
export type Texts = typeof texts;
