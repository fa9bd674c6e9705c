/** Search of one tenant's users and groups, as Rollcall holds them. */
import { findPeople, type Found } from "../../store/people.ts";
import { findTenant, listConnections } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { badge, emptyState, resourcePath, table } from "../parts.ts";

const QUERY_CHARS_MAX = 200;

export async function showPeople(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connections = await listConnections(database);
  const tenants = new Map(connections.map(({ tenantSlug, tenantName }) => [tenantSlug, tenantName]));
  const slug = visit.query.get("tenant") ?? [...tenants.keys()][0] ?? "";
  const tenant = slug === "" ? undefined : await findTenant(database, slug);
  if (slug !== "" && tenant === undefined) return notFound("There is no such tenant");
  const text = (visit.query.get("q") ?? "").trim().slice(0, QUERY_CHARS_MAX);
  const found = tenant === undefined || text === "" ? undefined : await findPeople(database, tenant.id, text);
  const body = html`<h1>People</h1>
    <p class="lead">
      Why is somebody not in? Search by userName, e-mail, externalId, id, or the correlation id of an error.
    </p>
    ${tenants.size > 0 && form(tenants, slug, text)} ${tenants.size === 0 && noTenant()}
    ${found && results(found, { slug, text, showsValues: mayReadValues(visit.session.role) })}`;
  return page("People", body, { section: "people" });
}

function form(tenants: ReadonlyMap<string, string>, chosen: string, text: string): Html {
  return html`<form class="filter" method="get" action="/people" role="search">
    <label for="tenant">Tenant</label>
    <select id="tenant" name="tenant">
      ${[...tenants].map(([slug, name]) =>
        slug === chosen
          ? html`<option value="${slug}" selected>${name}</option>`
          : html`<option value="${slug}">${name}</option>`,
      )}
    </select>
    <label for="q">Search</label>
    <input
      class="grows"
      id="q"
      name="q"
      type="search"
      maxlength="${QUERY_CHARS_MAX}"
      required
      value="${text}"
    />
    <button type="submit">Search</button>
  </form>`;
}

function noTenant(): Html {
  return emptyState(
    "Nobody yet",
    html`<p>Users and groups arrive with the first cycle of an activated connection.</p>`,
  );
}

interface Searched {
  readonly slug: string;
  readonly text: string;
  /** Whether the reader's role may see people's values. */
  readonly showsValues: boolean;
}

function results(found: readonly Found[], { slug, text, showsValues }: Searched): Html {
  if (found.length === 0)
    return emptyState(
      `Nobody matches “${text}”`,
      html`<p>
        The person was never created here, or was deleted. See whether the creation
        <a href="/failed?tenant=${slug}">failed</a>; if not, assign the person to the enterprise application
        in Azure and use Provision on demand.
      </p>`,
    );
  const columns = ["Name", "Kind", "State", ...(showsValues ? ["externalId"] : [])].map((label) => ({
    label,
  }));
  const rows = found.map(({ type, id, name, active, externalId }) => [
    html`<a href="${resourcePath(slug, type, id)}">${name}</a>`,
    type,
    active === null ? "" : stateBadge(active),
    ...(showsValues ? [externalId === null ? "" : html`<code>${externalId}</code>`] : []),
  ]);
  return html`<section>
    <h2>${found.length === 1 ? "One match" : `${found.length} matches`}</h2>
    ${table("Matches", columns, rows)}
  </section>`;
}

export function stateBadge(active: boolean): Html {
  return active ? badge("good", "Active") : badge("bad", "Deactivated");
}
