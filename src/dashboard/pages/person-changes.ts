/** What a write changed, attribute by attribute: names for everybody, values for those who may read them. */
import type { Role } from "../../store/accounts.ts";
import type { Database } from "../../store/database.ts";
import { findResources } from "../../store/directory-reads.ts";
import type { AttributeChanges, HistoryEntry } from "../../store/history.ts";
import type { Tenant } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { mayReadValues } from "../mask.ts";
import { isId } from "../page.ts";
import { resourcePath } from "../parts.ts";
import { texts } from "../texts/texts.ts";

const words = texts.person;

const MANAGER = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager";

/** @returns the userNames of the managers whom these entries name, by id; of those who are gone, none */
export async function managersIn(
  database: Database,
  tenantId: string,
  entries: readonly HistoryEntry[],
): Promise<ReadonlyMap<string, string>> {
  const named = entries.flatMap(({ changes }) => [changes?.[MANAGER]?.from, changes?.[MANAGER]?.to]);
  const ids = new Set(named.map((reference) => managerId(reference) ?? "").filter(isId));
  if (ids.size === 0) return new Map();
  const found = await findResources(database, [...ids], { tenantId, type: "User" });
  return new Map([...found].map(([id, { resource }]) => [id, String(resource["userName"])]));
}

function managerId(reference: unknown): string | undefined {
  const { value } = (reference ?? {}) as { readonly value?: unknown };
  return typeof value === "string" ? value : undefined;
}

interface Read {
  readonly tenant: Tenant;
  readonly role: Role;
  /** As `managersIn` returns them. */
  readonly managers: ReadonlyMap<string, string>;
}

export function changesOf({ changed, changes }: HistoryEntry, read: Read): Html | undefined {
  const names = [...new Set([...changed, ...Object.keys(changes ?? {})])];
  if (names.length === 0) return undefined;
  if (!mayReadValues(read.role) || changes === null)
    return html`<p class="small">
      ${words.changedNames} ${names.map((name) => html`<code>${shortName(name)}</code> `)}
    </p>`;
  const valueOf = (name: string) => (value: unknown) => valueText(value, name === MANAGER ? read : undefined);
  return html`<dl class="changes">
    ${names.map(
      (name) =>
        html`<div>
          <dt><code>${shortName(name)}</code></dt>
          <dd>${changeText(changes[name], valueOf(name))}</dd>
        </div>`,
    )}
  </dl>`;
}

/** An extension's attribute without its URN. */
function shortName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

/** Of some attributes only the name is kept, such as a group's members, whose own histories have it. */
function changeText(
  change: AttributeChanges[string] | undefined,
  shown: (value: unknown) => Html | string,
): Html {
  if (change?.from === undefined && change?.to === undefined)
    return html`<span class="muted">${words.changed}</span>`;
  return html`${shown(change.from)} → ${shown(change.to)}`;
}

/** @param of - where the value is a manager */
function valueText(value: unknown, of: Read | undefined): Html | string {
  if (value === undefined) return html`<span class="muted">${words.nothing}</span>`;
  if (typeof value === "string") return value;
  const manager = of && managerId(value);
  return of === undefined || manager === undefined ? JSON.stringify(value) : managerText(manager, of);
}

/** By userName, with the way there; by id where that is all there is. */
function managerText(id: string, { tenant, managers }: Read): Html | string {
  const name = managers.get(id);
  return name === undefined ? id : html`<a href="${resourcePath(tenant.slug, "User", id)}">${name}</a>`;
}
