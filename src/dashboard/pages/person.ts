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
import { pages } from "./failed.ts";
import { guardOfUser } from "./guard-parts.ts";
import { stateBadge } from "./people.ts";

const PAGE_LENGTH = 25;
const EXPORT_MAX = 5_000;

type Type = "User" | "Group";
type Shown = NonNullable<Awaited<ReturnType<typeof findResource>>>;

interface At {
  readonly tenant: Tenant;
  readonly type: Type;
  readonly id: string;
  readonly role: Role;
}

export const showUser = (visit: MemberVisit, deps: Console): Promise<Answer> => show("User", visit, deps);
export const showGroup = (visit: MemberVisit, deps: Console): Promise<Answer> => show("Group", visit, deps);

async function show(type: Type, visit: MemberVisit, { database }: Console): Promise<Answer> {
  const { slug = "", id = "" } = visit.params;
  const tenant = await findTenant(database, slug);
  if (tenant === undefined || !isId(id)) return notFound(`There is no such ${type.toLowerCase()}`);
  const at = { tenant, type, id, role: visit.session.role };
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
  if (stored === undefined && history.entries.length === 0)
    return notFound(`There is no such ${type.toLowerCase()}`);
  if (format === "csv")
    return file(`${id}.csv`, "text/csv; charset=utf-8", historyCsv(history.entries, at.role));
  if (format === "json") return file(`${id}.json`, "application/json", historyJson(history.entries, at.role));
  return personPage(at, stored, history, { isFirst: olderThan === "", guard });
}

function personPage(
  at: At,
  stored: Shown | undefined,
  history: HistoryPage,
  { isFirst, guard }: { readonly isFirst: boolean; readonly guard: Html | undefined },
): Answer {
  const { tenant, type, id } = at;
  const name = nameOf(stored) ?? deletedName(history.entries) ?? `Deleted ${type.toLowerCase()}`;
  const here = resourcePath(tenant.slug, type, id);
  const body = html`${crumbs([["People", `/people?tenant=${tenant.slug}`]])}
    <div class="title-row">
      <h1>${name} <span class="muted">· ${tenant.name}</span></h1>
      ${state(type, stored)}
    </div>
    ${guard} ${type === "User" && isFirst && why(stored, history.entries, tenant)}
    ${stored && factsOf(stored, at)} ${stored?.groups && groups(stored.groups, tenant)}
    <section>
      <div class="title-row">
        <h2>History</h2>
        <span class="muted small"
          ><a href="${here}?format=csv">CSV</a> · <a href="${here}?format=json">JSON</a></span
        >
      </div>
      ${
        history.entries.length === 0
          ? emptyState("Nothing older", "The ledger keeps no write before this point.")
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
  if (stored === undefined) return badge("idle", "Deleted");
  return type === "User" ? stateBadge(stored.resource["active"] !== false) : undefined;
}

/** The write that made it so, as far as the page of the history reaches. */
function why(stored: Shown | undefined, entries: readonly HistoryEntry[], tenant: Tenant): Html | undefined {
  if (stored === undefined) {
    const gone = entries.find(({ operation, result }) => operation === "delete" && result === "applied");
    return (
      gone &&
      html`<p>Deleted by ${by(gone, tenant)}. Assign the person again in Azure to create a new account.</p>`
    );
  }
  if (stored.resource["active"] !== false) return undefined;
  const off = entries.find(({ isAdded, changed }) => isAdded === null && changed.includes("active"));
  return html`<p>
    ${off ? html`Deactivated by ${by(off, tenant)}` : "Created as deactivated, or deactivated before this history begins"}.
    In Azure see whether the account is blocked, soft-deleted, or no longer assigned to the application.
  </p>`;
}

function by(entry: HistoryEntry, tenant: Tenant): Html {
  const { cycleId, cycleStartedAt } = entry;
  const cycle =
    cycleId !== null &&
    html` in the
      <a href="${cyclePath(tenant.slug, cycleId)}"
        >cycle of ${cycleStartedAt && shortTime(cycleStartedAt)}</a
      >`;
  return html`${entry.connectionName ?? "a connection"}, ${shortTime(entry.endedAt)}${cycle}`;
}

function factsOf({ id, version, created, lastModified, resource }: Shown, { role }: At): Html {
  const emails = Array.isArray(resource["emails"]) ? resource["emails"] : [];
  const addresses = emails.flatMap((email) => {
    const { value } = email as { value?: unknown };
    return typeof value === "string" ? [value] : [];
  });
  const text = (name: string): string => (typeof resource[name] === "string" ? resource[name] : "None");
  const personal: [string, Html | string][] = mayReadValues(role)
    ? [
        ["Display name", text("displayName")],
        ...(addresses.length > 0 ? ([["E-mail", addresses.join(", ")]] as [string, string][]) : []),
        ["externalId", html`<code>${text("externalId")}</code>`],
      ]
    : [];
  return facts([
    ...personal,
    ["Id", html`<code>${id}</code>`],
    ["Version", count(version)],
    ["Created", time(new Date(created))],
    ["Changed", time(new Date(lastModified))],
  ]);
}

function groups(list: NonNullable<Shown["groups"]>, tenant: Tenant): Html {
  return html`<section>
    <h2>Groups</h2>
    ${
      list.length === 0
        ? html`<p class="muted">In no group.</p>`
        : html`<ul class="plain chips">
            ${list.map(
              ({ value, display, type }) =>
                html`<li>
                  <a href="${resourcePath(tenant.slug, "Group", value)}">${display ?? value}</a>
                  ${type === "indirect" && html`<span class="muted">indirect</span>`}
                </li>`,
            )}
          </ul>`
    }
  </section>`;
}

const VERBS = { create: "Created", replace: "Replaced", patch: "Updated", delete: "Deleted" } as const;

function entryCard(entry: HistoryEntry, { tenant, role }: At): Html {
  return html`<li class="card failure">
    <div class="failure-head">
      <h3>${headline(entry, tenant)}</h3>
      ${resultBadge(entry, tenant)}
      <span class="when muted">${time(entry.endedAt)}</span>
    </div>
    ${entry.isAdded === null && entry.result === "applied" && changesOf(entry, role)}
    <dl class="facts inline small">
      <div>
        <dt>By</dt>
        <dd>${by(entry, tenant)}</dd>
      </div>
      <div>
        <dt>Correlation id</dt>
        <dd><code>${entry.correlationId}</code></dd>
      </div>
      ${
        entry.clientRequestId !== null &&
        html`<div>
          <dt>Azure's request id</dt>
          <dd><code>${entry.clientRequestId}</code></dd>
        </div>`
      }
    </dl>
  </li>`;
}

function headline(entry: HistoryEntry, tenant: Tenant): Html | string {
  if (entry.isAdded === null || entry.groupId === null) return VERBS[entry.operation];
  const group = html`<a href="${resourcePath(tenant.slug, "Group", entry.groupId)}"
    >${entry.groupName ?? entry.groupId}</a
  >`;
  return entry.isAdded ? html`Added to ${group}` : html`Removed from ${group}`;
}

function resultBadge({ result, code, writeId }: HistoryEntry, tenant: Tenant): Html | undefined {
  if (code === HELD_CODE) return badge("warn", "Deactivation held");
  if (result === "applied") return undefined;
  if (result === "unchanged") return badge("idle", "Was so already");
  const link = html`<a href="${failurePath(tenant.slug, writeId)}">${code}</a>`;
  return html`${result === "fault" ? badge("bad", "Failed") : badge("warn", "Refused")} ${link}`;
}

function changesOf({ changed, changes }: HistoryEntry, role: Role): Html | undefined {
  const names = [...new Set([...changed, ...Object.keys(changes ?? {})])];
  if (names.length === 0) return undefined;
  if (!mayReadValues(role) || changes === null)
    return html`<p class="small">Changed: ${names.map((name) => html`<code>${shortName(name)}</code> `)}</p>`;
  return html`<dl class="changes">
    ${names.map(
      (name) =>
        html`<div>
          <dt><code>${shortName(name)}</code></dt>
          <dd>${changeText(changes[name])}</dd>
        </div>`,
    )}
  </dl>`;
}

/** An extension's attribute without its URN. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

/** Of some attributes only the name is kept, such as a group's members, whose own histories have it. */
function changeText(change: { readonly from?: unknown; readonly to?: unknown } | undefined): Html {
  if (change?.from === undefined && change?.to === undefined) return html`<span class="muted">changed</span>`;
  return html`${valueText(change.from)} → ${valueText(change.to)}`;
}

function valueText(value: unknown): Html | string {
  if (value === undefined) return html`<span class="muted">nothing</span>`;
  return typeof value === "string" ? value : JSON.stringify(value);
}
