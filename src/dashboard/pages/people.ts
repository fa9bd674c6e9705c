/** Search of one tenant's users and groups, as Rollcall holds them. */
import { findPeople, type Found } from "../../store/people.ts";
import { findTenant, listConnections } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { badge, emptyState, resourcePath, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const { common, people: words } = texts;

const QUERY_CHARS_MAX = 200;

export async function showPeople(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const connections = await listConnections(database);
  const tenants = new Map(connections.map(({ tenantSlug, tenantName }) => [tenantSlug, tenantName]));
  const slug = visit.query.get("tenant") ?? [...tenants.keys()][0] ?? "";
  const tenant = slug === "" ? undefined : await findTenant(database, slug);
  if (slug !== "" && tenant === undefined) return notFound(common.noTenant);
  const text = (visit.query.get("q") ?? "").trim().slice(0, QUERY_CHARS_MAX);
  const found = tenant === undefined || text === "" ? undefined : await findPeople(database, tenant.id, text);
  const body = html`<h1>${words.title}</h1>
    <p class="lead">${words.lead}</p>
    ${tenants.size > 0 && form(tenants, slug, text)} ${tenants.size === 0 && noTenant()}
    ${found && results(found, { slug, text, showsValues: mayReadValues(visit.session.role) })}`;
  return page(words.title, body, { section: "people" });
}

function form(tenants: ReadonlyMap<string, string>, chosen: string, text: string): Html {
  return html`<form class="filter" method="get" action="/people" role="search">
    <label for="tenant">${words.tenant}</label>
    <select id="tenant" name="tenant">
      ${[...tenants].map(([slug, name]) =>
        slug === chosen
          ? html`<option value="${slug}" selected>${name}</option>`
          : html`<option value="${slug}">${name}</option>`,
      )}
    </select>
    <label for="q">${common.search}</label>
    <input
      class="grows"
      id="q"
      name="q"
      type="search"
      maxlength="${QUERY_CHARS_MAX}"
      required
      value="${text}"
    />
    <button type="submit">${common.search}</button>
  </form>`;
}

function noTenant(): Html {
  return emptyState(words.nobodyYet, html`<p>${words.nobodyYetHint}</p>`);
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
      words.nobodyMatches(text),
      html`<p>${words.nobodyMatchesHint(`/failed?tenant=${slug}`)}</p>`,
    );
  const columns = [...words.columns, ...(showsValues ? [words.externalId] : [])].map((label) => ({ label }));
  const rows = found.map(({ type, id, name, active, externalId }) => [
    html`<a href="${resourcePath(slug, type, id)}">${name}</a>`,
    words.types[type],
    active === null ? "" : stateBadge(active),
    ...(showsValues ? [externalId === null ? "" : html`<code>${externalId}</code>`] : []),
  ]);
  return html`<section>
    <h2>${words.matchesFound(found.length)}</h2>
    ${table(words.matches, columns, rows)}
  </section>`;
}

export function stateBadge(active: boolean): Html {
  return active ? badge("good", words.active) : badge("bad", words.deactivated);
}
