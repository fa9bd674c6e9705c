/** Which groups of a tenant give their members which roles of the product; an admin adds and removes them. */
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import {
  addRoleMapping,
  describeMapping,
  GROUP_FIELDS,
  type GroupField,
  listRoleMappings,
  MAPPINGS_MAX,
  removeRoleMapping,
  type RoleMapping,
  type StoredMapping,
  wrongMapping,
} from "../../store/role-mappings.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { count } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { badge, emptyState, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const { common, roles: words } = texts;

const PATH = "/roles";

const FIELD_LABELS: Readonly<Record<GroupField, string>> = words.groupFields;

export async function showRoles(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  return tenant === undefined ? notFound(NO_TENANT) : rolesPage(visit, deps, { tenant });
}

export async function submitMapping(visit: MemberVisit, deps: Console): Promise<Answer> {
  return change(visit, deps, {
    action: "role_mapping.added",
    make: async (tx, tenantId, mapping) =>
      (await addRoleMapping(tx, tenantId, mapping)) ? undefined : words.tooMany(MAPPINGS_MAX),
  });
}

export async function submitMappingRemoval(visit: MemberVisit, deps: Console): Promise<Answer> {
  return change(visit, deps, {
    action: "role_mapping.removed",
    make: async (tx, tenantId, mapping) =>
      (await removeRoleMapping(tx, tenantId, mapping)) ? undefined : words.goneAlready,
  });
}

interface Change {
  readonly action: AuditAction;
  /** @returns why it was not made */
  readonly make: (tx: Transaction, tenantId: string, mapping: RoleMapping) => Promise<string | undefined>;
}

async function change(visit: MemberVisit, deps: Console, { action, make }: Change): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const mapping = mappingIn(visit.form);
  if (typeof mapping === "string") return rolesPage(visit, deps, { tenant, wrong: mapping });
  const wrong = await deps.database.transaction(async (tx) => {
    const failed = await make(tx, tenant.id, mapping);
    const entry = {
      tenantId: tenant.id,
      actor: visit.session.login,
      action,
      subject: describeMapping(mapping),
    };
    if (failed === undefined) await recordAudit(tx, [entry]);
    return failed;
  });
  return wrong === undefined
    ? redirect(`/tenants/${tenant.slug}${PATH}`)
    : rolesPage(visit, deps, { tenant, wrong });
}

/** @returns what is wrong, where something is */
function mappingIn(form: URLSearchParams): RoleMapping | string {
  const matchBy = GROUP_FIELDS.find((known) => known === form.get("matchBy"));
  if (matchBy === undefined) return words.noMatchBy;
  const mapping = { role: (form.get("role") ?? "").trim(), matchBy, value: (form.get("value") ?? "").trim() };
  const wrong = wrongMapping(mapping);
  return wrong === undefined ? mapping : words.wrongMapping(wrong);
}

async function rolesPage(
  visit: MemberVisit,
  { database }: Console,
  { tenant, wrong }: { readonly tenant: Tenant; readonly wrong?: string },
): Promise<Answer> {
  const mappings = await listRoleMappings(database, tenant.id);
  const isAdmin = mayActAs(visit.session.role, "admin");
  const body = html`${tenantHead(visit, tenant, PATH)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)}
    ${
      mappings.length === 0
        ? emptyState(words.noMapping, words.noMappingHint)
        : table(
            words.title,
            COLUMNS,
            mappings.map((mapping) => rowOf(visit, tenant, { mapping, isAdmin })),
          )
    }
    ${isAdmin && addForm(visit, tenant)}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${words.title} · ${tenant.name}`, body, { status, section: "overview" });
}

const COLUMNS = words.columns.map((label) => ({ label }));

function rowOf(
  visit: MemberVisit,
  tenant: Tenant,
  { mapping, isAdmin }: { readonly mapping: StoredMapping; readonly isAdmin: boolean },
): (Html | string | false)[] {
  const { role, matchBy, value, groups } = mapping;
  return [
    html`<code>${role}</code>`,
    FIELD_LABELS[matchBy],
    value,
    groups === 0 ? badge("warn", words.noGroupYet) : count(groups),
    isAdmin &&
      html`<form method="post" action="/tenants/${tenant.slug}${PATH}/remove">
        ${csrfField(visit)}
        <input type="hidden" name="role" value="${role}" />
        <input type="hidden" name="matchBy" value="${matchBy}" />
        <input type="hidden" name="value" value="${value}" />
        <button class="quiet" type="submit" aria-label="${words.removeMapping(describeMapping(mapping))}">
          ${common.remove}
        </button>
      </form>`,
  ];
}

function addForm(visit: MemberVisit, tenant: Tenant): Html {
  return html`<form class="card stack medium" method="post" action="/tenants/${tenant.slug}${PATH}">
    <h3>${words.addMapping}</h3>
    ${csrfField(visit)}
    <div class="field">
      <label for="role">${words.role}</label>
      <input id="role" name="role" required maxlength="100" />
    </div>
    <div class="field">
      <label for="matchBy">${words.matchBy}</label>
      <select id="matchBy" name="matchBy">
        ${(["displayName", "externalId", "id"] as const).map(
          (field) => html`<option value="${field}">${FIELD_LABELS[field]}</option>`,
        )}
      </select>
    </div>
    <div class="field">
      <label for="value">${words.value}</label>
      <input id="value" name="value" required maxlength="1024" aria-describedby="value-hint" />
      <p class="hint" id="value-hint">${words.valueHint}</p>
    </div>
    <div class="actions"><button type="submit">${words.add}</button></div>
  </form>`;
}
