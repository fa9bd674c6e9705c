/** The console's own stylesheet, script and icon, read once; an address carries its hash, so it may be cached. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

// The build copies styles and scripts beside the compiled file.
const STYLES_FOLDER = join(import.meta.dirname, "styles");
const SCRIPTS_FOLDER = join(import.meta.dirname, "scripts");
const STYLES = ["base.css", "parts.css", "tables.css", "screens.css"];
const HASH_LENGTH = 12;

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

export interface Assets {
  readonly stylesheet: Asset;
  readonly script: Asset;
  readonly icon: Asset;
  /** What is added to the page of Bull Board. */
  readonly boardStylesheet: Asset;
  readonly boardScript: Asset;
}

export function readAssets(): Assets {
  return {
    stylesheet: stylesheet("console", STYLES.map(readStyle).join("\n")),
    script: script("console"),
    icon: { path: "/assets/icon.svg", type: "image/svg+xml", body: ICON },
    boardStylesheet: stylesheet("board", readStyle("board.css")),
    boardScript: script("board"),
  };
}

function stylesheet(name: string, body: string): Asset {
  return { path: `/assets/${name}-${hashOf(body)}.css`, type: "text/css; charset=utf-8", body };
}

function script(name: string): Asset {
  const body = readFileSync(join(SCRIPTS_FOLDER, `${name}.js`), "utf8");
  return { path: `/assets/${name}-${hashOf(body)}.js`, type: "text/javascript; charset=utf-8", body };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH);
}

function readStyle(name: string): string {
  return readFileSync(join(STYLES_FOLDER, name), "utf8");
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
<rect x="1" y="1" width="22" height="22" rx="6" fill="#2453c9"/>
<path d="M6 8.5l1.6 1.6L10.5 7M6 15.5l1.6 1.6 2.9-3.1M13.5 8.8H18M13.5 15.8H18" fill="none" stroke="#fff"
 stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>
</svg>`;
