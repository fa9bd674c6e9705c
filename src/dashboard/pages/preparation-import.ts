/** Importing people from before from a file: its headings are mapped, its rows stored, and how far that is is shown. */
import { FileError } from "../../platform/csv.ts";
import { type ExistingUser, summarizeExistingUsers } from "../../store/existing-users.ts";
import { type Field, FIELDS, readExistingUsers } from "../../store/existing-users-file.ts";
import { importExistingUsers } from "../../store/import-existing-users.ts";
import { findTenant, type Tenant } from "../../store/tenants.ts";
import { type Html, html } from "../html.ts";
import { type Answer, type Console, type MemberVisit, notFound, page } from "../page.ts";
import { crumbs, notice, problem } from "../parts.ts";
import { texts } from "../texts/texts.ts";
import { bars, fileForm, headingsIn } from "./file-import.ts";
import { NO_TENANT } from "./tenant.ts";

const { common, preparation: words } = texts;

export const PREPARATION_PATH = "/preparation";
export const IMPORT_PATH = `/tenants/:slug${PREPARATION_PATH}/import`;

export const LABELS: Readonly<Record<Field, string>> = words.fields;

/** Stores all or nobody. */
export async function submitImport(visit: MemberVisit, deps: Console): Promise<Answer> {
  const tenant = await findTenant(deps.database, visit.params["slug"] ?? "");
  if (tenant === undefined) return notFound(NO_TENANT);
  const users = usersIn(visit.form);
  if (typeof users === "string") return againForm(visit, tenant, users);
  const request = { tenantId: tenant.id, users, actor: visit.session.login };
  return {
    kind: "stream",
    title: words.importOf(tenant.name),
    section: "overview",
    parts: importing(tenant, request, deps),
  };
}

/** @returns what is wrong with the file, in words */
function usersIn(form: URLSearchParams): readonly ExistingUser[] | string {
  const text = form.get("file") ?? "";
  if (text === "") return words.noFile;
  try {
    const users = readExistingUsers(text, headingsIn(form, FIELDS));
    return users.length === 0 ? words.emptyFile : users;
  } catch (error) {
    if (error instanceof FileError) return words.wrongFile(error.message);
    throw error;
  }
}

async function* importing(
  { name, slug }: Tenant,
  request: { readonly tenantId: string; readonly users: readonly ExistingUser[]; readonly actor: string },
  { database }: Console,
): AsyncGenerator<Html> {
  const path = `/tenants/${slug}${PREPARATION_PATH}`;
  yield html`${crumbsOf({ name, slug })}
    <h1>${words.importOf(name)}</h1>`;
  const result = yield* bars(request.users.length, async (onProgress) => ({
    isHeld: await importExistingUsers(database, { ...request, onProgress }),
  }));
  if (result === undefined) {
    yield problem(words.importFailed);
    return;
  }
  const summary = await summarizeExistingUsers(database, request.tenantId);
  yield html`${notice(words.imported(request.users.length))}
    ${result.isHeld && html`<p>${words.gateHeld}</p>`}
    <p>${words.importMatched(summary.matched, summary.total)}</p>
    <p><a class="button" href="${path}">${words.openPreview}</a></p>`;
}

export function importForm(visit: MemberVisit, { slug }: Pick<Tenant, "slug">): Html {
  return fileForm(visit, {
    action: `/tenants/${slug}${PREPARATION_PATH}/import`,
    hint: words.importHint,
    submit: words.importing,
    labels: LABELS,
  });
}

function againForm(visit: MemberVisit, tenant: Tenant, wrong: string): Answer {
  const body = html`${crumbsOf(tenant)}
    <div class="medium">
      <h1>${words.importOf(tenant.name)}</h1>
      ${problem(wrong)} ${importForm(visit, tenant)}
    </div>`;
  return page(words.importOf(tenant.name), body, { status: 422, section: "overview" });
}

function crumbsOf({ name, slug }: Pick<Tenant, "name" | "slug">): Html {
  return crumbs([
    [common.overview, "/"],
    [`${name} · ${words.title}`, `/tenants/${slug}${PREPARATION_PATH}`],
  ]);
}
