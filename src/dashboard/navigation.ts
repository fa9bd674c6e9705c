/**
 * Where one can go, as tables: the main navigation, the pages of one tenant, and the settings of the installation. A
 * new page gets its line here, and so a place on every page beside it.
 */
import type { Role } from "../store/accounts.ts";
import { Html, html } from "./html.ts";
import { mayActAs, type Section } from "./page.ts";

export interface Place {
  readonly label: string;
  /** The least role that may go there. */
  readonly needs: Role;
}

export const SECTIONS: readonly (Place & { readonly section: Section; readonly href: string })[] = [
  { section: "overview", href: "/", label: "Overview", needs: "viewer" },
  { section: "failed", href: "/failed", label: "Failed jobs", needs: "viewer" },
  { section: "people", href: "/people", label: "People", needs: "viewer" },
  { section: "queues", href: "/queues", label: "Queues", needs: "viewer" },
  { section: "settings", href: "/settings", label: "Settings", needs: "viewer" },
];

/** Pages of one tenant; `path` follows `/tenants/:slug`. */
const TENANT_PAGES: readonly (Place & { readonly path: string })[] = [
  { path: "", label: "Connections", needs: "viewer" },
  { path: "/cycles", label: "Cycles", needs: "viewer" },
  { path: "/attributes", label: "Attributes", needs: "viewer" },
  { path: "/roles", label: "Roles", needs: "viewer" },
  { path: "/preparation", label: "People from before", needs: "viewer" },
  { path: "/reconciliations", label: "Reconciliation", needs: "viewer" },
  { path: "/gate", label: "Login gate", needs: "viewer" },
  { path: "/keys", label: "Product keys", needs: "viewer" },
  { path: "/webhooks", label: "Webhooks", needs: "viewer" },
  { path: "/leaving", label: "Export and end", needs: "viewer" },
];

export interface SettingsPlace extends Place {
  readonly href: string;
  /** What one finds there, in a sentence. */
  readonly summary: string;
}

export const SETTINGS_PAGES: readonly SettingsPlace[] = [
  {
    href: "/settings/accounts",
    label: "Accounts",
    needs: "owner",
    summary: "Who may sign in, with which role: invite, change, disable, end sessions.",
  },
  {
    href: "/settings/audit",
    label: "Audit",
    needs: "admin",
    summary: "Who changed what and when: searched, and as a file.",
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
  return links.length < 2 ? undefined : tabs("Pages of the tenant", links, `/tenants/${slug}${path}`);
}

/** Of the settings, the places that a role may go to. */
export function settingsPages(role: Role): readonly SettingsPlace[] {
  return SETTINGS_PAGES.filter(({ needs }) => mayActAs(role, needs));
}

/** The pages of the settings, to stand under a title. */
export function settingsTabs(href: string, role: Role): Html {
  const all = [{ href: "/settings", label: "All settings" }, ...settingsPages(role)];
  return tabs("Settings", all, href);
}
