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
import { mayReadValues } from "../mask.ts";
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
import { texts } from "../texts/texts.ts";
import { RECONCILIATIONS, reportPath } from "./reconciliations.ts";
import { NO_TENANT } from "./tenant.ts";

const { common, reconciliation: words } = texts;

const SHOWN = 100;

const TONES: Readonly<Record<Finding, Tone>> = {
  activeOnlyInProduct: "bad",
  activeOnlyInDirectory: "warn",
  onlyInProduct: "bad",
  onlyInDirectory: "warn",
  ambiguous: "warn",
  duplicate: "warn",
  incomplete: "warn",
};

export async function showReconciliation(visit: MemberVisit, deps: Console): Promise<Answer> {
  return reportPage(visit, deps);
}

export async function downloadReconciliation(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const found = await reportIn(visit, { database });
  if (found === undefined) return notFound(words.noReport);
  const { tenant, report } = found;
  const finding = findingIn(visit);
  const findings = finding === undefined ? [] : [finding];
  const name = `${tenant.slug}-${finding ?? "differences"}.csv`;
  return file(name, "text/csv", differencesCsv(database, { tenantId: tenant.id, id: report.id, findings }));
}

export async function submitReportDelete(visit: MemberVisit, deps: Console): Promise<Answer> {
  const found = await reportIn(visit, deps);
  if (found === undefined) return notFound(words.noReport);
  const { tenant, report } = found;
  if (!isUnderstood(visit)) return reportPage(visit, deps, words.removalUnconfirmed);
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
  if (found === undefined) return notFound(visit.params["slug"] === undefined ? NO_TENANT : words.noReport);
  const { tenant, report } = found;
  const finding = findingIn(visit);
  const after = Number(/^\d{1,9}$/.exec(visit.query.get("after") ?? "")?.[0] ?? 0);
  const findings = finding === undefined ? [] : [finding];
  const query = { tenantId: tenant.id, id: report.id, findings, after, limit: SHOWN + 1 };
  const differences = await listDifferences(deps.database, query);
  const mayAct = mayActAs(visit.session.role, "admin");
  const showsValues = mayReadValues(visit.session.role);
  const body = html`${crumbs([
      [common.overview, "/"],
      [`${tenant.name} · ${words.title}`, `/tenants/${tenant.slug}${RECONCILIATIONS}`],
    ])}
    <h1>${words.titleOf(tenant.name)}</h1>
    <p>${words.begunBy(time(report.startedAt), report.actor)}</p>
    ${wrong !== undefined && problem(wrong)}
    ${
      report.counts === null
        ? emptyState(words.listOpen, words.listOpenHint)
        : html`${tiles(tenant, report.id, report.counts)}
          ${differencesSection(tenant, report.id, { differences, finding, showsValues })}`
    }
    ${mayAct && removal(visit, reportPath(tenant.slug, report.id))}`;
  const status = wrong === undefined ? 200 : 422;
  return page(`${tenant.name} · ${words.title}`, body, { status, section: "overview" });
}

function tiles({ slug }: Tenant, id: string, counts: ReconciliationCounts): Html {
  const path = reportPath(slug, id);
  const plain = (people: number, what: Html | string, tone = ""): Html =>
    html`<li><span class="figure ${tone}">${count(people)}</span> <span>${what}</span></li>`;
  return html`<ul class="tiles" aria-label="${words.summary}">
    ${plain(counts.accessToRemove, words.haveAccessToRemove, counts.accessToRemove > 0 ? "warn" : "")}
    ${plain(counts.accessToGive, words.haveAccessToGive, counts.accessToGive > 0 ? "warn" : "")}
    ${plain(counts.agreeing, words.agreeOf(path, counts.listed))}
    ${FINDINGS.filter((finding) => counts[finding] > 0).map((finding) => {
      const label = words.inLine(words.findings[finding].label);
      const link = html`<a href="${path}?finding=${finding}">${label}</a>`;
      return plain(counts[finding], link, "warn");
    })}
  </ul>`;
}

interface Listed {
  /** One more than is shown, where there are more. */
  readonly differences: readonly Difference[];
  readonly finding: Finding | undefined;
  /** Whether the reader's role may see people's values, here and as a file. */
  readonly showsValues: boolean;
}

function differencesSection(
  { slug }: Tenant,
  id: string,
  { differences, finding, showsValues }: Listed,
): Html {
  const path = reportPath(slug, id);
  const shown = differences.slice(0, SHOWN).map((each) => (showsValues ? each : withoutValues(each)));
  const query = finding === undefined ? "" : `finding=${finding}`;
  const next = differences.length > SHOWN ? shown.at(-1)?.position : undefined;
  const columns = words.columns.map((label) => ({ label }));
  const rows = shown.map((difference) => rowOf(slug, difference));
  const { label, means } =
    finding === undefined ? { label: words.whoDiffers, means: "" } : words.findings[finding];
  return html`<section>
    <h2>${label}</h2>
    ${finding !== undefined && html`<p>${means} <a href="${path}">${words.showEverybody}</a></p>`}
    ${rows.length === 0 ? emptyState(words.nobody, words.nobodyHint) : table(words.whoDiffers, columns, rows)}
    <p class="actions">
      ${next !== undefined && html`<a class="button quiet" href="${path}?after=${next}&${query}">${words.next}</a>`}
      ${showsValues && html`<a href="${path}/differences.csv?${query}">${words.download}</a>`}
    </p>
  </section>`;
}

function rowOf(slug: string, { finding, id, userId, userName, displayName, email, ...is }: Difference) {
  return [
    badge(TONES[finding], words.findings[finding].label),
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
  if (isActive === null) return words.nobody;
  return isActive ? words.active : words.inactive;
}

function removal(visit: MemberVisit, path: string): Html {
  return html`<section>
    <h2>${words.removal}</h2>
    <form class="card stack medium" method="post" action="${path}/delete">
      ${csrfField(visit)} ${understood(words.removalUnderstood)}
      <div class="actions"><button class="danger" type="submit">${common.remove}</button></div>
    </form>
  </section>`;
}
