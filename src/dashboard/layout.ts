/** The frame around every page: head, navigation, who is signed in. */
import type { Session } from "../store/sessions.ts";
import { csrfField, mayActAs, type Page, type Section } from "./page.ts";
import { Html, html } from "./html.ts";
import { SECTIONS } from "./navigation.ts";
import { texts } from "./texts/texts.ts";

const words = texts.frame;

const MARK = html`<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
  <rect x="1" y="1" width="22" height="22" rx="6" />
  <path d="M6 8.5l1.6 1.6L10.5 7M6 15.5l1.6 1.6 2.9-3.1M13.5 8.8H18M13.5 15.8H18" />
</svg>`;

export interface Frame {
  /** Undefined where nobody is signed in. */
  readonly session: Session | undefined;
  readonly stylesheet: string;
  readonly script: string;
}

export function layout(page: Page, frame: Frame): string {
  const document = html`<html lang="${words.language}">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="robots" content="noindex" />
      <title>${page.title} · Rollcall</title>
      <link rel="icon" type="image/svg+xml" href="/assets/icon.svg" />
      <link rel="stylesheet" href="${frame.stylesheet}" />
      <script src="${frame.script}" defer></script>
    </head>
    <body>
      <a class="skip" href="#main">${words.skip}</a>
      ${frame.session ? header(frame.session, page.section) : bareHeader()} ${main(page)}
    </body>
  </html> `;
  return `<!doctype html>\n${document.text}`;
}

function main({ body, live }: Page): Html {
  if (live === undefined) return html`<main id="main" tabindex="-1">${body}</main>`;
  return html`<main id="main" tabindex="-1" data-live="${live.at ?? ""}">${body}</main>`;
}

function header(session: Session, current: Section | undefined): Html {
  return html`<header class="top">
    <a class="brand" href="/">${MARK} Rollcall</a>
    <nav aria-label="${words.main}">
      <ul>
        ${SECTIONS.filter(({ needs }) => mayActAs(session.role, needs)).map(
          ({ section, href, label }) =>
            html`<li>
              <a href="${href}" ${section === current && CURRENT}>${label}</a>
            </li>`,
        )}
      </ul>
    </nav>
    <form class="who" method="post" action="/sign-out">
      ${csrfField(session)}
      <a href="/account" title="${words.yourAccount}">${session.login}</a>
      ${session.role !== session.login && html`<span class="role">${texts.common.roles[session.role]}</span>`}
      <button class="quiet" type="submit">${words.signOut}</button>
    </form>
  </header>`;
}

const CURRENT = new Html('aria-current="page"');

function bareHeader(): Html {
  return html`<header class="top"><span class="brand">${MARK} Rollcall</span></header>`;
}
