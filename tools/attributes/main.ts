/** `npm run docs:attributes`: writes docs/attributes.md from the schemas. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { parseExtensions } from "../../src/store/extensions-json.ts";
import { attributesPage } from "./page.ts";

const ROOT = join(import.meta.dirname, "../..");
const PAGE = join(ROOT, "docs/attributes.md");

const example = parseExtensions(JSON.parse(readFileSync(join(ROOT, "examples/javelo.json"), "utf8")));
const options = await resolveConfig(PAGE);
writeFileSync(PAGE, await format(attributesPage(example), { ...options, parser: "markdown" }));
