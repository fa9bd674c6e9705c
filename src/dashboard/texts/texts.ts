/**
 * Every word of the console, by the area of pages that shows it; pages hold none themselves.
 *
 * A second language is a folder beside `en` whose objects have the same shape (`Texts["cycles"]` and so on: the compiler
 * names what is missing), and a choice of it here. Whatever depends on the language is in there: plurals, the order of
 * words around a value, how numbers and times are written. Files in there import nothing but `html` and their own folder,
 * and decide nothing: a page decides what is to be said and hands over the values.
 */
import { accountTexts, accountsTexts, passwordTexts } from "./en/accounts.ts";
import { activateTexts, connectTexts } from "./en/activate.ts";
import { auditTexts } from "./en/audit.ts";
import { azureTexts } from "./en/azure.ts";
import { commonTexts } from "./en/common.ts";
import { connectionTexts } from "./en/connection.ts";
import { cycleTexts } from "./en/cycle.ts";
import { cyclesTexts } from "./en/cycles.ts";
import { digestTexts } from "./en/digest.ts";
import { doorTexts } from "./en/door.ts";
import { causeTexts, failedTexts } from "./en/failed.ts";
import { failureTexts } from "./en/failure.ts";
import { fileTexts } from "./en/files.ts";
import { frameTexts } from "./en/frame.ts";
import { numberTexts } from "./en/numbers.ts";
import { timeTexts } from "./en/times.ts";

export const texts = {
  account: accountTexts,
  accounts: accountsTexts,
  activate: activateTexts,
  audit: auditTexts,
  azure: azureTexts,
  cause: causeTexts,
  common: commonTexts,
  connect: connectTexts,
  connection: connectionTexts,
  cycle: cycleTexts,
  cycles: cyclesTexts,
  digest: digestTexts,
  door: doorTexts,
  failed: failedTexts,
  failure: failureTexts,
  files: fileTexts,
  frame: frameTexts,
  numbers: numberTexts,
  password: passwordTexts,
  times: timeTexts,
};

/** What a language must have. */
export type Texts = typeof texts;
