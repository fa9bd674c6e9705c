/**
 * Where one can go, as tables: the main navigation, the pages of one tenant, and the settings of the installation. A
 * new page gets its line here, and so a place on every page beside it.
 */
import type { Role } from "../store/accounts.ts";
import { Html, html } from "./html.ts";
import { mayActAs, type Section } from "./page.ts";
import { texts } from "./texts/texts.ts";

const words = texts.frame;

export interface Place {
  readonly label: string;
  /** The least role that may go there. */
  readonly needs: Role;
}

export const SECTIONS: readonly (Place & { readonly section: Section; readonly href: string })[] = [
  { section: "overview", href: "/", label: words.sections.overview, needs: "viewer" },
  { section: "failed", href: "/failed", label: words.sections.failed, needs: "viewer" },
  { section: "people", href: "/people", label: words.sections.people, needs: "viewer" },
  { section: "queues", href: "/queues", label: words.sections.queues, needs: "viewer" },
  { section: "settings", href: "/settings", label: words.sections.settings, needs: "viewer" },
];

/** Pages of one tenant; `path` follows `/tenants/:slug`. */
const TENANT_PAGES: readonly (Place & { readonly path: string })[] = [
  { path: "", label: words.tenantPages.connections, needs: "viewer" },
  { path: "/cycles", label: words.tenantPages.cycles, needs: "viewer" },
  { path: "/attributes", label: words.tenantPages.attributes, needs: "viewer" },
  { path: "/roles", label: words.tenantPages.roles, needs: "viewer" },
  { path: "/preparation", label: words.tenantPages.preparation, needs: "viewer" },
  { path: "/reconciliations", label: words.tenantPages.reconciliation, needs: "viewer" },
  { path: "/gate", label: words.tenantPages.gate, needs: "viewer" },
  { path: "/keys", label: words.tenantPages.keys, needs: "viewer" },
  { path: "/webhooks", label: words.tenantPages.webhooks, needs: "viewer" },
  { path: "/leaving", label: words.tenantPages.leaving, needs: "viewer" },
];

export interface SettingsPlace extends Place {
  readonly href: string;
  /** What one finds there, in a sentence. */
  readonly summary: string;
}

export const SETTINGS_PAGES: readonly SettingsPlace[] = [
  {
    href: "/settings/accounts",
    needs: "owner",
    ...words.settings.accounts,
  },
  {
    href: "/settings/audit",
    needs: "admin",
    ...words.settings.audit,
  },
];

const CURRENT = new Html('aria-current="page"');

/** Links in a row, one of them to where one is. */
export function tabs(
  label: string,
  links: readonly { readonly href: string; readonly label: string }[],
  current: string,
): Html {
  return html`<nav class="tabs" aria-label="${label}">
    <ul>
      ${links.map(
        ({ href, label: text }) =>
          html`<li><a href="${href}" ${href === current && CURRENT}>${text}</a></li>`,
      )}
    </ul>
  </nav>`;
}

/** The pages of a tenant, to stand under its name. @param path - that of the page they stand on, after `/tenants/:slug` */
export function tenantTabs(slug: string, path: string, role: Role): Html | undefined {
  const links = TENANT_PAGES.filter(({ needs }) => mayActAs(role, needs)).map((place) => ({
    href: `/tenants/${slug}${place.path}`,
    label: place.label,
  }));
  return links.length < 2 ? undefined : tabs(words.pagesOfTenant, links, `/tenants/${slug}${path}`);
}

/** Of the settings, the places that a role may go to. */
export function settingsPages(role: Role): readonly SettingsPlace[] {
  return SETTINGS_PAGES.filter(({ needs }) => mayActAs(role, needs));
}

/** The pages of the settings, to stand under a title. */
export function settingsTabs(href: string, role: Role): Html {
  const all = [{ href: "/settings", label: words.allSettings }, ...settingsPages(role)];
  return tabs(words.sections.settings, all, href);
}
