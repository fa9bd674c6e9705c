/** The command `npm run docs:compatibility`: fills the names of the tests into docs/compatibility.md. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fillIn, SECTIONS } from "./page.ts";
import { titlesIn } from "./titles.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/compatibility.md");

writeFileSync(PAGE, fillIn(readFileSync(PAGE, "utf8"), SECTIONS, titlesIn(ROOT, "test/system")));
