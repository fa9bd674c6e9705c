/** Settings of the installation: where to find what, how long what is kept, and how each tenant is set. */
import { describeGuard } from "../../store/deactivation-guards.ts";
import { listTenantSettings, type TenantSettings } from "../../store/tenant-settings.ts";
import { count } from "../format.ts";
import { type Html, html } from "../html.ts";
import { settingsPages } from "../navigation.ts";
import { type Answer, type Console, type MemberVisit, page, RETENTION_SETTINGS } from "../page.ts";
import { connectionPath, emptyState, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { MAPPING_PATH } from "./mapping.ts";

const words = texts.settings;

const CONNECTIONS_MAX = 100;

export async function showSettings(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connections = await listTenantSettings(deps.database, CONNECTIONS_MAX + 1);
  const body = html`<h1>${words.title}</h1>
    <p class="lead">${words.lead}</p>
    ${places(visit)} ${tenantsSection(connections)} ${retentionSection(deps.retention)}`;
  return page(words.title, body, { section: "settings" });
}

function places(visit: MemberVisit): Html | undefined {
  const found = settingsPages(visit.session.role);
  if (found.length === 0) return undefined;
  return html`<ul class="places">
    ${found.map(
      ({ href, label, summary }) =>
        html`<li class="card">
          <h2><a href="${href}">${label}</a></h2>
          <p class="muted">${summary}</p>
        </li>`,
    )}
  </ul>`;
}

function tenantsSection(connections: readonly TenantSettings[]): Html {
  const columns = words.columns.map((label) => ({ label }));
  return html`<section>
    <h2>${words.byTenant}</h2>
    ${
      connections.length === 0
        ? emptyState(words.noTenant, html`<p>${words.noTenantHint("/activate")}</p>`)
        : table(words.byConnection, columns, connections.slice(0, CONNECTIONS_MAX).map(rowOf))
    }
    ${connections.length > CONNECTIONS_MAX && html`<p>${words.firstOnes(CONNECTIONS_MAX, "/")}</p>`}
  </section>`;
}

function rowOf(of: TenantSettings): readonly Html[] {
  const [tenant, connection] = [`/tenants/${of.tenantSlug}`, connectionPath(of.tenantSlug, of.connectionId)];
  const attributes =
    of.schemaVersion === null ? words.standardAttributes : words.ownAttributes(of.schemaVersion);
  return [
    html`<a href="${connection}">${of.tenantName} · ${of.connectionName}</a>`,
    html`<a href="${connection}/guard">${of.guard ? capital(describeGuard(of.guard)) : words.guardOff}</a>`,
    html`<a href="${tenant}${MAPPING_PATH}">${attributes}</a>`,
    html`<a href="${tenant}/webhooks">${words.webhooks(of.webhooks, of.webhooksPaused)}</a>`,
  ];
}

function retentionSection(retention: Console["retention"]): Html {
  const columns = [{ label: words.what }, { label: words.days, isNumber: true }, { label: words.setBy }];
  const rows = RETENTION_SETTINGS.map((name) => [
    words.retained[name],
    count(retention[name]),
    html`<code>${name}</code>`,
  ]);
  return html`<section>
    <h2>${words.retention}</h2>
    <p>${words.retentionLead}</p>
    ${table(words.retentionTable, columns, rows)}
  </section>`;
}

function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
