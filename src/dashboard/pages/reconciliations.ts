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
import { bars, fileForm, headingsIn } from "./file-import.ts";
import { LABELS } from "./preparation-import.ts";
import { NO_TENANT, tenantHead } from "./tenant.ts";

export const RECONCILIATIONS = "/reconciliations";
export const LIST_UPLOAD_PATH = `/tenants/:slug${RECONCILIATIONS}/run`;
const SHOWN = 50;

const LIST_LABELS: Readonly<Record<ListField, string>> = {
  ...LABELS,
  active: "Whether the person may log in",
  userId: "The id of Rollcall's user",
};

export function reportPath(slug: string, id: string): string {
  return `/tenants/${slug}${RECONCILIATIONS}/${id}`;
}

export async function showReconciliations(visit: MemberVisit, { database }: Console): Promise<Answer> {
  const tenant = await findTenant(database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const reports = await listReconciliations(database, tenant.id, SHOWN);
  const body = html`${tenantHead(visit, tenant, RECONCILIATIONS)}
    <h2>Reconciliation</h2>
    <p class="lead">
      Hold the product's own list of its people against the directory: who can still log in and should not,
      who should and cannot, and who cannot be told. Nothing is changed by it.
    </p>
    ${reportsSection(tenant, reports)}
    ${
      mayActAs(visit.session.role, "admin") &&
      html`<section>
        <h2>Compare a list</h2>
        ${listForm(visit, tenant)}
      </section>`
    }`;
  return page(`${tenant.name} · Reconciliation`, body, { section: "overview" });
}

function reportsSection({ slug }: Tenant, reports: readonly Reconciliation[]): Html {
  if (reports.length === 0)
    return emptyState(
      "No report yet",
      "Compare a file below, or let the product send its list by its API: POST /v1/reconciliations.",
    );
  const columns = [
    { label: "Begun" },
    { label: "By" },
    ...["People", "Agree", "Access to remove", "Access to give"].map((label) => ({ label, isNumber: true })),
  ];
  const rows = reports.map(({ id, actor, startedAt, counts }) => {
    const begun = html`<a href="${reportPath(slug, id)}">${time(startedAt)}</a>`;
    if (counts === null) return [begun, actor, badge("idle", "Open"), "", "", ""];
    const figures = [counts.listed, counts.agreeing, counts.accessToRemove, counts.accessToGive];
    return [begun, actor, ...figures.map(count)];
  });
  return html`<section>
    <h2>Reports</h2>
    ${table("Reports", columns, rows)}
    <p class="hint">Reports are kept as long as events are.</p>
  </section>`;
}

function listForm(visit: MemberVisit, { slug }: Pick<Tenant, "slug">): Html {
  return fileForm(visit, {
    action: `/tenants/${slug}${RECONCILIATIONS}/run`,
    hint: "Everybody whom the product knows; who has no word in the column of activity is active.",
    submit: "Compare",
    labels: LIST_LABELS,
  });
}

/** Stores the whole list and compares it, or nothing. */
export async function submitList(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const list = listIn(visit.form);
  if (typeof list === "string") return againForm(visit, tenant, list);
  const title = `Reconciliation of ${tenant.name}`;
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
  if (text === "") return "Choose a file; it is CSV in UTF-8, and its first row has the headings.";
  const headings = headingsIn(form, LIST_FIELDS);
  try {
    const total = countProductList(text, headings);
    const people = (): Iterable<ListedPerson> => readProductList(text, headings);
    return total === 0 ? "The file has headings and nobody below them." : { total, people };
  } catch (error) {
    if (error instanceof FileError) return `Nothing was compared: ${error.message}.`;
    throw error;
  }
}

async function* comparing(
  { id: tenantId, name, slug }: Tenant,
  { total, people, actor }: List & { readonly actor: string },
  { database }: Console,
): AsyncGenerator<Html> {
  yield html`${crumbsOf({ name, slug })}
    <h1>Reconciliation of ${name}</h1>`;
  const report = yield* bars(total, (onProgress) =>
    reconcile(database, { tenantId, people: people(), actor, onProgress }),
  );
  if (report === undefined) {
    yield problem("The comparison failed and kept nothing; the stores may be out of reach. Try again.");
    return;
  }
  const { listed, agreeing } = report.counts;
  yield html`${notice(`${count(listed)} people are compared; ${count(agreeing)} agree with the directory.`)}
    <p><a class="button" href="${reportPath(slug, report.id)}">Open the report</a></p>`;
}

function againForm(visit: MemberVisit, tenant: Tenant, wrong: string): Answer {
  const body = html`${crumbsOf(tenant)}
    <div class="medium">
      <h1>Reconciliation of ${tenant.name}</h1>
      ${problem(wrong)} ${listForm(visit, tenant)}
    </div>`;
  return page(`Reconciliation of ${tenant.name}`, body, { status: 422, section: "overview" });
}

function crumbsOf({ name, slug }: Pick<Tenant, "name" | "slug">): Html {
  return crumbs([
    ["Overview", "/"],
    [`${name} · Reconciliation`, `/tenants/${slug}${RECONCILIATIONS}`],
  ]);
}
