/** One tenant: its connections, how many users and groups it has, and the way to all of its pages. */
import { readDirectoryTotals } from "../../store/directory-totals.ts";
import { type Connection, findTenant, listTenantConnections, type Tenant } from "../../store/tenants.ts";
import { ago, count, date } from "../format.ts";
import { type Html, html } from "../html.ts";
import { tenantTabs } from "../navigation.ts";
import { type Answer, type Console, mayActAs, type MemberVisit, notFound, page } from "../page.ts";
import { badge, connectionPath, crumbs, emptyState, facts, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const { common, tenant: words } = texts;

export const NO_TENANT = common.noTenant;

export async function showTenant(visit: MemberVisit, { database, now }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const [connections, totals] = await Promise.all([
    listTenantConnections(database, tenant.id),
    readDirectoryTotals(database, [tenant.id]),
  ]);
  const { usersActive = 0, usersInactive = 0, groups = 0 } = totals.get(tenant.id) ?? {};
  const body = html`${tenantHead(visit, tenant, "")}
  ${facts([
    [words.activeUsers, words.active(usersActive, usersActive + usersInactive)],
    [words.groups, count(groups)],
    [words.shortName, html`<code>${tenant.slug}</code>`],
    [words.created, date(tenant.createdAt)],
    [words.people, html`<a href="/people?tenant=${tenant.slug}">${common.search}</a>`],
    [words.failedJobs, html`<a href="/failed?tenant=${tenant.slug}">${common.show}</a>`],
  ])}
  ${connectionsSection(visit, tenant, { connections, now: now() })}`;
  return page(tenant.name, body, { section: "overview" });
}

/** The name of the tenant, the way back, and the tabs of its pages. @param path - of the page, after `/tenants/:slug` */
export function tenantHead(visit: MemberVisit, tenant: Pick<Tenant, "slug" | "name">, path: string): Html {
  return html`${crumbs([[common.overview, "/"]])}
    <h1>${tenant.name}</h1>
    ${tenantTabs(tenant.slug, path, visit.session.role)}`;
}

function connectionsSection(
  visit: MemberVisit,
  { slug }: Tenant,
  { connections, now }: { readonly connections: readonly Connection[]; readonly now: Date },
): Html {
  const columns = words.columns.map((label) => ({ label }));
  const rows = connections.map((connection) => [
    html`<a href="${connectionPath(connection.tenantSlug, connection.id)}">${connection.name}</a>`,
    stateOf(connection, now),
    date(connection.createdAt),
    connection.tokenExpiresAt === null ? words.noToken : date(connection.tokenExpiresAt),
    connection.tokenLastUsedAt === null ? words.never : ago(connection.tokenLastUsedAt, now),
  ]);
  return html`<section>
    <h2>${words.connections}</h2>
    ${
      connections.length === 0
        ? emptyState(words.noConnection, words.noConnectionHint)
        : table(words.connections, columns, rows)
    }
    ${
      mayActAs(visit.session.role, "admin") &&
      html`<p><a class="button quiet" href="/tenants/${slug}/connect">${words.addConnection}</a></p>`
    }
  </section>`;
}

function stateOf({ disconnectedAt, tokenExpiresAt, tokenLastUsedAt }: Connection, now: Date): Html {
  if (disconnectedAt !== null) return badge("idle", words.disconnected);
  if (tokenExpiresAt === null) return badge("bad", words.noToken);
  if (tokenExpiresAt <= now) return badge("bad", words.tokenExpired);
  return tokenLastUsedAt === null ? badge("warn", words.waiting) : badge("good", words.connected);
}
