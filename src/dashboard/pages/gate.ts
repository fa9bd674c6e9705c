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
import { NO_TENANT, tenantHead } from "./tenant.ts";

const PATH = "/gate";
const LOGIN_CHARS_MAX = 1_024;
const NOTE_CHARS_MAX = 500;
const CHOICES: readonly (readonly [Choice, string])[] = [
  ["allow", "Let people in"],
  ["refuse", "Turn people away"],
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
  if (login === "" || login.length > LOGIN_CHARS_MAX)
    return gatePage(visit, deps, "Give the userName or the e-mail address of the account.");
  if (note === "" || note.length > NOTE_CHARS_MAX)
    return gatePage(
      visit,
      deps,
      "Say why this account may always come in: who reads the audit wants to know.",
    );
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
      if (Number.isNaN(enforceAt.getTime())) return "Give the date and time at which the gate is to close.";
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
    <h2>Login gate</h2>
    <p class="lead">
      The product asks at every sign-in whether somebody may come in. An active user of the directory may; a
      deactivated one may not. The gate decides about everybody else.
    </p>
    ${wrong !== undefined && problem(wrong)}
    ${facts([
      ["State", stateOf(gate, now())],
      ["While it is off or open", gate.whenOff === "allow" ? "People are let in" : "People are turned away"],
      [
        "While Rollcall cannot be reached",
        gate.whenUnreachable === "allow" ? "People are let in" : "People are turned away",
      ],
    ])}
    ${mayAct && settingsForm(visit, tenant, gate)} ${exemptions(visit, tenant, { exempt, mayAct })}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · Login gate`, body, { status, section: "overview" });
}

export function stateOf({ enforcement, enforceAt }: LoginGate, now: Date): Html {
  if (enforcement === "enforced" || (enforceAt !== null && enforceAt <= now))
    return html`${badge("good", "Closed")} Who is not provisioned is turned away.`;
  if (enforceAt !== null)
    return html`${badge("warn", "Held open")} It closes by itself on ${time(enforceAt)}.`;
  if (enforcement === "held") return html`${badge("warn", "Held open")} It closes when it is told to.`;
  return html`${badge("idle", "Automatic")} It closes once the identity provider has provisioned somebody.`;
}

function settingsForm(visit: MemberVisit, { slug }: Tenant, gate: LoginGate): Html {
  const { enforcement, enforceAt, whenOff, whenUnreachable } = gate;
  return html`<form class="card stack medium" method="post" action="/tenants/${slug}${PATH}">
    ${csrfField(visit)}
    ${choices({
      ...{ name: "enforcement", label: "The gate closes" },
      chosen: enforceAt === null ? enforcement : "at",
      hint: "Holding it open takes a closing back: nobody is turned away for not being provisioned.",
      options: [
        ["automatic", "Once the identity provider has provisioned somebody"],
        ["held", "Not before it is told to"],
        ["at", "At the time below"],
        ["enforced", "Now"],
      ],
    })}
    ${field({
      ...{ name: "enforceAt", label: "Time (UTC)", type: "datetime-local" },
      value: enforceAt?.toISOString().slice(0, 16) ?? "",
    })}
    ${choices({
      ...{ name: "whenOff", label: "While it is off or open", chosen: whenOff, options: CHOICES },
      hint: "Open is safe to begin with: the product then decides as it did before.",
    })}
    ${choices({
      ...{ name: "whenUnreachable", label: "While Rollcall cannot be reached" },
      ...{ chosen: whenUnreachable, options: CHOICES },
      hint: "What the product's client does: to let people in fails open, to turn them away fails closed.",
    })}
    <div class="actions"><button type="submit">Save</button></div>
  </form>`;
}

function exemptions(
  visit: MemberVisit,
  { slug }: Tenant,
  { exempt, mayAct }: { readonly exempt: readonly LoginExemption[]; readonly mayAct: boolean },
): Html {
  const columns = ["Account", "Why", "Since", ...(mayAct ? ["Action"] : [])].map((label) => ({ label }));
  const rows = exempt.map(({ login, note, createdAt }) => [
    html`<code>${login}</code>`,
    note,
    date(createdAt),
    mayAct &&
      postButton(visit, `/tenants/${slug}${PATH}/unexempt`, "Remove", {
        ...{ fields: { login }, kind: "danger", describes: login },
      }),
  ]);
  return html`<section>
    <h2>Accounts that may always come in</h2>
    ${
      exempt.length === 0
        ? emptyState(
            "None",
            "Keep one account of your own here: it comes in when the directory is wrong or gone.",
          )
        : table("Accounts that may always come in", columns, rows)
    }
    ${
      mayAct &&
      html`<form class="card stack medium" method="post" action="/tenants/${slug}${PATH}/exempt">
        ${csrfField(visit)}
        ${field({
          ...{ name: "login", label: "userName or e-mail address", charsMax: LOGIN_CHARS_MAX },
          isRequired: true,
        })}
        ${field({ name: "note", label: "Why", charsMax: NOTE_CHARS_MAX, isRequired: true })}
        <div class="actions"><button type="submit">Always let in</button></div>
      </form>`
    }
  </section>`;
}
