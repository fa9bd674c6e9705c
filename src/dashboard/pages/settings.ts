/** Settings of the installation: where to find what, for those who may. */
import { html } from "../html.ts";
import { settingsPages } from "../navigation.ts";
import { type Answer, type MemberVisit, page } from "../page.ts";
import { emptyState } from "../parts.ts";

export function showSettings(visit: MemberVisit): Answer {
  const places = settingsPages(visit.session.role);
  const body = html`<h1>Settings</h1>
    <p class="lead">
      What holds for the whole installation. What belongs to one tenant stands on the tenant's own pages.
    </p>
    ${
      places.length === 0
        ? emptyState(
            "Nothing to set",
            "Settings come from the environment: docs/configuration.md lists them.",
          )
        : html`<ul class="places">
            ${places.map(
              ({ href, label, summary }) =>
                html`<li class="card">
                  <h2><a href="${href}">${label}</a></h2>
                  <p class="muted">${summary}</p>
                </li>`,
            )}
          </ul>`
    }`;
  return page("Settings", body, { section: "settings" });
}
