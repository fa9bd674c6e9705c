/** One user or group: its state and why, its groups, and every write that touched it, with what it changed. */
import { HELD_CODE } from "../../queue/outcome-of-row.ts";
import type { Role } from "../../store/accounts.ts";
import { findResource } from "../../store/directory-reads.ts";
import { type HistoryEntry, type HistoryPage, readHistory } from "../../store/history.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { count, shortTime, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { type Answer, type Console, file, isId, type MemberVisit, notFound, page } from "../page.ts";
import { badge, crumbs, cyclePath, emptyState, facts, failurePath, resourcePath } from "../parts.ts";
import { historyCsv, historyJson } from "../history-file.ts";
import { texts } from "../texts/texts.ts";
import { pages } from "./failed.ts";
import { guardOfUser } from "./guard-parts.ts";
import { stateBadge } from "./people.ts";
import { changesOf, managersIn } from "./person-changes.ts";

const words = texts.person;

const PAGE_LENGTH = 25;
const EXPORT_MAX = 5_000;

type Type = "User" | "Group";
type Shown = NonNullable<Awaited<ReturnType<typeof findResource>>>;

interface At {
  readonly tenant: Tenant;
  readonly type: Type;
  readonly id: string;
  readonly role: Role;
  /** Those whom the history names, by id. */
  readonly managers: ReadonlyMap<string, string>;
}

export const showUser = (visit: MemberVisit, deps: Console): Promise<Answer> => show("User", visit, deps);
export const showGroup = (visit: MemberVisit, deps: Console): Promise<Answer> => show("Group", visit, deps);

async function show(type: Type, visit: MemberVisit, { database }: Console): Promise<Answer> {
  const { slug = "", id = "" } = visit.params;
  const tenant = await findTenant(database, slug);
  if (tenant === undefined || !isId(id)) return notFound(words.noSuch(type));
  const { role } = visit.session;
  const format = visit.query.get("format");
  const olderThan = visit.query.get("before") ?? "";
  const key = { tenantId: tenant.id, id };
  const [guard, stored, history] = await Promise.all([
    guardOfUser(database, slug, { tenantId: tenant.id, userId: id }),
    findResource(database, id, { tenantId: tenant.id, type, withMembers: type === "User" }),
    readHistory(database, key, {
      limit: format === null ? PAGE_LENGTH : EXPORT_MAX,
      olderThan: isId(olderThan) ? olderThan : undefined,
    }),
  ]);
  // Of somebody who was deleted the history is left; of nobody, nothing.
  if (stored === undefined && history.entries.length === 0) return notFound(words.noSuch(type));
  if (format === "csv")
    return file(`${id}.csv`, "text/csv; charset=utf-8", historyCsv(history.entries, role));
  if (format === "json") return file(`${id}.json`, "application/json", historyJson(history.entries, role));
  const managers = await managersIn(database, tenant.id, history.entries);
  const at = { tenant, type, id, role, managers };
  return personPage(at, stored, history, { isFirst: olderThan === "", guard });
}

function personPage(
  at: At,
  stored: Shown | undefined,
  history: HistoryPage,
  { isFirst, guard }: { readonly isFirst: boolean; readonly guard: Html | undefined },
): Answer {
  const { tenant, type, id } = at;
  const name = nameOf(stored) ?? deletedName(history.entries) ?? words.nameOfDeleted(type);
  const here = resourcePath(tenant.slug, type, id);
  const body = html`${crumbs([[texts.people.title, `/people?tenant=${tenant.slug}`]])}
    <div class="title-row">
      <h1>${name} <span class="muted">· ${tenant.name}</span></h1>
      ${state(type, stored)}
    </div>
    ${guard} ${type === "User" && isFirst && why(stored, history.entries, tenant)}
    ${stored && factsOf(stored, at)} ${stored?.groups && groups(stored.groups, tenant)}
    <section>
      <div class="title-row">
        <h2>${words.history}</h2>
        <span class="muted small"
          ><a href="${here}?format=csv">${words.csv}</a> ·
          <a href="${here}?format=json">${words.json}</a></span
        >
      </div>
      ${
        history.entries.length === 0
          ? emptyState(words.nothingOlder, words.nothingOlderHint)
          : html`<ul class="failures">
              ${history.entries.map((entry) => entryCard(entry, at))}
            </ul>`
      }
      ${pages(`${here}?`, { isFirst, next: history.olderThan })}
    </section>`;
  return page(`${name} · ${tenant.name}`, body, { section: "people" });
}

function nameOf(stored: Shown | undefined): string | undefined {
  const name = stored?.resource["userName"] ?? stored?.resource["displayName"];
  return typeof name === "string" ? name : undefined;
}

function deletedName(entries: readonly HistoryEntry[]): string | undefined {
  const gone = entries.find(({ operation, changes }) => operation === "delete" && changes !== null)?.changes;
  const name = gone?.["userName"]?.from ?? gone?.["displayName"]?.from;
  return typeof name === "string" ? name : undefined;
}

function state(type: Type, stored: Shown | undefined): Html | undefined {
  if (stored === undefined) return badge("idle", words.deleted);
  return type === "User" ? stateBadge(stored.resource["active"] !== false) : undefined;
}

/** The write that made it so, as far as the page of the history reaches. */
function why(stored: Shown | undefined, entries: readonly HistoryEntry[], tenant: Tenant): Html | undefined {
  if (stored === undefined) {
    const gone = entries.find(({ operation, result }) => operation === "delete" && result === "applied");
    return gone && html`<p>${words.deletedBy(by(gone, tenant))}</p>`;
  }
  if (stored.resource["active"] !== false) return undefined;
  const off = entries.find(({ isAdded, changed }) => isAdded === null && changed.includes("active"));
  return html`<p>${off ? words.deactivatedBy(by(off, tenant)) : words.deactivatedBefore}</p>`;
}

function by(entry: HistoryEntry, tenant: Tenant): Html {
  const { cycleId, cycleStartedAt, connectionName } = entry;
  const endedAt = shortTime(entry.endedAt);
  if (cycleId === null) return words.by(connectionName, endedAt);
  const startedAt = cycleStartedAt && shortTime(cycleStartedAt);
  return words.byInCycle(connectionName, endedAt, { path: cyclePath(tenant.slug, cycleId), startedAt });
}

function factsOf({ id, version, created, lastModified, resource }: Shown, { role }: At): Html {
  const emails = Array.isArray(resource["emails"]) ? resource["emails"] : [];
  const addresses = emails.flatMap((email) => {
    const { value } = email as { value?: unknown };
    return typeof value === "string" ? [value] : [];
  });
  const text = (name: string): string => (typeof resource[name] === "string" ? resource[name] : words.none);
  const personal: [string, Html | string][] = mayReadValues(role)
    ? [
        [words.displayName, text("displayName")],
        ...(addresses.length > 0 ? ([[words.email, addresses.join(", ")]] as [string, string][]) : []),
        [words.externalId, html`<code>${text("externalId")}</code>`],
      ]
    : [];
  return facts([
    ...personal,
    [words.id, html`<code>${id}</code>`],
    [words.version, count(version)],
    [words.created, time(new Date(created))],
    [words.changedAt, time(new Date(lastModified))],
  ]);
}

function groups(list: NonNullable<Shown["groups"]>, tenant: Tenant): Html {
  return html`<section>
    <h2>${words.groups}</h2>
    ${
      list.length === 0
        ? html`<p class="muted">${words.noGroup}</p>`
        : html`<ul class="plain chips">
            ${list.map(
              ({ value, display, type }) =>
                html`<li>
                  <a href="${resourcePath(tenant.slug, "Group", value)}">${display ?? value}</a>
                  ${type === "indirect" && html`<span class="muted">${words.indirect}</span>`}
                </li>`,
            )}
          </ul>`
    }
  </section>`;
}

function entryCard(entry: HistoryEntry, at: At): Html {
  const { tenant } = at;
  return html`<li class="card failure">
    <div class="failure-head">
      <h3>${headline(entry, tenant)}</h3>
      ${resultBadge(entry, tenant)}
      <span class="when muted">${time(entry.endedAt)}</span>
    </div>
    ${entry.isAdded === null && entry.result === "applied" && changesOf(entry, at)}
    <dl class="facts inline small">
      <div>
        <dt>${words.writtenBy}</dt>
        <dd>${by(entry, tenant)}</dd>
      </div>
      <div>
        <dt>${words.correlationId}</dt>
        <dd><code>${entry.correlationId}</code></dd>
      </div>
      ${
        entry.clientRequestId !== null &&
        html`<div>
          <dt>${words.azureRequestId}</dt>
          <dd><code>${entry.clientRequestId}</code></dd>
        </div>`
      }
    </dl>
  </li>`;
}

function headline(entry: HistoryEntry, tenant: Tenant): Html | string {
  if (entry.isAdded === null || entry.groupId === null) return words.operations[entry.operation];
  const group = html`<a href="${resourcePath(tenant.slug, "Group", entry.groupId)}"
    >${entry.groupName ?? entry.groupId}</a
  >`;
  return entry.isAdded ? words.addedTo(group) : words.removedFrom(group);
}

function resultBadge({ result, code, writeId }: HistoryEntry, tenant: Tenant): Html | undefined {
  if (code === HELD_CODE) return badge("warn", words.held);
  if (result === "applied") return undefined;
  if (result === "unchanged") return badge("idle", words.unchanged);
  const link = html`<a href="${failurePath(tenant.slug, writeId)}">${code}</a>`;
  return html`${result === "fault" ? badge("bad", words.failed) : badge("warn", words.refused)} ${link}`;
}
