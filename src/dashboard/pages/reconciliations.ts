/** Reconciliation: the product's own list held against the directory. The reports there are, and a file that makes one. */
import { FileError } from "../../platform/csv.ts";
import {
  countProductList,
  LIST_FIELDS,
  type ListField,
  readProductList,
} from "../../store/reconciliation-file.ts";
import { listReconciliations } from "../../store/reconciliation-reports.ts";
import type { ListedPerson, Reconciliation } from "../../store/reconciliations.ts";
import { reconcile } from "../../store/reconcile.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { count, time } from "../format.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, mayActAs, type MemberVisit, notFound, page } from "../page.ts";
import { badge, crumbs, emptyState, notice, problem, table } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { bars, fileForm, headingsIn } from "./file-import.ts";
import { LABELS } from "./preparation-import.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

const { common, preparation: fileWords, reconciliation: words } = texts;

export const RECONCILIATIONS = "/reconciliations";
export const LIST_UPLOAD_PATH = `/tenants/:slug${RECONCILIATIONS}/run`;
const SHOWN = 50;

const LIST_LABELS: Readonly<Record<ListField, string>> = {
  ...LABELS,
  ...words.fields,
};

export function reportPath(slug: string, id: string): string {
  return `/tenants/${slug}${RECONCILIATIONS}/${id}`;
}

export async function showReconciliations(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const reports = await listReconciliations(database, tenant.id, SHOWN);
  const body = html`${tenantHead(visit, tenant, RECONCILIATIONS)}
    <h2>${words.title}</h2>
    <p class="lead">${words.lead}</p>
    ${reportsSection(tenant, reports)}
    ${
      mayActAs(visit.session.role, "admin") &&
      html`<section>
        <h2>${words.compareList}</h2>
        ${listForm(visit, tenant)}
      </section>`
    }`;
  return page(`${tenant.name} · ${words.title}`, body, { section: "overview" });
}

function reportsSection({ slug }: Tenant, reports: readonly Reconciliation[]): Html {
  if (reports.length === 0) return emptyState(words.noReportYet, words.noReportYetHint);
  const columns = [
    ...words.columnsOfReports.map((label) => ({ label })),
    ...words.figuresOfReports.map((label) => ({ label, isNumber: true })),
  ];
  const rows = reports.map(({ id, actor, startedAt, counts }) => {
    const begun = html`<a href="${reportPath(slug, id)}">${time(startedAt)}</a>`;
    if (counts === null) return [begun, actor, badge("idle", words.open), "", "", ""];
    const figures = [counts.listed, counts.agreeing, counts.accessToRemove, counts.accessToGive];
    return [begun, actor, ...figures.map(count)];
  });
  return html`<section>
    <h2>${words.reports}</h2>
    ${table(words.reports, columns, rows)}
    <p class="hint">${words.kept}</p>
  </section>`;
}

function listForm(visit: MemberVisit, { slug }: Pick<Tenant, "slug">): Html {
  return fileForm(visit, {
    action: `/tenants/${slug}${RECONCILIATIONS}/run`,
    hint: words.listHint,
    submit: words.compare,
    labels: LIST_LABELS,
  });
}

/** Stores the whole list and compares it, or nothing. */
export async function submitList(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const list = listIn(visit.form);
  if (typeof list === "string") return againForm(visit, tenant, list);
  const title = words.titleOf(tenant.name);
  const parts = comparing(tenant, { ...list, actor: visit.session.login }, deps);
  return { kind: "stream", title, section: "overview", parts };
}

interface List {
  readonly total: number;
  readonly people: () => Iterable<ListedPerson>;
}

/** Reads the file once, for what is wrong in it. @returns that, in words */
function listIn(form: URLSearchParams): List | string {
  const text = form.get("file") ?? "";
  if (text === "") return fileWords.noFile;
  const headings = headingsIn(form, LIST_FIELDS);
  try {
    const total = countProductList(text, headings);
    const people = (): Iterable<ListedPerson> => readProductList(text, headings);
    return total === 0 ? fileWords.emptyFile : { total, people };
  } catch (error) {
    if (error instanceof FileError) return words.wrongFile(error.message);
    throw error;
  }
}

async function* comparing(
  { id: tenantId, name, slug }: Tenant,
  { total, people, actor }: List & { readonly actor: string },
  { database }: Console,
): AsyncGenerator<Html> {
  yield html`${crumbsOf({ name, slug })}
    <h1>${words.titleOf(name)}</h1>`;
  const report = yield* bars(total, (onProgress) =>
    reconcile(database, { tenantId, people: people(), actor, onProgress }),
  );
  if (report === undefined) {
    yield problem(words.compareFailed);
    return;
  }
  const { listed, agreeing } = report.counts;
  yield html`${notice(words.compared(listed, agreeing))}
    <p><a class="button" href="${reportPath(slug, report.id)}">${words.openReport}</a></p>`;
}

function againForm(visit: MemberVisit, tenant: Tenant, wrong: string): Answer {
  const body = html`${crumbsOf(tenant)}
    <div class="medium">
      <h1>${words.titleOf(tenant.name)}</h1>
      ${problem(wrong)} ${listForm(visit, tenant)}
    </div>`;
  return page(words.titleOf(tenant.name), body, { status: 422, section: "overview" });
}

function crumbsOf({ name, slug }: Pick<Tenant, "name" | "slug">): Html {
  return crumbs([
    [common.overview, "/"],
    [`${name} · ${words.title}`, `/tenants/${slug}${RECONCILIATIONS}`],
  ]);
}
