/** A tenant's login gate: when it closes, what it answers while it is off, and who may always come in. */
import { type AuditAction, recordAudit } from "../../store/audit.ts";
import type { Transaction } from "../../store/database.ts";
import {
  addExemption,
  changeLoginGate,
  type Choice,
  type LoginExemption,
  type LoginGate,
  listExemptions,
  readLoginGate,
  removeExemption,
} from "../../store/login-gates.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { choices, field, postButton } from "../forms.ts";
import { date, time } from "../format.ts";
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
import { badge, emptyState, facts, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const { common, gate: words } = texts;

const PATH = "/gate";
const LOGIN_CHARS_MAX = 1_024;
const NOTE_CHARS_MAX = 500;
const CHOICES: readonly (readonly [Choice, string])[] = [
  ["allow", words.choices.allow],
  ["refuse", words.choices.refuse],
];

export async function showGate(visit: MemberVisit, deps: Console): Promise<Answer> {
  return gatePage(visit, deps);
}

/** When it closes, and what it says while it is open. */
export async function submitGate(visit: MemberVisit, deps: Console): Promise<Answer> {
  const change = changeIn(visit.form);
  if (typeof change === "string") return gatePage(visit, deps, change);
  return act(visit, deps, async (tx, tenantId) => {
    await changeLoginGate(tx, tenantId, change);
    return { action: "login_gate.changed", subject: described(change) };
  });
}

export async function submitExemption(visit: MemberVisit, deps: Console): Promise<Answer> {
  const login = (visit.form.get("login") ?? "").trim();
  const note = (visit.form.get("note") ?? "").trim();
  if (login === "" || login.length > LOGIN_CHARS_MAX) return gatePage(visit, deps, words.noLogin);
  if (note === "" || note.length > NOTE_CHARS_MAX) return gatePage(visit, deps, words.noNote);
  return act(visit, deps, async (tx, tenantId) => {
    await addExemption(tx, tenantId, { login, note });
    return { action: "login_exemption.added", subject: `${login}: ${note}` };
  });
}

export async function submitExemptionEnd(visit: MemberVisit, deps: Console): Promise<Answer> {
  const login = visit.form.get("login") ?? "";
  return act(visit, deps, async (tx, tenantId) => {
    const isRemoved = await removeExemption(tx, tenantId, login);
    return isRemoved ? { action: "login_exemption.removed", subject: login } : undefined;
  });
}

/** A change and its audit row, in one transaction; then the page again. */
async function act(
  visit: MemberVisit,
  { database }: Console,
  work: (
    tx: Transaction,
    tenantId: string,
  ) => Promise<{ readonly action: AuditAction; readonly subject: string } | undefined>,
): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const { id: tenantId, slug } = tenant;
  await database.transaction(async (tx) => {
    const done = await work(tx, tenantId);
    if (done) await recordAudit(tx, [{ tenantId, actor: visit.session.login, ...done }]);
  });
  return redirect(`/tenants/${slug}${PATH}`);
}

/** @returns what is wrong with it, in words */
function changeIn(form: URLSearchParams): Partial<LoginGate> | string {
  const whenOff = choiceIn(form.get("whenOff"));
  const whenUnreachable = choiceIn(form.get("whenUnreachable"));
  const enforcement = enforcementIn(form);
  if (typeof enforcement === "string") return enforcement;
  return { ...enforcement, ...(whenOff && { whenOff }), ...(whenUnreachable && { whenUnreachable }) };
}

function enforcementIn(form: URLSearchParams): Partial<LoginGate> | string {
  switch (form.get("enforcement")) {
    case "enforced":
      return { enforcement: "enforced", enforceAt: null };
    case "automatic":
      return { enforcement: "automatic", enforceAt: null };
    case "held":
      return { enforcement: "held", enforceAt: null };
    case "at": {
      // A browser's datetime-local has no zone: the page says that it is UTC.
      const enforceAt = new Date(`${form.get("enforceAt") ?? ""}Z`);
      if (Number.isNaN(enforceAt.getTime())) return words.noTime;
      return { enforcement: "held", enforceAt };
    }
    case null:
    default:
      return {};
  }
}

function choiceIn(text: string | null): Choice | undefined {
  return CHOICES.find(([choice]) => choice === text)?.[0];
}

function described({ enforcement, enforceAt, whenOff, whenUnreachable }: Partial<LoginGate>): string {
  const parts = [
    enforcement &&
      `enforce ${enforceAt?.toISOString() ?? (enforcement === "enforced" ? "now" : enforcement)}`,
    whenOff && `when-off ${whenOff}`,
    whenUnreachable && `when-unreachable ${whenUnreachable}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

async function gatePage(visit: MemberVisit, { database, now }: Console, wrong?: string): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const [gate, exempt] = await Promise.all([
    readLoginGate(database, tenant.id),
    listExemptions(database, tenant.id),
  ]);
  const mayAct = mayActAs(visit.session.role, "admin");
  const body = html`${tenantHead(visit, tenant, PATH)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${wrong !== undefined && problem(wrong)}
    ${facts([
      [words.state, stateOf(gate, now())],
      [words.whenOff, words.outcomes[gate.whenOff]],
      [words.whenUnreachable, words.outcomes[gate.whenUnreachable]],
    ])}
    ${mayAct && settingsForm(visit, tenant, gate)} ${exemptions(visit, tenant, { exempt, mayAct })}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

export function stateOf({ enforcement, enforceAt }: LoginGate, now: Date): Html {
  if (enforcement === "enforced" || (enforceAt !== null && enforceAt <= now))
    return html`${badge("good", words.closed)} ${words.closedMeans}`;
  if (enforceAt !== null) return html`${badge("warn", words.held)} ${words.heldUntil(time(enforceAt))}`;
  if (enforcement === "held") return html`${badge("warn", words.held)} ${words.heldMeans}`;
  return html`${badge("idle", words.automatic)} ${words.automaticMeans}`;
}

function settingsForm(visit: MemberVisit, { slug }: Tenant, gate: LoginGate): Html {
  const { enforcement, enforceAt, whenOff, whenUnreachable } = gate;
  return html`<form class="card stack medium" method="post" action="/tenants/${slug}${PATH}">
    ${csrfField(visit)}
    ${choices({
      ...{ name: "enforcement", label: words.closes, hint: words.closesHint },
      chosen: enforceAt === null ? enforcement : "at",
      options: Object.entries(words.closesWhen),
    })}
    ${field({
      ...{ name: "enforceAt", label: words.closesAt, type: "datetime-local" },
      value: enforceAt?.toISOString().slice(0, 16) ?? "",
    })}
    ${choices({
      ...{ name: "whenOff", label: words.whenOff, chosen: whenOff, options: CHOICES },
      hint: words.whenOffHint,
    })}
    ${choices({
      ...{ name: "whenUnreachable", label: words.whenUnreachable },
      ...{ chosen: whenUnreachable, options: CHOICES, hint: words.whenUnreachableHint },
    })}
    <div class="actions"><button type="submit">${common.save}</button></div>
  </form>`;
}

function exemptions(
  visit: MemberVisit,
  { slug }: Tenant,
  { exempt, mayAct }: { readonly exempt: readonly LoginExemption[]; readonly mayAct: boolean },
): Html {
  const columns = [...words.columns, ...(mayAct ? [common.action] : [])].map((label) => ({ label }));
  const rows = exempt.map(({ login, note, createdAt }) => [
    html`<code>${login}</code>`,
    note,
    date(createdAt),
    mayAct &&
      postButton(visit, `/tenants/${slug}${PATH}/unexempt`, common.remove, {
        ...{ fields: { login }, kind: "danger", describes: login },
      }),
  ]);
  return html`<section>
    <h2>${words.exemptions}</h2>
    ${
      exempt.length === 0
        ? emptyState(words.noExemption, words.noExemptionHint)
        : table(words.exemptions, columns, rows)
    }
    ${
      mayAct &&
      html`<form class="card stack medium" method="post" action="/tenants/${slug}${PATH}/exempt">
        ${csrfField(visit)}
        ${field({
          ...{ name: "login", label: words.login, charsMax: LOGIN_CHARS_MAX },
          isRequired: true,
        })}
        ${field({ name: "note", label: words.note, charsMax: NOTE_CHARS_MAX, isRequired: true })}
        <div class="actions"><button type="submit">${words.exempt}</button></div>
      </form>`
    }
  </section>`;
}
