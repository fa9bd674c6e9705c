/** One report of a reconciliation: its figures, who differs, the file, and its removal. */
import { auditReconciliation } from "../../store/reconcile.ts";
import {
  type Difference,
  differencesCsv,
  findReconciliation,
  listDifferences,
} from "../../store/reconciliation-reports.ts";
import {
  deleteReconciliation,
  type Finding,
  FINDINGS,
  type Reconciliation,
  type ReconciliationCounts,
} from "../../store/reconciliations.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { isUnderstood, understood } from "../forms.ts";
import { count, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import {
  type Answer,
  type Console,
  csrfField,
  file,
  isId,
  mayActAs,
  type MemberVisit,
  notFound,
  page,
  redirect,
} from "../page.ts";
import { badge, crumbs, emptyState, problem, resourcePath, table, type Tone } from "../parts.ts";
import { RECONCILIATIONS, reportPath } from "./reconciliations.ts";
import { NO_TENANT } from "./tenant.ts";

const SHOWN = 100;
const NO_REPORT = "There is no such report, or it is no longer kept";

/** What each finding is, and what to do about it. */
const WORDS: Readonly<Record<Finding, readonly [tone: Tone, label: string, means: string]>> = {
  activeOnlyInProduct: [
    "bad",
    "Active only in the product",
    "The directory has them deactivated. Take the access away.",
  ],
  activeOnlyInDirectory: [
    "warn",
    "Active only in the directory",
    "The product has them blocked. Let them in, or have them unassigned.",
  ],
  onlyInProduct: [
    "bad",
    "Only in the product",
    "The directory has nobody like this. Have them assigned, or remove the account.",
  ],
  onlyInDirectory: [
    "warn",
    "Only in the directory",
    "The product has no account. It may be made at the first sign-in; otherwise an event was missed.",
  ],
  ambiguous: [
    "warn",
    "Ambiguous",
    "Several users of the directory fit. Tell the product's account by externalId.",
  ],
  duplicate: [
    "warn",
    "Duplicate",
    "Several accounts of the product have this name or address, or are one user.",
  ],
  incomplete: ["warn", "Incomplete", "There is no userName, e-mail or externalId to match by."],
};

export async function showReconciliation(visit: MemberVisit, deps: Console): Promise<Answer> {
  return reportPage(visit, deps);
}

export async function downloadReconciliation(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const found = await reportIn(visit, { database });
  if (found === undefined) return notFound(NO_REPORT);
  const { tenant, report } = found;
  const finding = findingIn(visit);
  const findings = finding === undefined ? [] : [finding];
  const name = `${tenant.slug}-${finding ?? "differences"}.csv`;
  return file(name, "text/csv", differencesCsv(database, { tenantId: tenant.id, id: report.id, findings }));
}

export async function submitReportDelete(visit: MemberVisit, deps: Console): Promise<Answer> {
  const found = await reportIn(visit, deps);
  if (found === undefined) return notFound(NO_REPORT);
  const { tenant, report } = found;
  if (!isUnderstood(visit))
    return reportPage(visit, deps, "Tick the box to confirm that the report is to go.");
  await deps.database.transaction(async (tx) => {
    if (!(await deleteReconciliation(tx, report))) return;
    const entry = {
      tenantId: tenant.id,
      actor: visit.session.login,
      action: "reconciliation.deleted",
    } as const;
    await auditReconciliation(tx, entry, report.counts?.listed ?? 0);
  });
  return redirect(`/tenants/${tenant.slug}${RECONCILIATIONS}`);
}

async function reportIn(
  { params }: MemberVisit,
  { database }: Pick<Console, "database">,
): Promise<{ readonly tenant: Tenant; readonly report: Reconciliation } | undefined> {
  const tenant = await findTenant(database, params["slug"] ?? "");
  const id = params["id"] ?? "";
  if (tenant === undefined || !isId(id)) return undefined;
  const report = await findReconciliation(database, { tenantId: tenant.id, id });
  return report && { tenant, report };
}

function findingIn({ query }: MemberVisit): Finding | undefined {
  return FINDINGS.find((finding) => finding === query.get("finding"));
}

async function reportPage(visit: MemberVisit, deps: Console, wrong?: string): Promise<Answer> {
  const found = await reportIn(visit, deps);
  if (found === undefined) return notFound(visit.params["slug"] === undefined ? NO_TENANT : NO_REPORT);
  const { tenant, report } = found;
  const finding = findingIn(visit);
  const after = Number(/^\d{1,9}$/.exec(visit.query.get("after") ?? "")?.[0] ?? 0);
  const findings = finding === undefined ? [] : [finding];
  const query = { tenantId: tenant.id, id: report.id, findings, after, limit: SHOWN + 1 };
  const differences = await listDifferences(deps.database, query);
  const mayAct = mayActAs(visit.session.role, "admin");
  const body = html`${crumbs([
      ["Overview", "/"],
      [`${tenant.name} · Reconciliation`, `/tenants/${tenant.slug}${RECONCILIATIONS}`],
    ])}
    <h1>Reconciliation of ${tenant.name}</h1>
    <p>Begun ${time(report.startedAt)} by ${report.actor}</p>
    ${wrong !== undefined && problem(wrong)}
    ${
      report.counts === null
        ? emptyState(
            "The list is open",
            "The product has not ended it yet; a list left open is forgotten after a day.",
          )
        : html`${tiles(tenant, report.id, report.counts)}
          ${differencesSection(tenant, report.id, { differences, finding, mayAct })}`
    }
    ${mayAct && removal(visit, reportPath(tenant.slug, report.id))}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · Reconciliation`, body, { status, section: "overview" });
}

function tiles({ slug }: Tenant, id: string, counts: ReconciliationCounts): Html {
  const path = reportPath(slug, id);
  const plain = (people: number, what: Html | string, tone = ""): Html =>
    html`<li><span class="figure ${tone}">${count(people)}</span> <span>${what}</span></li>`;
  return html`<ul class="tiles" aria-label="Summary">
    ${plain(counts.accessToRemove, "have access to be removed", counts.accessToRemove > 0 ? "warn" : "")}
    ${plain(counts.accessToGive, "have access to be given", counts.accessToGive > 0 ? "warn" : "")}
    ${plain(counts.agreeing, html`of <a href="${path}">${count(counts.listed)}</a> agree`)}
    ${FINDINGS.filter((finding) => counts[finding] > 0).map((finding) => {
      const link = html`<a href="${path}?finding=${finding}">${WORDS[finding][1].toLowerCase()}</a>`;
      return plain(counts[finding], link, "warn");
    })}
  </ul>`;
}

interface Listed {
  /** One more than is shown, where there are more. */
  readonly differences: readonly Difference[];
  readonly finding: Finding | undefined;
  readonly mayAct: boolean;
}

function differencesSection({ slug }: Tenant, id: string, { differences, finding, mayAct }: Listed): Html {
  const path = reportPath(slug, id);
  const shown = differences.slice(0, SHOWN).map((each) => (mayAct ? each : withoutValues(each)));
  const query = finding === undefined ? "" : `finding=${finding}`;
  const next = differences.length > SHOWN ? shown.at(-1)?.position : undefined;
  const labels = ["Finding", "Product's id", "Name", "E-mail", "In the product", "In the directory"];
  return html`<section>
    <h2>${finding === undefined ? "Who differs" : WORDS[finding][1]}</h2>
    ${finding !== undefined && html`<p>${WORDS[finding][2]} <a href="${path}">Show everybody</a></p>`}
    ${
      shown.length === 0
        ? emptyState("Nobody", "The product and the directory agree.")
        : table(
            "Who differs",
            labels.map((label) => ({ label })),
            shown.map((difference) => rowOf(slug, difference)),
          )
    }
    <p class="actions">
      ${next !== undefined && html`<a class="button quiet" href="${path}?after=${next}&${query}">Next</a>`}
      ${mayAct && html`<a href="${path}/differences.csv?${query}">Download as CSV</a>`}
    </p>
  </section>`;
}

function rowOf(slug: string, { finding, id, userId, userName, displayName, email, ...is }: Difference) {
  const [tone, label] = WORDS[finding];
  return [
    badge(tone, label),
    id !== null && html`<code>${id}</code>`,
    html`<span class="wraps">${userName ?? displayName ?? ""}</span
      >${userName !== null && displayName !== null && html`<br />${displayName}`}`,
    email !== null && email !== userName && html`<span class="wraps">${email}</span>`,
    activity(is.activeInProduct),
    userId === null
      ? activity(is.activeInDirectory)
      : html`<a href="${resourcePath(slug, "User", userId)}">${activity(is.activeInDirectory)}</a>`,
  ];
}

/** For those who only look: people by their userName, as everywhere. */
function withoutValues(difference: Difference): Difference {
  return { ...difference, displayName: null, email: null };
}

function activity(isActive: boolean | null): string {
  if (isActive === null) return "Nobody";
  return isActive ? "Active" : "Inactive";
}

function removal(visit: MemberVisit, path: string): Html {
  return html`<section>
    <h2>Remove the report</h2>
    <form class="card stack medium" method="post" action="${path}/delete">
      ${csrfField(visit)} ${understood("I understand that the report and what it holds of people is gone")}
      <div class="actions"><button class="danger" type="submit">Remove</button></div>
    </form>
  </section>`;
}
