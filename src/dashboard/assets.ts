/** The console's own stylesheet and icon, read once; the stylesheet's address carries its hash, so it may be cached. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

// The build copies them beside the compiled file.
const STYLES_FOLDER = join(import.meta.dirname, "styles");
const STYLES = ["base.css", "parts.css", "screens.css"];
const HASH_LENGTH = 12;

export interface Asset {
  readonly path: string;
  readonly type: string;
  readonly body: string;
}

export interface Assets {
  readonly stylesheet: Asset;
  readonly icon: Asset;
}

export function readAssets(): Assets {
  const css = STYLES.map(readStyle).join("\n");
  const hash = createHash("sha256").update(css).digest("hex").slice(0, HASH_LENGTH);
  return {
    stylesheet: { path: `/assets/console-${hash}.css`, type: "text/css; charset=utf-8", body: css },
    icon: { path: "/assets/icon.svg", type: "image/svg+xml", body: ICON },
  };
}

function readStyle(name: string): string {
  return readFileSync(join(STYLES_FOLDER, name), "utf8");
}

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
<rect x="1" y="1" width="22" height="22" rx="6" fill="#2453c9"/>
<path d="M6 8.5l1.6 1.6L10.5 7M6 15.5l1.6 1.6 2.9-3.1M13.5 8.8H18M13.5 15.8H18" fill="none" stroke="#fff"
 stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"/>
</svg>`;
