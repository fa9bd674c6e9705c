/** Settings of the installation: where to find what, how long what is kept, and how each tenant is set. */
import { Config } from "../../platform/config.ts";
import { describeGuard } from "../../store/deactivation-guards.ts";
import { listTenantSettings, type TenantSettings } from "../../store/tenant-settings.ts";
import { count, counted } from "../format.ts";
import { type Html, html } from "../html.ts";
import { settingsPages } from "../navigation.ts";
import { type Answer, type Console, type MemberVisit, page, RETENTION_SETTINGS } from "../page.ts";
import { connectionPath, emptyState, table } from "../parts.ts";
import { MAPPING_PATH } from "./mapping.ts";

const CONNECTIONS_MAX = 100;

export async function showSettings(visit: MemberVisit, deps: Console): Promise<Answer> {
  const connections = await listTenantSettings(deps.database, CONNECTIONS_MAX + 1);
  const body = html`<h1>Settings</h1>
    <p class="lead">What holds for the whole installation, and where each tenant's own settings stand.</p>
    ${places(visit)} ${tenantsSection(connections)} ${retentionSection(deps.retention)}`;
  return page("Settings", body, { section: "settings" });
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
  const columns = ["Connection", "Deactivation guard", "Attributes", "Webhooks"].map((label) => ({ label }));
  return html`<section>
    <h2>By tenant</h2>
    ${
      connections.length === 0
        ? emptyState(
            "No tenant is connected",
            html`<p>Begin with <a href="/activate">Activate Azure</a>.</p>`,
          )
        : table("Settings by connection", columns, connections.slice(0, CONNECTIONS_MAX).map(rowOf))
    }
    ${
      connections.length > CONNECTIONS_MAX &&
      html`<p>These are the first ${CONNECTIONS_MAX}; the others stand on the <a href="/">overview</a>.</p>`
    }
  </section>`;
}

function rowOf(of: TenantSettings): readonly Html[] {
  const [tenant, connection] = [`/tenants/${of.tenantSlug}`, connectionPath(of.tenantSlug, of.connectionId)];
  const attributes =
    of.schemaVersion === null ? "The standard's" : `Its own too, version ${of.schemaVersion}`;
  return [
    html`<a href="${connection}">${of.tenantName} · ${of.connectionName}</a>`,
    html`<a href="${connection}/guard">${of.guard ? capital(describeGuard(of.guard)) : "Off"}</a>`,
    html`<a href="${tenant}${MAPPING_PATH}">${attributes}</a>`,
    html`<a href="${tenant}/webhooks">${webhooks(of)}</a>`,
  ];
}

function webhooks({ webhooks: all, webhooksPaused: paused }: TenantSettings): string {
  if (all === 0) return "None";
  return paused === 0 ? counted(all, "endpoint") : `${counted(all, "endpoint")}, ${count(paused)} paused`;
}

function retentionSection(retention: Console["retention"]): Html {
  const columns = [{ label: "What" }, { label: "Days", isNumber: true }, { label: "Set by" }];
  const rows = RETENTION_SETTINGS.map((name) => [
    capital((Config.shape[name].description ?? name).replace(/^Days for which |( is| are) kept/g, "")),
    count(retention[name]),
    html`<code>${name}</code>`,
  ]);
  return html`<section>
    <h2>How long it is kept</h2>
    <p>
      These stand in the environment of the processes; the workers delete by them. Users, groups and settings
      are kept until somebody deletes them.
    </p>
    ${table("How long what is kept", columns, rows)}
  </section>`;
}

function capital(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}
