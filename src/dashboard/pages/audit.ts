/** Who changed what: searched, a page at a time, and as a file. */
import { csvLine } from "../../platform/csv.ts";
import {
  type AuditSearch,
  type FoundAuditRow,
  listAuditKinds,
  searchAudit,
} from "../../store/audit-search.ts";
import { shortTime } from "../format.ts";
import { type Html, html } from "../html.ts";
import { settingsTabs } from "../navigation.ts";
import { type Answer, type Console, file, type MemberVisit, page } from "../page.ts";
import { emptyState, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.audit;

const PAGE_LENGTH = 50;
const EXPORTED_MAX = 50_000;
const DAY_MS = 24 * 3600 * 1000;
const FILTERS = ["actor", "action", "tenant", "from", "to"] as const;

export async function showAudit(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const search = searchOf(visit.query);
  const format = visit.query.get("format");
  if (format === "csv" || format === "json")
    return exported(await searchAudit(database, { ...search, limit: EXPORTED_MAX }), format);
  const [kinds, found] = await Promise.all([
    listAuditKinds(database),
    searchAudit(database, { ...search, limit: PAGE_LENGTH + 1 }),
  ]);
  const rows = found.slice(0, PAGE_LENGTH);
  const body = html`<h1>${words.title}</h1>
    ${settingsTabs("/settings/audit", visit.session.role)} ${filter(visit.query, kinds)} ${list(rows)}
    ${links(visit.query, found.length > PAGE_LENGTH ? rows.at(-1)?.id : undefined)}`;
  return page(words.title, body, { section: "settings" });
}

/** What cannot be meant is left out, as if the field were empty. */
function searchOf(query: URLSearchParams): Omit<AuditSearch, "limit"> {
  const text = (name: string): string | undefined => query.get(name)?.trim() || undefined;
  const from = dayOf(text("from"));
  const to = dayOf(text("to"));
  const before = text("before");
  return {
    actor: text("actor"),
    action: text("action"),
    tenantSlug: text("tenant"),
    from,
    until: to && new Date(to.getTime() + DAY_MS),
    before: before !== undefined && /^\d{1,18}$/.test(before) ? before : undefined,
  };
}

function dayOf(text: string | undefined): Date | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const day = new Date(`${text}T00:00:00Z`);
  return Number.isNaN(day.getTime()) ? undefined : day;
}

function filter(query: URLSearchParams, kinds: readonly string[]): Html {
  const said = words.filter;
  const value = (name: string): string => query.get(name) ?? "";
  const actions = [...new Set([...kinds, value("action")])].filter((kind) => kind !== "");
  return html`<form class="filter" method="get" action="/settings/audit">
    <span class="field"
      ><label for="actor">${said.actor}</label>
      <input id="actor" name="actor" maxlength="100" value="${value("actor")}"
    /></span>
    <span class="field"
      ><label for="action">${said.action}</label>
      <select id="action" name="action">
        <option value="">${said.everything}</option>
        ${actions.map((kind) =>
          kind === value("action") ? html`<option selected>${kind}</option>` : html`<option>${kind}</option>`,
        )}
      </select></span
    >
    <span class="field"
      ><label for="tenant">${said.tenant}</label>
      <input id="tenant" name="tenant" maxlength="63" value="${value("tenant")}"
    /></span>
    <span class="field"
      ><label for="from">${said.from}</label>
      <input id="from" name="from" type="date" value="${value("from")}"
    /></span>
    <span class="field"
      ><label for="to">${said.to}</label> <input id="to" name="to" type="date" value="${value("to")}"
    /></span>
    <button class="quiet" type="submit">${texts.common.show}</button>
  </form>`;
}

function list(rows: readonly FoundAuditRow[]): Html {
  if (rows.length === 0) return emptyState(words.none, words.noneMore);
  const said = words.columns;
  const columns = [said.at, said.actor, said.action, said.subject, said.tenant].map((label) => ({ label }));
  return table(
    words.title,
    columns,
    rows.map(({ at, actor, action, subject, tenantSlug }) => [
      shortTime(at),
      actor,
      html`<code>${action}</code>`,
      html`<span class="wraps">${subject}</span>`,
      tenantSlug === null ? "" : html`<a href="/tenants/${tenantSlug}">${tenantSlug}</a>`,
    ]),
  );
}

function links(query: URLSearchParams, next: string | undefined): Html {
  const withThese = (more: Readonly<Record<string, string>>): string => {
    const kept = new URLSearchParams(more);
    for (const name of FILTERS) if (query.get(name)) kept.set(name, query.get(name) ?? "");
    return `/settings/audit?${kept.toString()}`;
  };
  return html`<nav class="pages" aria-label="${texts.common.pages}">
    ${query.has("before") && html`<a class="button quiet" href="${withThese({})}">${texts.common.newest}</a>`}
    ${next !== undefined && html`<a class="button quiet" href="${withThese({ before: next })}">${texts.common.older}</a>`}
    <span>${words.download(withThese({ format: "csv" }), withThese({ format: "json" }))}</span>
  </nav>`;
}

function exported(rows: readonly FoundAuditRow[], format: "csv" | "json"): Answer {
  const kept = rows.map(({ id, at, actor, action, subject, tenantSlug }) => ({
    ...{ id, at: at.toISOString(), actor, action, subject, tenant: tenantSlug },
  }));
  if (format === "json")
    return file("audit.json", "application/json", `${JSON.stringify(kept, undefined, 2)}\n`);
  const lines = [
    ["id", "at", "actor", "action", "subject", "tenant"],
    ...kept.map((row) => Object.values(row)),
  ];
  return file("audit.csv", "text/csv", lines.map(csvLine).join(""));
}
